/**
 * The rest of the assertHeld family (kernel: lockdep_assert_held_write, _read, _once, _not_held, _none_held_once, in_irq): each reports
 * and goes on. `why` says what the lock is needed for.
 */
import type { Task } from '../runtime/task.ts';
import { findHeld, heldGuards, heldNames, type Guard } from './guard.ts';
import { irqStateOf, type Irq } from './irq-usage.ts';
import type { Lock } from './lock.ts';
import { reportMisuse, type MisuseHost } from './misuse.ts';
import { EXCLUSIVE } from './modes.ts';

const isWrite = (guard: Guard): boolean => (guard.mode & 3) === EXCLUSIVE;

export function assertHeldWrite(lock: Lock, task: Task, why: string): void {
  const guard = findHeld(task, lock);
  if (guard !== null && isWrite(guard)) return;
  const state = guard === null ? 'does not hold' : 'holds as a reader';
  lock.misuse(
    'assert-held-write',
    task,
    `${why} needs ${lock.name} for writing, which ${task.name} ${state}`,
    guard === null ? [] : [guard],
  );
}

export function assertHeldRead(lock: Lock, task: Task, why: string): void {
  const guard = findHeld(task, lock);
  if (guard !== null && !isWrite(guard)) return;
  const state = guard === null ? 'does not hold' : 'holds as a writer';
  lock.misuse(
    'assert-held-read',
    task,
    `${why} needs ${lock.name} for reading, which ${task.name} ${state}`,
    guard === null ? [] : [guard],
  );
}

/** Somebody holds it, whoever that is: for code that runs on behalf of the holder. */
export function assertHeldBySomebody(lock: Lock, task: Task, why: string): void {
  if (lock.users().holders.length === 0) lock.misuse('assert-held-once', task, `${why} needs ${lock.name}, which nobody holds`);
}

export function assertNotHeld(lock: Lock, task: Task, why: string): void {
  const guard = findHeld(task, lock);
  if (guard !== null) lock.misuse('assert-not-held', task, `${why} must not come with ${lock.name} held, which ${task.name} does`, [guard]);
}

/** No lock at all: on the way back to user space, or before a wait for it (kernel: lockdep_sys_exit). */
export function assertNoneHeld(host: MisuseHost, task: Task, why: string): void {
  const taken = [...heldGuards(task)];
  if (taken.length === 0) return;
  const title = `${why} with ${heldNames(task).join(', ')} held by ${task.name}`;
  reportMisuse(host, { rule: 'assert-none-held', about: why, title, tasks: [task], taken });
}

export function assertIrqs(host: MisuseHost, task: Task, expected: { irq: Irq; enabled: boolean; why: string }): void {
  const { irq, enabled, why } = expected;
  if (irqStateOf(task).enabled[irq] === enabled) return;
  const title = `${why} needs ${irq}s ${enabled ? 'on' : 'off'}, which ${task.name} has ${enabled ? 'off' : 'on'}`;
  reportMisuse(host, { rule: 'assert-context', about: why, title, tasks: [task] });
}
