/**
 * Unfair rw lock (kernel: queued rwlock in interrupt context, percpu_rw_semaphore by intent): only a writer inside stops a reader, never one that
 * waits, so a task may read again what it reads already. Writers starve as long as readers keep coming.
 */
import type { Task } from '../runtime/task.ts';
import { EXCLUSIVE, RECURSIVE, type LockMode } from './modes.ts';
import { SharedLock } from './shared-lock.ts';

export class ReaderPreferringLock extends SharedLock {
  protected readonly readMode = RECURSIVE;

  get opName(): string {
    return 'rwlock';
  }

  enabled(task: Task): boolean {
    return this.mayEnter(task.mode) || this.over(task);
  }

  perform(task: Task): unknown {
    if (!this.mayEnter(task.mode)) return this.gaveUp(task);
    this.own(task, task.mode);
    return this.through(task);
  }

  blockers(task: Task, visit: (holder: Task) => boolean): boolean {
    if (this.writer !== null && visit(this.writer)) return true;
    if ((task.mode & 3) === EXCLUSIVE) for (const reader of this.readers) if (visit(reader)) return true;
    return false;
  }

  protected afterFree(): void {
    if (!this.ctx.rt.controlled) this.grant();
  }

  /** All readers that wait, wherever they stand; the first writer only when there is none. */
  protected grant(): void {
    if (this.writer !== null) return;
    let writer = null;
    for (let waiter = this.queue.first; waiter !== null;) {
      const next = waiter.next;
      if ((waiter.mode & 3) !== EXCLUSIVE) {
        this.own(waiter.task, waiter.mode);
        this.admit(waiter);
      } else writer ??= waiter;
      waiter = next;
    }
    if (writer === null || this.readers.length > 0) return;
    this.own(writer.task, writer.mode);
    this.admit(writer);
  }

  protected mayEnter(mode: LockMode): boolean {
    return this.writer === null && ((mode & 3) !== EXCLUSIVE || this.readers.length === 0);
  }
}
