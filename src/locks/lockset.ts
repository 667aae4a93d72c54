/**
 * The locks under which something was touched (Eraser), each with whether it shut everybody else out. What a task merely stands for in
 * a wait (lock maps) protects nothing and is left out.
 */
import type { Task } from '../runtime/task.ts';
import type { Guard } from './guard.ts';
import { Lock } from './lock.ts';
import { excludesAll } from './modes.ts';

export interface LockHold {
  readonly lock: Lock;
  readonly exclusive: boolean;
}

export function locksetOf(task: Task): LockHold[] {
  const held: LockHold[] = [];
  for (let guard = task.held as Guard | null; guard !== null; guard = guard.prev) {
    if (guard.lock instanceof Lock) held.push({ lock: guard.lock, exclusive: excludesAll(guard.mode) });
  }
  return held;
}

/** Is there a lock that keeps the two accesses apart? Two readers of one lock may be inside together. */
export function keptApart(a: readonly LockHold[], b: readonly LockHold[]): boolean {
  return a.some((mine) => b.some((theirs) => mine.lock === theirs.lock && (mine.exclusive || theirs.exclusive)));
}

export function locksetText(held: readonly LockHold[]): string {
  return held.length === 0 ? 'no lock' : held.map(({ lock, exclusive }) => `${lock.name}${exclusive ? '' : ' (read)'}`).join(', ');
}
