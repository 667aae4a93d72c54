/**
 * What mutex and rw semaphore have in common: class, name, statistics, release in both runtimes, assertions.
 */
import type { Op, Task } from '../runtime/task.ts';
import { Guard, findHeld, type Held } from './guard.ts';
import type { LockClass } from './lock-class.ts';
import type { LockContext } from './lock-context.ts';
import type { Lockdep } from './lockdep.ts';
import { EXCLUSIVE, type LockMode } from './modes.ts';
import type { ChainNode } from './chain.ts';
import { capturePlace } from './place.ts';

type ReleaseListener = (task: Task) => void;

export abstract class Lock implements Held, Op {
  readonly cls: LockClass;
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
  protected abstract ownedBy(task: Task): boolean;

  /** Does the task hold this lock, in any mode? */
  heldBy(task: Task): boolean {
    return findHeld(task, this) !== null;
  }

  /** Does the task hold this lock so that nobody else does? */
  heldExclusivelyBy(task: Task): boolean {
    const guard = findHeld(task, this);
    return guard !== null && (guard.mode & 3) === EXCLUSIVE;
  }

  /** Reports, and goes on, when the task does not hold the lock (kernel: lockdep_assert_held). */
  assertHeld(task: Task, why: string): void {
    if (!this.heldBy(task)) this.complain(task, `${why} needs ${this.name}, which ${task.name} does not hold`);
  }

  /** `listener` runs at each exclusive release, while the lock is still held. */
  onExclusiveRelease(listener: ReleaseListener): void {
    (this.releaseListeners ??= []).push(listener);
  }

  unlock(guard: Guard): void {
    if (!this.ownedBy(guard.task)) {
      this.complain(guard.task, `${guard.task.name} releases ${this.name}, which it does not hold`);
      return;
    }
    if (this.releaseListeners !== null && (guard.mode & 3) === EXCLUSIVE)
      for (const listener of this.releaseListeners) listener(guard.task);
    if (this.ctx.stats !== null) this.ctx.stats.held(this.cls, guard.mode, guard.since);
    guard.pop();
    this.ctx.rt.effect(guard.task, guard, this.cls.tryable);
  }

  /** Called by the controlled runtime when the task stops here and cannot go on. */
  blocked(task: Task): void {
    this.ctx.stats?.contended(this.cls, this.modeOf(task), 1);
    this.ctx.checkCycle(task);
  }

  /** The mode in which the task waits here. */
  protected modeOf(_task: Task): LockMode {
    return EXCLUSIVE;
  }

  protected guard(task: Task, mode: LockMode, node: ChainNode | null): Guard {
    const guard = new Guard(this, task, mode, node);
    const { stats } = this.ctx;
    if (stats !== null) {
      stats.acquired(this.cls, mode);
      guard.since = stats.time();
    }
    return guard;
  }

  /** Validates the request before it may block. */
  protected validate(task: Task, mode: LockMode): ChainNode | null {
    return this.dep === null ? null : this.dep.check(task, this.cls, mode);
  }

  protected assertTryable(): void {
    if (!this.cls.tryable) throw new Error(`${this.name}: class ${this.cls.name} must be declared tryable before somebody may try-lock it`);
  }

  private complain(task: Task, title: string): void {
    const place = capturePlace();
    this.ctx.findings.report({
      kind: 'assertion',
      key: `assertion:${this.cls.name}:${place[0] ?? title}`,
      title,
      tasks: [task.name],
      time: this.ctx.rt.now(),
      place,
    });
  }
}
