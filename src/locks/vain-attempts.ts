/**
 * Attempts that came to nothing: a trylock that failed, a sleeper that was woken too early. Counted for each task and thing until the task
 * gets it, with the tasks that were in the way. No kernel counterpart: khungtaskd takes every wake-up for progress.
 */
import type { Blocker, Task } from '../runtime/task.ts';

/** What can be wanted: a lock, or what a wait queue stands for. */
export type Wanted = Blocker & { users?(): { readonly holders: readonly Task[] } };

export class VainSeries {
  readonly what: Wanted;
  /** Of the first attempt. */
  readonly since: number;
  last: number;
  count = 0;
  /** Who was in the way at the last attempts, newest last. */
  readonly blamed = new Set<Task>();

  constructor(what: Wanted, since: number) {
    this.what = what;
    this.since = since;
    this.last = since;
  }
}

/** Things that one task may want at a time before the oldest is forgotten. */
const SERIES_MAX = 16;
const BLAMED_MAX = 8;

/** The series of a task, or null: kept on the task, so that getting a lock costs one look. */
export const seriesOf = (task: Task): Map<object, VainSeries> | null => task.wants as Map<object, VainSeries> | null;

/** Counts one attempt; `since` is when the task began to want it, for the first of a series. */
export function countAttempt(task: Task, what: Wanted, times: { since: number; now: number }): VainSeries {
  let all = seriesOf(task);
  if (all === null) task.wants = all = new Map();
  let series = all.get(what);
  if (series === undefined) {
    if (all.size === SERIES_MAX) all.delete(all.keys().next().value!);
    all.set(what, (series = new VainSeries(what, times.since)));
  }
  series.count++;
  series.last = times.now;
  for (const holder of holdersOf(what, task)) blame(series, holder);
  return series;
}

/** The task has got it: what was in vain is over. */
export function endSeries(task: Task, what: object): void {
  const all = seriesOf(task);
  if (all === null || !all.delete(what) || all.size > 0) return;
  task.wants = null;
}

function blame(series: VainSeries, holder: Task): void {
  const { blamed } = series;
  blamed.delete(holder);
  blamed.add(holder);
  if (blamed.size > BLAMED_MAX) blamed.delete(blamed.values().next().value!);
}

/** Who has it now. A lock is asked for its holders: whom a waiter waits for depends on how it waits, and a trylock does not wait. */
function holdersOf(what: Wanted, task: Task): Task[] {
  if (what.users !== undefined) return what.users().holders.filter((holder) => holder !== task);
  const holders: Task[] = [];
  what.blockers(task, (holder) => {
    if (holder !== task) holders.push(holder);
    return false;
  });
  return holders;
}
