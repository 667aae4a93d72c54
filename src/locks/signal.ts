/**
 * Pending signals, as far as waits know them (kernel: signal_pending, TASK_INTERRUPTIBLE): an interruptible wait ends without what it
 * waited for. The signal stays pending until the task has dealt with it.
 */
import type { Task } from '../runtime/task.ts';

const pending = new WeakSet<Task>();
/** Interruptible waits of the live runtime, which somebody has to end. */
const waits = new WeakMap<Task, () => void>();

export const signalPending = (task: Task): boolean => pending.has(task);

/** The signal arrives: an interruptible wait ends, the next one does not begin. */
export function deliverSignal(task: Task): void {
  pending.add(task);
  waits.get(task)?.();
}

/** The task has seen it. */
export const clearSignal = (task: Task): void => void pending.delete(task);

/** `interrupt` runs when a signal comes before `doneWaiting`. */
export function waitInterruptibly(task: Task, interrupt: () => void): void {
  waits.set(task, interrupt);
}

export function doneWaiting(task: Task): void {
  waits.delete(task);
}
