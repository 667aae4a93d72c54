/**
 * Guards that are no single lock, for the fields of designs that keep tasks apart by more than one means.
 */
import type { FieldGuard } from '../../locks/guarded-field.ts';
import type { Task } from '../../runtime/task.ts';

/**
 * Lets read: for who keeps writers away by other means than the lock that a writer needs, which the field names beside it: a flag that
 * writers look at, or a semaphore.
 */
export const readerGuard = (name: string, mayRead: (task: Task) => boolean): FieldGuard => ({
  name,
  heldBy: mayRead,
  heldExclusivelyBy: () => true,
});

/** Either is enough to write: who holds the outer one exclusively keeps away everybody who takes the inner one under it. */
export const eitherGuard = (outer: FieldGuard, inner: FieldGuard): FieldGuard => ({
  name: `${outer.name} exclusively, or ${inner.name}`,
  heldBy: (task) => outer.heldExclusivelyBy(task) || inner.heldBy(task),
  heldExclusivelyBy: (task) => outer.heldExclusivelyBy(task) || inner.heldExclusivelyBy(task),
});
