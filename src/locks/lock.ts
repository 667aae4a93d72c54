/**
 * What all locks have in common: class, name, statistics, release in both runtimes, life cycle. Every wrong use is a finding and has no
 * effect on the lock, so that one report does not become ten.
 */
import { Access, type AccessKind } from '../runtime/access.ts';
import type { Op, Task } from '../runtime/task.ts';
import type { ChainNode } from './chain.ts';
import { findHeld, Guard, type Held } from './guard.ts';
import type { LockClass } from './lock-class.ts';
import type { LockContext } from './lock-context.ts';
import type { Lockdep } from './lockdep.ts';
import { entriesOf, refusal, reportMisuse, type MisuseRule } from './misuse.ts';
import { EXCLUSIVE, LIMITED, TRY, type LockMode } from './modes.ts';
import { capturePlace, type Place } from './place.ts';

type ReleaseListener = (task: Task) => void;

/** How a lock is asked for inside others of its class. */
export interface NestingOptions {
  /** 1 to 7: a class of its own for the inner lock (kernel: mutex_lock_nested). */
  readonly subclass?: number;
  /** A lock that is held and under which alone two of this class may be taken, in any order (kernel: mutex_lock_nest_lock). */
  readonly nestLock?: Held;
}

/** A wait that may end without the lock: its answer is then null. The class must be declared tryable. */
export interface AcquireOptions extends NestingOptions {
  readonly timeoutMs?: number;
  /** Ends when a signal is pending. */
  readonly interruptible?: boolean;
}

/** Options that cannot end the wait: the answer is always a guard. */
export type SureOptions = NestingOptions & { readonly timeoutMs?: never; readonly interruptible?: never };

export abstract class Lock implements Held, Op {
  cls: LockClass;
  readonly name: string;
  readonly dep: Lockdep | null;
  protected readonly ctx: LockContext;
  private releaseListeners: ReleaseListener[] | null = null;

  constructor(ctx: LockContext, cls: LockClass, name: string) {
    this.ctx = ctx;
    this.cls = cls;
    this.name = name;
    this.dep = ctx.dep;
  }

  abstract readonly opName: string;
  abstract enabled(task: Task): boolean;
  abstract perform(task: Task): unknown;
  abstract blockers(task: Task, visit: (holder: Task) => boolean): boolean;
  abstract free(guard: Guard): void;
  abstract retake(guard: Guard): Promise<void> | void;
  /** The tasks that hold it now, and those that wait for it. */
  abstract users(): { readonly holders: readonly Task[]; readonly waiters: readonly Task[] };
  /** Place of the task among those who wait, 1 for the next one, 0 when it does not. */
  abstract positionOf(task: Task): number;

  /** Who looks at it without the promise to get it learns whether it is held. */
  access(task: Task): AccessKind {
    return (task.mode & (TRY | LIMITED)) === 0 ? Access.WRITE : Access.TRY;
  }

  /** Does the task hold this lock, in any mode? */
  heldBy(task: Task): boolean {
    return findHeld(task, this) !== null;
  }

  /** Does the task hold this lock so that nobody else does? */
  heldExclusivelyBy(task: Task): boolean {
    const guard = findHeld(task, this);
    return guard !== null && (guard.mode & 3) === EXCLUSIVE;
  }

  /** Reports, and goes on, when the task does not hold the lock (kernel: lockdep_assert_held). The rest of the family: assertions.ts. */
  assertHeld(task: Task, why: string): void {
    if (!this.heldBy(task)) this.misuse('assert-held', task, `${why} needs ${this.name}, which ${task.name} does not hold`);
  }

  /** Teaches the order in which the task would take it here, also on a path that seldom does (kernel: might_lock). */
  mightAcquire(task: Task, mode: LockMode = EXCLUSIVE): void {
    this.dep?.checkWait(task, this.cls, mode);
  }

  /** `listener` runs at each exclusive release, while the lock is still held. */
  onExclusiveRelease(listener: ReleaseListener): void {
    (this.releaseListeners ??= []).push(listener);
  }

  unlock(guard: Guard): void {
    if (!guard.live || guard.pins !== null) {
      this.refuse(guard, guard.task);
      return;
    }
    this.endOfHold(guard);
    guard.pop();
    const { rt } = this.ctx;
    if (rt.controlled) rt.effect(guard.task, guard, this.cls.tryable);
    else this.free(guard);
  }

  refuse(guard: Guard, by: Task | 'unpin'): void {
    reportMisuse(this.ctx, refusal(guard, by));
  }

  /** The lock goes away: nobody may have it or wait for it (kernel: mutex_destroy, debug_check_no_locks_freed). */
  freed(by: Task): void {
    this.mustBeUnused(by, 'freed-while-held', 'frees');
  }

  /** A new life of the lock, possibly in another class (kernel: mutex_init, lockdep_set_class). */
  initialise(by: Task, cls: LockClass = this.cls): void {
    if (this.mustBeUnused(by, 'initialised-while-held', 'initialises')) this.cls = cls;
  }

  /** Called by the controlled runtime when the task stops here and cannot go on. */
  blocked(task: Task): void {
    const { stats } = this.ctx;
    if (stats !== null) {
      const request = task.arg as { place?: Place; node?: { place: Place } | null } | null;
      this.contention(this.modeOf(task), 1, request?.place ?? request?.node?.place ?? []);
      stats.waitBegins(task, this);
    }
    this.ctx.checkCycle(task);
  }

  /** Counts a wait, and now and then notes who waits for whom where. */
  protected contention(mode: LockMode, queueLength: number, waiter: Place | null): void {
    const { stats } = this.ctx;
    if (stats === null) return;
    stats.contended(this.cls, mode, queueLength);
    stats.sites.sample(this.cls.name, () => {
      const holders = entriesOf(this, this.users().holders).map((guard) => guard.after?.place ?? []);
      return { waiter: waiter ?? capturePlace(), holders };
    });
  }

  /** The mode in which the task waits here. */
  protected modeOf(_task: Task): LockMode {
    return EXCLUSIVE;
  }

  protected guard(task: Task, mode: LockMode, node: ChainNode | null): Guard {
    const guard = new Guard(this, task, mode, node);
    const { stats, order } = this.ctx;
    order?.acquired(task, this, mode);
    this.ctx.got(task, this);
    if (stats !== null) {
      stats.acquired(this.cls, mode, this, task);
      guard.since = stats.time();
    }
    return guard;
  }

  /** Everything that ends with this hold: who listens to it, its time. */
  protected endOfHold(guard: Guard): void {
    if (this.releaseListeners !== null && (guard.mode & 3) === EXCLUSIVE)
      for (const listener of this.releaseListeners) listener(guard.task);
    const { stats, order } = this.ctx;
    if (stats !== null) stats.held(this.cls, guard.mode, guard.since);
    order?.released(guard.task, this, guard.mode);
  }

  /** Validates the request before it may block. */
  protected validate(task: Task, mode: LockMode): ChainNode | null {
    return this.dep === null ? null : this.dep.check(task, this.cls, mode, this);
  }

  /** The same for a request with options. */
  protected validateNested(task: Task, mode: LockMode, options: NestingOptions): ChainNode | null {
    if (this.dep === null) return null;
    const cls = options.subclass === undefined ? this.cls : this.cls.subclass(options.subclass);
    if (options.nestLock === undefined) return this.dep.check(task, cls, mode, this);
    return this.dep.checkNested(task, { cls, mode, lock: this }, options.nestLock);
  }

  protected assertTryable(): void {
    if (!this.cls.tryable) throw new Error(`${this.name}: class ${this.cls.name} must be declared tryable before somebody may try-lock it`);
  }

  /** The entry that `release(task)` and its kin end; reports why when there is none. */
  protected entryOf(task: Task): Guard | null {
    const guard = findHeld(task, this);
    if (guard !== null) return guard;
    // Its own last release may still be on its way to the others.
    const holders = this.users().holders.filter((holder) => holder !== task);
    if (holders.length === 0) this.misuse('not-held', task, `${task.name} releases ${this.name}, which nobody holds`);
    else {
      const title = `${task.name} releases ${this.name}, which ${holders.map((holder) => holder.name).join(', ')} holds`;
      this.misuse('foreign-release', task, title, entriesOf(this, holders));
    }
    return null;
  }

  misuse(rule: MisuseRule, task: Task, title: string, taken: readonly Guard[] = []): void {
    const others = taken.map((guard) => guard.task).filter((other) => other !== task);
    reportMisuse(this.ctx, { rule, about: this.cls.name, title, tasks: [task, ...others], taken });
  }

  private mustBeUnused(by: Task, rule: MisuseRule, verb: string): boolean {
    const { holders: owners, waiters } = this.users();
    // What this task has just released counts no longer, even if others cannot see that yet.
    const holders = owners.filter((holder) => holder !== by || findHeld(by, this) !== null);
    if (holders.length === 0 && waiters.length === 0) return true;
    const names = (tasks: readonly Task[]): string => [...new Set(tasks.map((task) => task.name))].join(', ');
    const state = holders.length === 0 ? `for which ${names(waiters)} waits` : `while ${names(holders)} holds it`;
    this.misuse(rule, by, `${by.name} ${verb} ${this.name} ${state}`, entriesOf(this, holders));
    return false;
  }
}
