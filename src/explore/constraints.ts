/**
 * What must happen before what for a failure: the few orders of dependent steps without which it does not come about. Each pair of steps that
 * race is tried the other way round; what is left after those that others imply is the depth of the bug.
 */
import type { Finding } from '../locks/finding.ts';
import { races, type AccessKind } from '../runtime/access.ts';
import { nextAccess, nextObject, type StepRecorder } from '../runtime/footprint.ts';
import type { Runnable } from '../runtime/strategy.ts';
import { FollowIds } from './lenient-default.ts';
import type { Program } from './program.ts';
import { whatNext, type Announced, type RecordedStep } from './replay-recording.ts';
import { runRecorded, type RunSettings } from './replay-run.ts';
import { ReplayStrategy } from '../runtime/replay-strategy.ts';
import type { Failing } from './shrink.ts';
import { sameFailure } from './shrink-same.ts';

export interface ConstraintEnd {
  readonly task: string;
  readonly what: string;
}

/** The failure needs `before` to come first. */
export interface Constraint {
  readonly before: ConstraintEnd;
  readonly after: ConstraintEnd;
}

/** Reversals that are tried at most. */
const TRIALS = 200;

/** Of the failure, the fewest orders that imply all others; null when the schedule does not fail that way. */
export async function constraintsOf(program: Program, failing: Failing, settings: RunSettings): Promise<Constraint[] | null> {
  const { finding } = failing;
  // Two tasks that swap their parts fail the same way, but in another order.
  const wanted = (other: Finding): boolean => (finding.kind === 'deadlock' ? other.key === finding.key : sameFailure(other, finding));
  const recorder = new AccessRecorder();
  const strategy = new ReplayStrategy(failing.choices);
  const run = await runRecorded(program, { settings, wanted, strategy, detail: { validate: true, places: false, recorder } });
  if (run.finding === null) return null;
  const blocked = run.rt.tasks.filter((task) => finding.tasks.includes(task.name) && task.op?.enabled(task) === false);
  for (const task of blocked) recorder.announced(task);
  const necessary: Pair[] = [];
  for (const pair of racingPairs(recorder.events).slice(0, TRIALS)) {
    const steps = reversed(run.recording.steps, pair);
    const trial = await runRecorded(program, {
      settings,
      wanted,
      strategy: new FollowIds(steps, run.recording.before),
      detail: { validate: true, places: false },
    });
    const same =
      trial.finding !== null && blocked.every(({ id }) => courseOf(trial.recording.steps, id) === courseOf(run.recording.steps, id));
    if (!same && wasReversed(trial.recording.steps, pair)) necessary.push(pair);
  }
  return minimal(necessary).map(({ first, second }) => ({ before: endOf(first), after: endOf(second) }));
}

/** A step, or at the end of the schedule what a task waits for. */
interface Event extends Announced {
  /** Of the schedule; its length for what was not performed. */
  readonly at: number;
  /** Steps that the task had made before. */
  readonly nth: number;
  readonly touched: [object: object, access: AccessKind][];
}

interface Pair {
  readonly first: Event;
  readonly second: Event;
}

const endOf = ({ name, what }: Event): ConstraintEnd => ({ task: name, what });

class AccessRecorder implements StepRecorder {
  readonly events: Event[] = [];
  private readonly made = new Map<number, number>();
  private steps = 0;

  step(by: Runnable): void {
    this.add(by, this.steps++);
  }

  touch(object: object, access: AccessKind): void {
    this.events.at(-1)?.touched.push([object, access]);
  }

  chosen(): void {
    // Data choices are in no order.
  }

  /** After the run: what the task is about to do. */
  announced(by: Runnable): void {
    const object = nextObject(by);
    if (object !== null) this.add(by, this.steps).touched.push([object, nextAccess(by)]);
  }

  private add(by: Runnable, at: number): Event {
    const nth = this.made.get(by.id) ?? 0;
    this.made.set(by.id, nth + 1);
    const event: Event = { id: by.id, name: by.name, what: whatNext(by), at, nth, touched: [] };
    this.events.push(event);
    return event;
  }
}

/** For each event and each other task the last event of that task that could also have come after it. */
function racingPairs(events: readonly Event[]): Pair[] {
  const pairs: Pair[] = [];
  for (const [j, second] of events.entries()) {
    const seen = new Set([second.id]);
    for (let i = j - 1; i >= 0; i--) {
      const first = events[i]!;
      if (seen.has(first.id) || first.at === second.at || !race(first, second)) continue;
      seen.add(first.id);
      pairs.push({ first, second });
    }
  }
  return pairs;
}

const race = (a: Event, b: Event): boolean =>
  a.touched.some(([object, access]) => b.touched.some(([other, how]) => other === object && races(access, how)));

/** The schedule in which the task of the first step stops before it until the other task has made the second one. */
function reversed(steps: readonly RecordedStep[], { first, second }: Pair): Pick<RecordedStep, 'id' | 'values'>[] {
  const before = steps.slice(0, first.at);
  const between = steps.slice(first.at, second.at).filter(({ id }) => id !== first.id);
  const delayed = steps.slice(first.at, second.at).filter(({ id }) => id === first.id);
  const performed = steps[second.at] ?? { id: second.id, values: [] };
  return [...before, ...between, performed, ...delayed, ...steps.slice(second.at + 1)];
}

function wasReversed(steps: readonly RecordedStep[], { first, second }: Pair): boolean {
  const [i, j] = [positionOf(steps, first), positionOf(steps, second)];
  return j >= 0 && (i < 0 || j < i);
}

function positionOf(steps: readonly RecordedStep[], { id, nth, what }: Event): number {
  let made = 0;
  const at = steps.findIndex((step) => step.id === id && made++ === nth);
  return steps[at]?.what === what ? at : -1;
}

/**
 * What the task has done, as text: one that gets stuck the same way in a later turn of its loop is stuck for another reason. How often it had
 * to begin a step anew does not count.
 */
function courseOf(steps: readonly RecordedStep[], id: number): string {
  const own = steps.filter((step) => step.id === id).map(({ what }) => what);
  return own.filter((what, i) => what !== own[i - 1]).join('\n');
}

/** Without those that follow from others and from the order of each task's own steps. */
function minimal(pairs: readonly Pair[]): Pair[] {
  let left = [...pairs];
  for (const pair of pairs) {
    const others = left.filter((other) => other !== pair);
    if (implied(pair, others)) left = others;
  }
  return left;
}

function implied({ first, second }: Pair, by: readonly Pair[]): boolean {
  const reached = [first];
  for (const event of reached) {
    for (const { first: from, second: to } of by) {
      if (from.id !== event.id || from.nth < event.nth || reached.includes(to)) continue;
      if (to.id === second.id && to.nth <= second.nth) return true;
      reached.push(to);
    }
  }
  return false;
}
