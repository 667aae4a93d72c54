/**
 * Fair rw semaphore (kernel/locking/rwsem.c): readers share, a reader behind a queued writer waits, strict first come first served.
 * The kernel is fair only by and large: a newcomer may steal a semaphore that nobody holds although others wait, and one wake-up may let
 * in all queued readers, also those behind the next writer. Both are options; then it is for the runtime to choose, each time.
 */
import { Access, type AccessKind } from '../runtime/access.ts';
import type { Task } from '../runtime/task.ts';
import { AGAIN } from '../runtime/task.ts';
import type { LockClass } from './lock-class.ts';
import type { LockContext } from './lock-context.ts';
import { EXCLUSIVE, SHARED, type LockMode } from './modes.ts';
import { SharedLock } from './shared-lock.ts';
import { Waiter } from './waiter.ts';

export interface RwSemaphoreOptions {
  /** A newcomer may take a semaphore that has just become free before those who wait for it. Default false. */
  readonly stealing?: boolean;
  /** A wake-up of readers may let in all of them that wait, past writers (kernel: rwsem_mark_wake). Default false. */
  readonly batchedWake?: boolean;
}

/** Readers that one batched wake-up lets in at most (kernel: MAX_READERS_WAKEUP). */
const BATCH_MAX = 256;
const reads = (mode: LockMode): boolean => (mode & 3) !== EXCLUSIVE;

export class RwSemaphore extends SharedLock {
  protected readonly readMode = SHARED;
  private readonly stealing: boolean;
  private readonly batched: boolean;
  /** Controlled runtime with batches: queued tasks that own it by now and have not run yet. */
  private readonly admitted = new Set<Task>();

  constructor(ctx: LockContext, cls: LockClass, name: string, options: RwSemaphoreOptions = {}) {
    super(ctx, cls, name);
    this.stealing = options.stealing ?? false;
    this.batched = options.batchedWake ?? false;
  }

  get opName(): string {
    return 'rwsem';
  }

  enabled(task: Task): boolean {
    if (task.flag) return this.admitted.has(task) || (!this.batched && this.available(task)) || this.over(task);
    // A writer that has not begun to wait can always do that, and so can a reader where batches of waiting readers are let in.
    return this.batched || !reads(task.mode) || this.available(task) || this.over(task);
  }

  /** A writer that comes while it is held begins to wait, which stops readers: it matters whether it came before the release. */
  override access(task: Task): AccessKind {
    const access = super.access(task);
    return this.batched || this.stealing || access !== Access.READ ? Access.TRY : access;
  }

  /** In the controlled runtime only writers queue (in batches: readers, too): that they have begun to wait is what others observe. */
  perform(task: Task): unknown {
    const { mode } = task;
    const owns = task.flag && this.admitted.delete(task);
    if (owns || this.available(task)) {
      if (!owns) this.own(task, mode);
      this.dequeue(task);
      return this.through(task);
    }
    if (this.over(task)) {
      this.dequeue(task);
      if (this.batched) this.grant();
      return this.gaveUp(task);
    }
    task.flag = true;
    this.queue.push(new Waiter(task, mode, false));
    this.blocked(task);
    return AGAIN;
  }

  blockers(task: Task, visit: (holder: Task) => boolean): boolean {
    if (this.writer !== null && this.writer !== task && visit(this.writer)) return true;
    // Readers stop a reader only through the writer that waits for them, and readers ahead of it get in together with it.
    const reader = reads(task.mode);
    if (!reader) for (const other of this.readers) if (visit(other)) return true;
    for (let waiter = this.queue.first; waiter !== null && waiter.task !== task; waiter = waiter.next) {
      if (!(reader && reads(waiter.mode)) && visit(waiter.task)) return true;
    }
    return false;
  }

  protected afterFree(): void {
    const { rt } = this.ctx;
    if (rt.controlled) {
      if (this.batched) this.grant();
      return;
    }
    if (this.stealing && this.queue.length > 0 && rt.choose(null, `${this.name}: stolen`, 2) === 1) {
      // Free for a moment: whoever runs before this gets it first.
      queueMicrotask(() => this.grant());
      return;
    }
    this.grant();
  }

  /** Lets in the head of the queue: one writer, or the readers up to the next writer. */
  protected grant(): void {
    if (this.passesWriters() && this.ctx.rt.choose(null, `${this.name}: batch`, 2) === 1) {
      this.admitReaders();
      return;
    }
    for (let waiter = this.queue.first; waiter !== null && this.writer === null; waiter = this.queue.first) {
      if (!reads(waiter.mode) && this.readers.length > 0) break;
      this.letIn(waiter);
    }
  }

  protected mayEnter(mode: LockMode): boolean {
    if (this.writer !== null || (!reads(mode) && this.readers.length > 0)) return false;
    return this.queue.length === 0 || (this.stealing && this.readers.length === 0);
  }

  /** Controlled runtime: can the task have it now? */
  private available(task: Task): boolean {
    if (this.writer !== null || (!reads(task.mode) && this.readers.length > 0)) return false;
    const first = this.queue.first;
    return first === null || first.task === task || (this.stealing && this.readers.length === 0);
  }

  private dequeue(task: Task): void {
    if (!task.flag) return;
    task.flag = false;
    const waiter = this.queue.find(task);
    if (waiter !== null) this.queue.remove(waiter);
  }

  /** Is there a choice: readers are next, and a writer stands among them? */
  private passesWriters(): boolean {
    const head = this.queue.first;
    if (!this.batched || this.writer !== null || head === null || !reads(head.mode)) return false;
    for (let waiter = this.queue.first; waiter !== null; waiter = waiter.next) if (!reads(waiter.mode)) return true;
    return false;
  }

  private admitReaders(): void {
    let left = BATCH_MAX;
    for (let waiter = this.queue.first; waiter !== null && left > 0;) {
      const next: Waiter | null = waiter.next;
      if (reads(waiter.mode)) {
        this.letIn(waiter);
        left--;
      }
      waiter = next;
    }
  }

  private letIn(waiter: Waiter): void {
    this.own(waiter.task, waiter.mode);
    if (!this.ctx.rt.controlled) {
      this.admit(waiter);
      return;
    }
    this.queue.remove(waiter);
    this.admitted.add(waiter.task);
  }
}
