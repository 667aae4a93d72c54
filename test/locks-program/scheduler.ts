/**
 * An exhaustive scheduler: runs every section of a program in two tasks at once, through all interleavings, over locks with FIFO queues,
 * and says whether some schedule ends in a deadlock. Shares no code with the grades that it judges.
 */
import type { RawOp, RawProgram } from './notation.ts';

type Mode = 'W' | 'r' | 'R';

interface Take {
  readonly kind: 'take' | 'try' | 'touch';
  readonly lock: string;
  readonly mode: Mode;
}

type Step = Take | { readonly kind: 'release' | 'downgrade'; readonly lock: string };

interface TaskState {
  readonly section: number;
  readonly at: number;
  readonly held: readonly (readonly [string, Mode])[];
  readonly waiting: boolean;
}

interface State {
  readonly tasks: readonly TaskState[];
  /** Waiting tasks in the order in which they came, over all locks. */
  readonly queue: readonly number[];
}

const TAKES: Readonly<Record<string, readonly [Take['kind'], Mode]>> = {
  lock: ['take', 'W'],
  rlock: ['take', 'r'],
  rlockRecursive: ['take', 'R'],
  trylock: ['try', 'W'],
  tryrlock: ['try', 'r'],
  tryrlockRecursive: ['try', 'R'],
  syncWait: ['touch', 'W'],
  lockThenUnlock: ['touch', 'W'],
};

export class TooMany extends Error {}

/** Does some schedule deadlock? With `writers`, one task that takes a lock for write and releases it is added for every lock. */
export function deadlocks(program: RawProgram, options: { readonly writers: boolean; readonly limit: number }): boolean {
  const sections = sectionsOf(program);
  const locks = [...new Set(program.ops.flatMap(({ lock }) => (lock === undefined ? [] : [lock])))];
  const tasks = sections.flatMap((_, i) => [i, i]);
  if (options.writers) {
    for (const lock of locks) {
      tasks.push(sections.length);
      sections.push([
        { kind: 'take', lock, mode: 'W' },
        { kind: 'release', lock },
      ]);
    }
  }
  return new Search(sections, options.limit).from({
    tasks: tasks.map((section) => ({ section, at: 0, held: [], waiting: false })),
    queue: [],
  });
}

function sectionsOf({ ops }: RawProgram): Step[][] {
  const sections: Step[][] = [];
  const open = new Map<number, { steps: Step[]; held: number }>();
  for (const op of ops) {
    const own = open.get(op.task) ?? { steps: [], held: 0 };
    open.set(op.task, own);
    const step = stepOf(op);
    own.steps.push(step);
    if (step.kind === 'take' || step.kind === 'try') own.held++;
    if (step.kind === 'release') own.held--;
    if (own.held > 0) continue;
    sections.push(own.steps);
    open.delete(op.task);
  }
  if (open.size > 0) throw new Error('scheduler: expected every section to end');
  return sections;
}

function stepOf({ op, lock }: RawOp): Step {
  if (op === 'unlock') return { kind: 'release', lock: lock! };
  if (op === 'downgrade') return { kind: 'downgrade', lock: lock! };
  const [kind, mode] = TAKES[op]!;
  return { kind, lock: lock!, mode };
}

class Search {
  private readonly seen = new Set<string>();
  private readonly sections: readonly (readonly Step[])[];
  private readonly limit: number;

  constructor(sections: readonly (readonly Step[])[], limit: number) {
    this.sections = sections;
    this.limit = limit;
  }

  from(start: State): boolean {
    const todo = [start];
    for (let state = todo.pop(); state !== undefined; state = todo.pop()) {
      const key = keyOf(state);
      if (this.seen.has(key)) continue;
      if (this.seen.add(key).size > this.limit) throw new TooMany();
      if (this.stuck(state)) return true;
      for (const i of state.tasks.keys()) {
        const next = this.move(state, i);
        if (next !== null) todo.push(next);
      }
    }
    return false;
  }

  private stepAt({ section, at }: TaskState): Step | undefined {
    return this.sections[section]![at];
  }

  /** The task asks for its next lock: it gets it, or queues up, or gives up after a failed try. */
  private move(state: State, i: number): State | null {
    const task = state.tasks[i]!;
    const step = this.stepAt(task) as Take | undefined;
    if (step === undefined || task.waiting) return null;
    const free = this.blockers(state, i, state.queue).length === 0;
    if (free) return this.settle(replace(state, i, taken(task, step)), i);
    if (step.kind !== 'try') return { tasks: state.tasks.with(i, { ...task, waiting: true }), queue: [...state.queue, i] };
    return this.grant(replace(state, i, { ...task, at: Infinity, held: [] }));
  }

  /** Releases and downgrades follow at once: to put them off lets nobody do more, and nobody in a deadlock has one before it. */
  private settle(state: State, i: number): State {
    let task = state.tasks[i]!;
    let changed = false;
    for (let step = this.stepAt(task); step?.kind === 'release' || step?.kind === 'downgrade'; step = this.stepAt(task)) {
      task = dropped(task, step.kind, step.lock);
      changed = true;
    }
    return changed ? this.grant(replace(state, i, task)) : state;
  }

  /** Wakes, in the order of the queue, whoever can go on now. */
  private grant(state: State): State {
    for (const [place, i] of state.queue.entries()) {
      if (this.blockers(state, i, state.queue.slice(0, place)).length > 0) continue;
      const task = state.tasks[i]!;
      const woken = replace(state, i, { ...taken(task, this.stepAt(task) as Take), waiting: false });
      const next = this.settle({ ...woken, queue: state.queue.filter((other) => other !== i) }, i);
      return this.grant(next);
    }
    return state;
  }

  /** Tasks that the request of task i has to wait for. */
  private blockers(state: State, i: number, ahead: readonly number[]): number[] {
    const { lock, mode } = this.stepAt(state.tasks[i]!) as Take;
    const found: number[] = [];
    for (const [j, { held }] of state.tasks.entries()) {
      if (held.some(([name, how]) => name === lock && (mode === 'W' || how === 'W'))) found.push(j);
    }
    if (mode === 'R') return found;
    for (const j of ahead) {
      const other = this.stepAt(state.tasks[j]!) as Take;
      // Among readers nobody overtakes: only a writer in the queue makes a reader wait.
      if (j !== i && other.lock === lock && (mode === 'W' || other.mode === 'W')) found.push(j);
    }
    return found;
  }

  /** Do some tasks wait for each other in a ring? */
  private stuck(state: State): boolean {
    const waitsFor = new Map(state.queue.map((i, place) => [i, this.blockers(state, i, state.queue.slice(0, place))]));
    const reaches = (from: number, goal: number, seen: Set<number>): boolean =>
      (waitsFor.get(from) ?? []).some((to) => to === goal || (!seen.has(to) && reaches(to, goal, seen.add(to))));
    return state.queue.some((i) => reaches(i, i, new Set()));
  }
}

function taken(task: TaskState, { kind, lock, mode }: Take): TaskState {
  return { ...task, at: task.at + 1, held: kind === 'touch' ? task.held : [...task.held, [lock, mode]] };
}

function dropped(task: TaskState, kind: string, lock: string): TaskState {
  const index = task.held.findLastIndex(([name, mode]) => name === lock && (kind === 'release' || mode === 'W'));
  const held = kind === 'release' ? task.held.filter((_, i) => i !== index) : task.held.with(index, [lock, 'r']);
  return { ...task, at: task.at + 1, held };
}

const replace = (state: State, i: number, task: TaskState): State => ({ ...state, tasks: state.tasks.with(i, task) });

/** Tasks of one section are the same, so their order does not matter. */
function keyOf({ tasks, queue }: State): string {
  const parts = tasks.map(({ section, at }, i) => `${section}.${at}.${queue.indexOf(i)}`);
  return parts.toSorted().join(' ');
}
