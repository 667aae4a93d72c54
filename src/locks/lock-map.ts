/**
 * A lock map: stands for "what somebody waits for" where that is no lock (kernel: struct lockdep_map of work items, kernfs nodes).
 * Setting the flag is a trylock of the map, clearing it a release, waiting for it an acquire and release.
 */
import { Access } from '../runtime/access.ts';
import type { Task } from '../runtime/task.ts';
import { Guard, type Held } from './guard.ts';
import { HolderList } from './holder-list.ts';
import type { LockClass } from './lock-class.ts';
import type { LockContext } from './lock-context.ts';
import type { Lockdep } from './lockdep.ts';
import { refusal, reportMisuse } from './misuse.ts';
import { EXCLUSIVE, TRY, type LockMode } from './modes.ts';

export class LockMap implements Held {
  readonly cls: LockClass;
  readonly name: string;
  readonly dep: Lockdep | null;
  private readonly ctx: LockContext;
  /** Tasks that others wait for. */
  readonly holders = new HolderList();

  /** `validated` false: who waits for it is known, but teaches the validator nothing. */
  constructor(ctx: LockContext, cls: LockClass, name: string, validated = true) {
    this.ctx = ctx;
    this.cls = cls;
    this.name = name;
    this.dep = validated ? ctx.dep : null;
  }

  /** The task is now the one that is waited for. */
  hold(task: Task, mode: LockMode = EXCLUSIVE): Guard {
    this.ctx.rt.touch(this, Access.JOINT);
    const node = this.dep === null ? null : this.dep.check(task, this.cls, mode | TRY, this);
    this.holders.push(task);
    return new Guard(this, task, mode | TRY, node);
  }

  /** The task runs a section that others flush: unlike `hold`, what it already holds must not depend on it. */
  enter(task: Task): Guard {
    this.ctx.rt.touch(this, Access.JOINT);
    const node = this.dep === null ? null : this.dep.check(task, this.cls, EXCLUSIVE, this);
    this.holders.push(task);
    return new Guard(this, task, EXCLUSIVE, node);
  }

  unlock(guard: Guard): void {
    this.ctx.rt.touch(this, Access.JOINT);
    guard.pop();
    this.holders.remove(guard.task);
  }

  refuse(guard: Guard, by: Task | 'unpin'): void {
    reportMisuse(this.ctx, refusal(guard, by));
  }

  free(): void {
    // Nobody queues for the map itself: waiters are woken by what it belongs to.
  }

  retake(): never {
    throw new Error(`${this.name} is held, not waited for`);
  }

  visitHolders(visit: (holder: Task) => boolean): boolean {
    return this.holders.some(visit);
  }
}
