/**
 * Who can go on now in a controlled run: tasks whose announced operation is enabled or that have an effect on its way, and, for the
 * clock, whatever is due next. The earliest armed timer is always among them, because how long code takes is not known.
 */
import { START } from './basic-ops.ts';
import type { ControlledTimer } from './controlled-timer.ts';
import type { Runnable } from './strategy.ts';
import type { Task } from './task.ts';

/** Fills `into` from the start and answers how many there are; what lies behind is of earlier calls. */
export function collectCandidates(live: readonly Task[], timers: readonly ControlledTimer[], into: Runnable[]): number {
  let n = 0;
  let earliest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < timers.length; i++) if (timers[i]!.due < earliest) earliest = timers[i]!.due;
  for (let i = 0; i < live.length; i++) {
    const task = live[i]!;
    if (task.firstEffect !== null || (task.op !== null && task.op.enabled(task))) into[n++] = task;
    else if (task.due < earliest) earliest = task.due;
  }
  if (earliest === Number.POSITIVE_INFINITY) return n;
  for (const timer of timers) if (timer.due === earliest) into[n++] = timer;
  for (const task of live) {
    if (task.due === earliest && task.firstEffect === null && task.op !== null && !task.op.enabled(task)) into[n++] = task;
  }
  return n;
}

/** Takes it off the list, whose order means nothing. */
export function removeTask(live: Task[], task: Task): void {
  const index = live.indexOf(task);
  live[index] = live.at(-1)!;
  live.pop();
}

/** Puts the first task that has not begun at the start of `into`; false when all have. */
export function firstStart(live: readonly Task[], into: Runnable[]): boolean {
  for (let i = 0; i < live.length; i++) {
    if (live[i]!.op !== START) continue;
    into[0] = live[i]!;
    return true;
  }
  return false;
}
