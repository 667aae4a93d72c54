/**
 * Wait queue (kernel: wait_event and friends, include/linux/wait.h). Every wait carries a lock map and is validated at every call, with
 * the locks held while asleep, also when nothing has to be waited for: that is what lockdep cannot see.
 */
import { Semaphore } from 'async-mutex';
import { Access, type AccessKind } from '../runtime/access.ts';
import type { MaybePromise, Timer } from '../runtime/runtime.ts';
import type { Blocker, Effect, Op, Task } from '../runtime/task.ts';
import type { Guard } from './guard.ts';
import type { LockContext } from './lock-context.ts';
import type { LockMap } from './lock-map.ts';
import { EXCLUSIVE } from './modes.ts';
import { doneWaiting, signalPending, waitInterruptibly } from './signal.ts';

export interface WaitOptions {
  /** Given back while asleep and held again afterwards. */
  readonly drop?: Guard;
  /** The wait ends without the condition after this long. */
  readonly timeoutMs?: number;
  /** The wait ends without the condition when a signal is pending (kernel: wait_event_interruptible). */
  readonly interruptible?: boolean;
}

interface Sleeper {
  readonly task: Task;
  readonly seat: Semaphore;
  timer: Timer | null;
}

class WakeAll implements Effect {
  readonly effectName = 'wake-all';
  nextEffect: Effect | null = null;
  readonly object: LockMap;
  readonly access: AccessKind;
  private readonly wake: () => void;

  constructor(map: LockMap, access: AccessKind, wake: () => void) {
    this.object = map;
    this.access = access;
    this.wake = wake;
  }

  takeEffect(): void {
    this.wake();
  }
}

const SLEEP = 0;
const INTERRUPTIBLE = 1;

export class WaitQueue implements Op, Blocker {
  readonly opName = 'sleep-on';
  readonly map: LockMap;
  private readonly ctx: LockContext;
  /** Live runtime. */
  private sleepers: Sleeper[] = [];
  /** Controlled runtime. */
  private announced: Task[] = [];

  constructor(ctx: LockContext, map: LockMap) {
    this.ctx = ctx;
    this.map = map;
  }

  get name(): string {
    return this.map.name;
  }

  /** Sleeps until `condition`; it runs without any suspension. False when the time ran out first. */
  wait(task: Task, condition: () => boolean, options: WaitOptions = {}): MaybePromise<boolean> {
    this.map.dep?.checkWait(task, this.map.cls, EXCLUSIVE, options.drop ?? null);
    this.ctx.rt.touch(this.map, Access.READ);
    if (condition()) return this.through(task);
    if (options.interruptible === true) {
      this.ctx.rt.touch(task, Access.READ);
      if (signalPending(task)) return false;
    }
    return this.sleep(task, condition, options);
  }

  /** `by` is null when the hardware or a timer wakes. */
  wakeAll(by: Task | null): void {
    this.announce(by, Access.WRITE);
  }

  /** The same for changes that commute with others announced like that, and with holds of the map: one more vCPU has left SIE. */
  wakeAllJointly(by: Task | null): void {
    this.announce(by, Access.JOINT);
  }

  /** Who wakes has changed what the others look at, also when nobody sleeps yet. */
  private announce(by: Task | null, access: AccessKind): void {
    this.ctx.order?.published(by, this);
    this.ctx.rt.touch(this.map, access);
    if (this.sleepers.length === 0 && this.announced.length === 0) return;
    if (by === null) this.wake();
    else this.ctx.rt.effect(by, new WakeAll(this.map, access, () => this.wake()), false);
  }

  enabled(task: Task): boolean {
    return task.flag || task.due <= this.ctx.rt.now() || (task.mode === INTERRUPTIBLE && signalPending(task));
  }

  perform(): unknown {
    return undefined;
  }

  /** What its conditions look at changes now. */
  touched(): void {
    this.ctx.rt.touch(this.map, Access.WRITE);
  }

  touches(): LockMap {
    return this.map;
  }

  access(): AccessKind {
    return Access.READ;
  }

  blocked(task: Task): void {
    if (task.due === Number.POSITIVE_INFINITY) this.ctx.checkCycle(task);
  }

  blockers(_task: Task, visit: (holder: Task) => boolean): boolean {
    return this.map.visitHolders(visit);
  }

  /** The condition holds: what its wakers did comes before what follows. */
  private through(task: Task): true {
    this.ctx.order?.received(task, this);
    this.ctx.got(task, this);
    return true;
  }

  private async sleep(task: Task, condition: () => boolean, options: WaitOptions): Promise<boolean> {
    const { rt } = this.ctx;
    const deadline = options.timeoutMs === undefined ? Number.POSITIVE_INFINITY : rt.now() + options.timeoutMs;
    for (;;) {
      await (rt.controlled ? this.sleepControlled(task, deadline, options) : this.sleepLive(task, deadline, options));
      const { drop } = options;
      // A lock that could not be dropped (it is pinned) is still held.
      if (drop !== undefined && !drop.live) await drop.lock.retake(drop);
      this.ctx.rt.touch(this.map, Access.READ);
      if (condition()) return this.through(task);
      this.ctx.watcher?.inVain(task, this);
      if (rt.now() >= deadline || (options.interruptible === true && signalPending(task))) return false;
    }
  }

  private sleepControlled(task: Task, deadline: number, { drop, interruptible }: WaitOptions): MaybePromise<void> {
    this.announced.push(task);
    task.flag = false;
    drop?.release();
    task.due = deadline;
    // A signal lets the task go on, as a wake-up does.
    if (interruptible === true) waitInterruptibly(task, () => this.touched());
    const stopped = this.ctx.rt.point(task, this, interruptible === true ? INTERRUPTIBLE : SLEEP) as MaybePromise<void>;
    const awake = (): void => {
      doneWaiting(task);
      task.flag = false;
      task.due = Number.POSITIVE_INFINITY;
      const at = this.announced.indexOf(task);
      if (at >= 0) this.announced.splice(at, 1);
    };
    return stopped instanceof Promise ? stopped.then(awake) : awake();
  }

  private async sleepLive(task: Task, deadline: number, { drop, interruptible }: WaitOptions): Promise<void> {
    const sleeper: Sleeper = { task, seat: new Semaphore(0), timer: null };
    this.sleepers.push(sleeper);
    drop?.release();
    const limited = deadline !== Number.POSITIVE_INFINITY;
    if (interruptible === true) waitInterruptibly(task, () => this.expire(sleeper));
    if (limited) sleeper.timer = this.ctx.rt.timer(`timeout of ${this.name}`, deadline - this.ctx.rt.now(), () => this.expire(sleeper));
    // A timed wait ends by itself: it takes part in no deadlock.
    if (!limited) this.ctx.block(task, this);
    await sleeper.seat.acquire(1);
    doneWaiting(task);
    sleeper.timer?.cancel();
    this.ctx.unblock(task);
  }

  private expire(sleeper: Sleeper): void {
    const at = this.sleepers.indexOf(sleeper);
    if (at < 0) return;
    this.sleepers.splice(at, 1);
    sleeper.seat.release(1);
  }

  private wake(): void {
    for (const task of this.announced) task.flag = true;
    const { sleepers } = this;
    this.sleepers = [];
    for (const { seat, timer, task } of sleepers) {
      timer?.cancel();
      this.ctx.unblock(task);
      seat.release(1);
    }
  }
}
