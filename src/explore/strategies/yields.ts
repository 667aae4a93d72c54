/**
 * Who only waits for something to change: a task that sleeps, or that asks the same question again (kernel: cond_resched in a poll loop,
 * cpu_relax). A strategy that does not know would let it ask for ever.
 */
import { Access } from '../../runtime/access.ts';
import { nextAccess, nextObject } from '../../runtime/footprint.ts';
import type { Runnable } from '../../runtime/strategy.ts';
import { Task } from '../../runtime/task.ts';
import { Lock } from '../../locks/lock.ts';
import { isTry } from '../../locks/modes.ts';

/** It can go on only because time may pass. */
export function waitsForTime(candidate: Runnable): boolean {
  if (!(candidate instanceof Task)) return true;
  return candidate.due !== Number.POSITIVE_INFINITY && candidate.firstEffect === null && candidate.op?.enabled(candidate) === false;
}

/** Would what it has announced change nothing if the answer were the same as before? */
function asks(task: Task): boolean {
  return task.op instanceof Lock ? isTry(task.mode) : nextAccess(task) === Access.READ;
}

/** Must be told of every step of a run: which question is new for a task is seen by comparing with the one before. */
export class YieldWatch {
  /** What a task has asked last, by its id; null when it has done something else since. */
  private asked: (object | null)[] = [];
  private last: Task | null = null;

  begin(): void {
    this.asked = [];
    this.last = null;
  }

  /** Who makes the next step. */
  chosen(who: Runnable): void {
    this.last = who instanceof Task ? who : null;
  }

  /** Asked once between two steps: the task that made the last one, if it yields with what it has announced now. */
  yielded(): Task | null {
    const task = this.last;
    // What is on its way is a change that others will see: the task is not idle yet.
    if (task === null || task.ended || task.firstEffect !== null) return null;
    const sleeps = waitsForTime(task) || task.op?.opName === 'sleep';
    const object = !sleeps && task.op?.enabled(task) === true && asks(task) ? nextObject(task) : null;
    const again = object !== null && this.asked[task.id] === object;
    this.asked[task.id] = object;
    return sleeps || again ? task : null;
  }
}
