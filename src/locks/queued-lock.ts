/**
 * A lock with a queue: waiting in the live runtime, and waits that may end without the lock in both. Whoever gives up leaves the queue at
 * once and delays nobody (kernel: mutex_lock_killable, down_read_interruptible, rt_mutex_timed_lock).
 */
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { ChainNode } from './chain.ts';
import type { Guard } from './guard.ts';
import { Lock, type AcquireOptions } from './lock.ts';
import { heldMode, LIMITED, TRY, type LockMode } from './modes.ts';
import { doneWaiting, signalPending, waitInterruptibly } from './signal.ts';
import { WaiterPool, WaiterQueue, type Waiter } from './waiter.ts';

/** Argument of a request with limits in the controlled runtime. */
interface Limited {
  readonly node: ChainNode | null;
  readonly interruptible: boolean;
}

export abstract class QueuedLock extends Lock {
  /** Live: everybody who waits, oldest first. Controlled: those whose waiting others can observe. */
  protected readonly queue = new WaiterQueue();
  /** Live runtime. */
  private pool: WaiterPool | null = null;

  /** Live runtime: takes the lock now if that is allowed. */
  protected abstract takeNow(task: Task, mode: LockMode): boolean;
  /** The lock has become free, or somebody has left the queue: lets in whoever is next. */
  protected abstract grant(): void;

  positionOf(task: Task): number {
    return this.queue.positionOf(task);
  }

  protected waitingTasks(): Task[] {
    const tasks = new Set<Task>();
    for (let waiter = this.queue.first; waiter !== null; waiter = waiter.next) tasks.add(waiter.task);
    // In the controlled runtime most waits are nothing but an operation that is announced and not enabled.
    if (this.ctx.rt.controlled) for (const task of this.ctx.rt.tasks) if (task.op === this && !this.enabled(task)) tasks.add(task);
    return [...tasks];
  }

  /** An acquisition with options; null when its limit came first. */
  protected acquireWith(task: Task, mode: LockMode, options: AcquireOptions): MaybePromise<Guard | null> {
    const limited = options.timeoutMs !== undefined || options.interruptible === true;
    if (limited) this.assertTryable();
    const node = this.validateNested(task, mode, options);
    const request = options.nestLock === undefined ? mode : this.nested(mode, node);
    const interruptible = options.interruptible === true;
    if (this.ctx.rt.controlled) {
      if (!limited) return this.ctx.rt.point(task, this, request, node) as MaybePromise<Guard>;
      if (options.timeoutMs !== undefined) task.due = this.ctx.rt.now() + Math.max(0, options.timeoutMs);
      const arg: Limited = { node, interruptible };
      return this.ctx.rt.point(task, this, request | LIMITED, arg) as MaybePromise<Guard | null>;
    }
    if (this.takeNow(task, mode)) return this.guard(task, request, node);
    if (!limited) return this.wait(task, request, node);
    if (interruptible && signalPending(task)) return null;
    return this.waitLimited(task, request, node, options);
  }

  /** Never waits; `task.mode` of the controlled request tells `perform` so. */
  protected tryMode(task: Task, mode: LockMode): MaybePromise<Guard | null> {
    this.assertTryable();
    const request = mode | TRY;
    const node = this.validate(task, request);
    if (this.ctx.rt.controlled) return this.ctx.rt.point(task, this, request, node) as MaybePromise<Guard | null>;
    return this.takeNow(task, mode) ? this.guard(task, request, node) : this.inVain(task);
  }

  /** Controlled runtime: may the announced request end without the lock? */
  protected over(task: Task): boolean {
    if ((task.mode & TRY) !== 0) return true;
    if ((task.mode & LIMITED) === 0) return false;
    return task.due <= this.ctx.rt.now() || ((task.arg as Limited).interruptible && signalPending(task));
  }

  /** Controlled runtime: guard of a request that was performed, whatever kind it was. */
  protected granted(task: Task): Guard {
    const mode = task.mode;
    if ((mode & LIMITED) === 0) return this.guard(task, mode, task.arg as ChainNode | null);
    task.due = Number.POSITIVE_INFINITY;
    return this.guard(task, heldMode(mode), (task.arg as Limited).node);
  }

  /** Controlled runtime: the request has ended without the lock. */
  protected gaveUp(task: Task): null {
    if ((task.mode & LIMITED) !== 0) task.due = Number.POSITIVE_INFINITY;
    return this.inVain(task);
  }

  protected again(guard: Guard, node: ChainNode | null): void {
    const { stats, order } = this.ctx;
    if (stats !== null) guard.since = stats.time();
    order?.acquired(guard.task, this, guard.mode);
    guard.again(node);
  }

  protected wait(task: Task, mode: LockMode, node: ChainNode | null): Promise<Guard> {
    const { stats } = this.ctx;
    const since = stats === null ? 0 : stats.time();
    const waiter = this.enqueue(task, mode);
    return waiter.seat!.acquire(1).then(() => {
      this.pool!.giveBack(waiter);
      if (stats !== null) stats.waited(this.cls, mode, stats.time() - since);
      return this.guard(task, mode, node);
    });
  }

  protected enqueue(task: Task, mode: LockMode): Waiter {
    // The wait-for check asks the task in which mode it waits; it comes first: a task is reported in the state before it waits.
    task.mode = mode;
    this.ctx.block(task, this);
    const waiter = (this.pool ??= new WaiterPool()).take(task, mode);
    this.queue.push(waiter);
    if (this.ctx.stats !== null) this.contention(mode, this.queue.length, null);
    return waiter;
  }

  /** Live runtime: the waiter owns the lock before it runs, so nobody slips in between. */
  protected admit(waiter: Waiter): void {
    this.queue.remove(waiter);
    this.ctx.unblock(waiter.task);
    waiter.seat!.release(1);
  }

  private nested(mode: LockMode, node: ChainNode | null): LockMode {
    return node === null ? mode : node.mode;
  }

  private async waitLimited(task: Task, mode: LockMode, node: ChainNode | null, options: AcquireOptions): Promise<Guard | null> {
    const { rt, stats } = this.ctx;
    const since = stats === null ? 0 : stats.time();
    // A timed wait ends by itself: the wait-for check must know before it looks.
    if (options.timeoutMs !== undefined) task.due = rt.now() + Math.max(0, options.timeoutMs);
    const waiter = this.enqueue(task, mode);
    const leave = (): void => this.leave(waiter);
    const timer = options.timeoutMs === undefined ? null : rt.timer(`timeout of ${this.name}`, options.timeoutMs, leave);
    if (options.interruptible === true) waitInterruptibly(task, leave);
    await waiter.seat!.acquire(1);
    timer?.cancel();
    doneWaiting(task);
    task.due = Number.POSITIVE_INFINITY;
    if (stats !== null) stats.waited(this.cls, mode, stats.time() - since);
    return waiter.gaveUp ? this.inVain(task) : this.guard(task, mode, node);
  }

  private inVain(task: Task): null {
    this.ctx.watcher?.inVain(task, this);
    return null;
  }

  /** The waiter goes without the lock. Those behind it must not wait for it a moment longer. */
  private leave(waiter: Waiter): void {
    if (!this.queue.remove(waiter)) return;
    waiter.gaveUp = true;
    this.ctx.unblock(waiter.task);
    this.grant();
    waiter.seat!.release(1);
  }
}
