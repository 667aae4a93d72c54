/**
 * Mutex (kernel/locking/mutex.c): one owner, first come first served, only the owner releases.
 * In the controlled runtime any waiter may be the next one, because the kernel's can be stolen by a task that spins for it.
 * Uncontended it is thin: no promise. In the live runtime async-mutex parks those who must wait; the queue and the owner are ours.
 */
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { ChainNode } from './chain.ts';
import type { Guard } from './guard.ts';
import type { AcquireOptions, SureOptions } from './lock.ts';
import { EXCLUSIVE, RETAKE } from './modes.ts';
import { QueuedLock } from './queued-lock.ts';

/** Argument of a `retake` in the controlled runtime. */
interface Retake {
  readonly guard: Guard;
  readonly node: ChainNode | null;
}

export class Mutex extends QueuedLock {
  get opName(): string {
    return 'lock';
  }
  protected owner: Task | null = null;

  /** Waits until it is free. With a limit (`timeoutMs`, `interruptible`) the answer is null when that came first. */
  acquire(task: Task, options?: SureOptions): MaybePromise<Guard>;
  acquire(task: Task, options: AcquireOptions): MaybePromise<Guard | null>;
  acquire(task: Task, options?: AcquireOptions): MaybePromise<Guard | null> {
    if (options !== undefined) return this.acquireWith(task, EXCLUSIVE, options);
    const node = this.validate(task, EXCLUSIVE);
    if (this.ctx.rt.controlled) return this.ctx.rt.point(task, this, EXCLUSIVE, node) as MaybePromise<Guard>;
    if (this.owner === null) {
      this.owner = task;
      return this.guard(task, EXCLUSIVE, node);
    }
    return this.wait(task, EXCLUSIVE, node);
  }

  /** Never waits: null when somebody holds it. The class must be declared tryable. */
  tryAcquire(task: Task): MaybePromise<Guard | null> {
    return this.tryMode(task, EXCLUSIVE);
  }

  /** Release by name, for code that keeps no guard (kernel: mutex_unlock): reported when the task is not the owner. */
  release(task: Task): void {
    this.entryOf(task)?.release();
  }

  retake(guard: Guard): MaybePromise<void> {
    const { task } = guard;
    const node = this.validate(task, EXCLUSIVE);
    if (this.ctx.rt.controlled) {
      const arg: Retake = { guard, node };
      return this.ctx.rt.point(task, this, EXCLUSIVE | RETAKE, arg) as MaybePromise<void>;
    }
    if (this.takeNow(task)) return this.again(guard, node);
    return this.enqueue(task, EXCLUSIVE)
      .seat!.acquire(1)
      .then(() => this.again(guard, node));
  }

  enabled(task: Task): boolean {
    return this.owner === null || this.over(task);
  }

  perform(task: Task): unknown {
    if (this.owner !== null) return this.gaveUp(task);
    this.owner = task;
    if ((task.mode & RETAKE) === 0) return this.granted(task);
    const { guard, node } = task.arg as Retake;
    return this.again(guard, node);
  }

  blockers(_task: Task, visit: (holder: Task) => boolean): boolean {
    return this.owner !== null && visit(this.owner);
  }

  users(): { holders: readonly Task[]; waiters: readonly Task[] } {
    return { holders: this.owner === null ? [] : [this.owner], waiters: this.waitingTasks() };
  }

  free(): void {
    this.owner = null;
    this.grant();
  }

  protected takeNow(task: Task): boolean {
    if (this.owner !== null) return false;
    this.owner = task;
    return true;
  }

  protected grant(): void {
    const waiter = this.queue.first;
    if (waiter === null || this.owner !== null) return;
    this.owner = waiter.task;
    this.admit(waiter);
  }
}
