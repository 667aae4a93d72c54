/**
 * Mutex (kernel/locking/mutex.c): one owner, first come first served, only the owner releases.
 * In the controlled runtime any waiter may be the next one, because the kernel's can be stolen by a task that spins for it.
 * Uncontended it is thin: no promise. In the live runtime async-mutex parks those who must wait; the queue and the owner are ours.
 */
import { Semaphore } from 'async-mutex';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { ChainNode } from './chain.ts';
import type { Guard } from './guard.ts';
import { Lock } from './lock.ts';
import { EXCLUSIVE, TRY } from './modes.ts';

interface Waiter {
  readonly task: Task;
  readonly seat: Semaphore;
  next: Waiter | null;
}

const LOCK = 0;
const TRYLOCK = 1;
const RETAKE = 2;

export class Mutex extends Lock {
  readonly opName = 'lock';
  private owner: Task | null = null;
  private first: Waiter | null = null;
  private last: Waiter | null = null;
  private waiting = 0;

  acquire(task: Task): MaybePromise<Guard> {
    const node = this.validate(task, EXCLUSIVE);
    if (this.ctx.rt.controlled) return this.ctx.rt.point(task, this, LOCK, node) as MaybePromise<Guard>;
    if (this.owner === null) {
      this.owner = task;
      return this.guard(task, EXCLUSIVE, node);
    }
    return this.wait(task, node);
  }

  /** Never waits: null when somebody holds it. The class must be declared tryable. */
  tryAcquire(task: Task): MaybePromise<Guard | null> {
    this.assertTryable();
    const node = this.validate(task, EXCLUSIVE | TRY);
    if (this.ctx.rt.controlled) return this.ctx.rt.point(task, this, TRYLOCK, node) as MaybePromise<Guard | null>;
    if (this.owner !== null) return null;
    this.owner = task;
    return this.guard(task, EXCLUSIVE | TRY, node);
  }

  retake(guard: Guard): MaybePromise<void> {
    const { task } = guard;
    guard.after = this.validate(task, EXCLUSIVE);
    if (this.ctx.rt.controlled) return this.ctx.rt.point(task, this, RETAKE, guard) as MaybePromise<void>;
    if (this.owner === null) {
      this.owner = task;
      this.again(guard);
      return;
    }
    return this.queue(task).then(() => this.again(guard));
  }

  enabled(task: Task): boolean {
    return this.owner === null || task.mode === TRYLOCK;
  }

  perform(task: Task): unknown {
    if (task.mode === TRYLOCK && this.owner !== null) return null;
    this.owner = task;
    if (task.mode === RETAKE) return this.again(task.arg as Guard);
    return this.guard(task, task.mode === TRYLOCK ? EXCLUSIVE | TRY : EXCLUSIVE, task.arg as ChainNode | null);
  }

  blockers(_task: Task, visit: (holder: Task) => boolean): boolean {
    return this.owner !== null && visit(this.owner);
  }

  free(): void {
    const waiter = this.first;
    if (waiter === null) {
      this.owner = null;
      return;
    }
    this.first = waiter.next;
    if (this.first === null) this.last = null;
    this.waiting--;
    // Handed over: the next one owns it before it runs, so nobody slips in between.
    this.owner = waiter.task;
    this.ctx.unblock(waiter.task);
    waiter.seat.release(1);
  }

  protected ownedBy(task: Task): boolean {
    return this.owner === task;
  }

  private again(guard: Guard): void {
    if (this.ctx.stats !== null) guard.since = this.ctx.stats.time();
    guard.push();
  }

  private async wait(task: Task, node: ChainNode | null): Promise<Guard> {
    const { stats } = this.ctx;
    const since = stats === null ? 0 : stats.time();
    await this.queue(task);
    if (stats !== null) stats.waited(this.cls, EXCLUSIVE, stats.time() - since);
    return this.guard(task, EXCLUSIVE, node);
  }

  private queue(task: Task): Promise<unknown> {
    // The check comes first: a task that is reported must be seen in the state before it waits.
    this.ctx.block(task, this);
    const waiter: Waiter = { task, seat: new Semaphore(0), next: null };
    if (this.last === null) this.first = waiter;
    else this.last.next = waiter;
    this.last = waiter;
    this.waiting++;
    this.ctx.stats?.contended(this.cls, EXCLUSIVE, this.waiting);
    return waiter.seat.acquire(1);
  }
}
