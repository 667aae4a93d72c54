/**
 * Fair rw semaphore (kernel/locking/rwsem.c): readers share, a reader behind a queued writer waits, strict first come first served.
 * The kernel lets readers steal and wakes in batches; the strict order is the reproducible special case of it.
 */
import { Semaphore } from 'async-mutex';
import type { MaybePromise } from '../runtime/runtime.ts';
import { AGAIN, type Task } from '../runtime/task.ts';
import type { ChainNode } from './chain.ts';
import type { Guard } from './guard.ts';
import { Lock } from './lock.ts';
import { EXCLUSIVE, SHARED, type LockMode } from './modes.ts';

interface Waiter {
  readonly task: Task;
  readonly mode: LockMode;
  /** Parks the waiter in the live runtime; null in the controlled one. */
  readonly seat: Semaphore | null;
}

export class RwSemaphore extends Lock {
  private writer: Task | null = null;
  private readonly readers: Task[] = [];
  /** Oldest first. In the controlled runtime only writers queue here: that a writer has begun to wait is what readers observe. */
  private readonly queue: Waiter[] = [];

  get opName(): string {
    return 'rwsem';
  }

  read(task: Task): MaybePromise<Guard> {
    return this.take(task, SHARED);
  }

  write(task: Task): MaybePromise<Guard> {
    return this.take(task, EXCLUSIVE);
  }

  enabled(task: Task): boolean {
    if (task.mode === SHARED) return this.writer === null && this.queue.length === 0;
    // A writer that has not begun to wait can always do that; one that waits needs the lock.
    return !task.flag || this.available(task);
  }

  perform(task: Task): unknown {
    const mode = task.mode;
    if (mode === SHARED) {
      this.readers.push(task);
      return this.guard(task, SHARED, task.arg as ChainNode | null);
    }
    if (!this.available(task)) {
      task.flag = true;
      this.queue.push({ task, mode, seat: null });
      this.blocked(task);
      return AGAIN;
    }
    if (task.flag) {
      task.flag = false;
      this.queue.shift();
    }
    this.writer = task;
    return this.guard(task, EXCLUSIVE, task.arg as ChainNode | null);
  }

  blockers(task: Task, visit: (holder: Task) => boolean): boolean {
    if (this.writer !== null && this.writer !== task && visit(this.writer)) return true;
    // Readers stop a reader only through the writer that waits for them, and readers ahead of it get in together with it.
    const reads = task.mode === SHARED;
    if (!reads) for (const reader of this.readers) if (visit(reader)) return true;
    for (const waiter of this.queue) {
      if (waiter.task === task) break;
      if (!(reads && waiter.mode === SHARED) && visit(waiter.task)) return true;
    }
    return false;
  }

  free(guard: Guard): void {
    if ((guard.mode & 3) === EXCLUSIVE) this.writer = null;
    else this.readers.splice(this.readers.indexOf(guard.task), 1);
    if (!this.ctx.rt.controlled) this.grant();
  }

  retake(): never {
    throw new Error(`${this.name}: a wait cannot drop a rw semaphore`);
  }

  protected ownedBy(task: Task): boolean {
    return this.writer === task || this.readers.includes(task);
  }

  protected override modeOf(task: Task): LockMode {
    return task.mode;
  }

  private available(task: Task): boolean {
    const first = this.queue[0];
    return this.writer === null && this.readers.length === 0 && (first === undefined || first.task === task);
  }

  private take(task: Task, mode: LockMode): MaybePromise<Guard> {
    const node = this.validate(task, mode);
    if (this.ctx.rt.controlled) return this.ctx.rt.point(task, this, mode, node) as MaybePromise<Guard>;
    const free = this.writer === null && this.queue.length === 0 && (mode === SHARED || this.readers.length === 0);
    if (!free) return this.wait(task, mode, node);
    this.own(task, mode);
    return this.guard(task, mode, node);
  }

  private own(task: Task, mode: LockMode): void {
    if (mode === SHARED) this.readers.push(task);
    else this.writer = task;
  }

  private async wait(task: Task, mode: LockMode, node: ChainNode | null): Promise<Guard> {
    const { stats } = this.ctx;
    const since = stats === null ? 0 : stats.time();
    // The wait-for check asks the task in which mode it waits; it comes first: a task is reported in the state before it waits.
    task.mode = mode;
    this.ctx.block(task, this);
    const seat = new Semaphore(0);
    this.queue.push({ task, mode, seat });
    stats?.contended(this.cls, mode, this.queue.length);
    await seat.acquire(1);
    if (stats !== null) stats.waited(this.cls, mode, stats.time() - since);
    return this.guard(task, mode, node);
  }

  /** Lets in the head of the queue: one writer, or the readers up to the next writer. */
  private grant(): void {
    while (this.queue.length > 0 && this.writer === null) {
      const { task, mode, seat } = this.queue[0]!;
      if (mode === EXCLUSIVE && this.readers.length > 0) return;
      this.queue.shift();
      this.own(task, mode);
      this.ctx.unblock(task);
      seat!.release(1);
    }
  }
}
