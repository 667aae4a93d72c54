/**
 * The rows of a schedule's text: one for each stretch of one task, with what it does and what it holds when another one goes on.
 */
import type { FailingSchedule } from '../explore/result.ts';
import type { TimelineStep } from '../explore/timeline.ts';

export interface ScheduleRow {
  readonly id: number;
  readonly task: string;
  /** Of the steps, counted from 1. */
  readonly from: number;
  readonly to: number;
  readonly steps: readonly string[];
  /** What is said below the steps: locks held, what it waits for. */
  readonly notes: readonly string[];
}

/** Kinds of which the last access of each task to the object in question is pointed out. */
const PAIRS = new Set(['data-race', 'stale-write', 'use-after-free']);
const MARK = '  <==';

export function rowsOf({ timeline, finding }: Pick<FailingSchedule, 'timeline' | 'finding'>): ScheduleRow[] {
  const short = shortener(JSON.stringify([timeline, finding]));
  const marked = PAIRS.has(finding.kind) ? racingSteps(timeline, finding.title, finding.tasks) : new Set<number>();
  const rows: ScheduleRow[] = [];
  for (let at = 0; at < timeline.length;) {
    const first = timeline[at]!;
    let end = at + 1;
    while (timeline[end]?.id === first.id) end++;
    const part = timeline.slice(at, end);
    const { after } = part.at(-1)!;
    const steps = condensed(part.map((step, i) => (marked.has(at + i) ? `${short(ownText(step))}${MARK}` : short(ownText(step)))));
    rows.push({
      id: first.id,
      task: first.task,
      from: at + 1,
      to: end,
      steps,
      notes: after.length === 0 ? [] : [short(`[holds ${after.join(', ')}]`)],
    });
    at = end;
  }
  for (const { task, waitsFor, behind } of finding.blocked ?? []) {
    const id = timeline.find((step) => step.task === task)?.id;
    if (id === undefined || waitsFor === 'nothing') continue;
    const whom = behind.length === 0 ? '' : ` behind ${behind.join(', ')}`;
    rows.push({ id, task, from: 0, to: 0, steps: [], notes: [short(`waits for ${waitsFor}${whom}`)] });
  }
  return rows;
}

const UUID = /\b([\da-f]{8})-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b/g;

/** Columns have no room for UUIDs: their first digits do, where these are enough to tell them apart. The report has all of them. */
function shortener(everything: string): (text: string) => string {
  const all = new Set([...everything.matchAll(UUID)].map(([uuid]) => uuid));
  const unique = new Set([...all].map((uuid) => uuid.slice(0, 8))).size === all.size;
  return (text) => (unique ? text.replaceAll(UUID, '$1~') : text);
}

/** `start t1`, said of t1 itself. */
const ownText = ({ task, what }: TimelineStep): string => (what.endsWith(` ${task}`) ? what.slice(0, -task.length - 1) : what);

/** Repetitions of one step, or of a few in the same order, are written once. */
function condensed(steps: readonly string[]): string[] {
  const out: string[] = [];
  for (let at = 0; at < steps.length;) {
    const [length, times] = repetition(steps, at);
    const turn = steps.slice(at, at + length);
    if (times < 2) out.push(...turn);
    else out.push(length === 1 ? `${turn[0]!} (${times} times)` : `${times} times: ${turn.join(', ')}`);
    at += length * times;
  }
  return out;
}

/** The repetition at a place that saves most: length of one turn, and how often it comes. */
function repetition(steps: readonly string[], at: number): [length: number, times: number] {
  let best: [number, number] = [1, 1];
  for (let length = 1; length <= 8 && at + 2 * length <= steps.length; length++) {
    let end = at + length;
    while (end < steps.length && steps[end] === steps[end - length]) end++;
    const times = Math.floor((end - at) / length);
    if ((times - 1) * length > (best[1] - 1) * best[0]) best = [length, times];
  }
  return best;
}

/** Of each task of the finding, the last step that touches the object that its title names. */
function racingSteps(timeline: readonly TimelineStep[], title: string, tasks: readonly string[]): Set<number> {
  const about = longest(timeline.flatMap(({ touched }) => touched).filter((name) => title.includes(name) && !tasks.includes(name)));
  const marked = new Set<number>();
  for (const task of tasks) {
    const at = timeline.findLastIndex((step) => step.task === task && about !== null && step.touched.includes(about));
    if (at >= 0) marked.add(at);
  }
  return marked;
}

const longest = (names: readonly string[]): string | null => names.toSorted((a, b) => b.length - a.length)[0] ?? null;

/** Few enough to show them all. */
const ALL_UP_TO = 3;

/** Ids of the tasks that get a column, in the order of their first step: those that are `named`, and those that come more than once. */
export function tasksThatMatter(rows: readonly ScheduleRow[], named: ReadonlySet<string>): Map<number, string> {
  const times = new Map<number, number>();
  for (const { id, from } of rows) if (from > 0 && id >= 0) times.set(id, (times.get(id) ?? 0) + 1);
  const matter = rows.filter(({ id, task }) => id >= 0 && (times.size <= ALL_UP_TO || named.has(task) || times.get(id)! > 1));
  return new Map((matter.length === 0 ? rows : matter).map(({ id, task }) => [id, task]));
}
