/**
 * Spin-like lock (kernel/locking/spinlock.c): its owner must not sleep. Tasks stand for CPUs, so others may come while it is held, and wait.
 * Sleeping locks and waits inside are found by the validator at the first time (wait contexts). Sleeps of the runtime are found here: in
 * the live runtime a section that only takes other spin locks is over within its turn of the event loop, in the controlled one
 * whoever has to wait looks at what the owner does.
 */
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { findHeld, type Guard } from './guard.ts';
import type { LockClass } from './lock-class.ts';
import type { LockContext } from './lock-context.ts';
import { Mutex } from './mutex.ts';
import type { AcquireOptions, SureOptions } from './lock.ts';

/** Operations of the runtime that nobody may announce with a spin lock held. */
const SLEEPS: ReadonlySet<string> = new Set(['sleep', 'park', 'join']);

export class SpinLock extends Mutex {
  private watching = false;

  constructor(ctx: LockContext, cls: LockClass, name: string) {
    if (!cls.spin) throw new Error(`${name}: expected a class that is declared spin, got ${cls.name}`);
    super(ctx, cls, name);
  }

  override get opName(): string {
    return 'spin';
  }

  override acquire(task: Task, options?: SureOptions): MaybePromise<Guard>;
  override acquire(task: Task, options: AcquireOptions): MaybePromise<Guard | null>;
  override acquire(task: Task, options?: AcquireOptions): MaybePromise<Guard | null> {
    if (!this.ctx.rt.controlled && !this.watching) this.watch();
    return options === undefined ? super.acquire(task) : super.acquire(task, options);
  }

  override blocked(task: Task): void {
    const { owner } = this;
    const op = owner?.op?.opName;
    if (owner !== null && op !== undefined && SLEEPS.has(op)) this.slept(owner, `${task.name} wants it while the owner is in ${op}`);
    super.blocked(task);
  }

  /** Live runtime: one look at the end of this turn, however often the lock is taken in it. */
  private watch(): void {
    this.watching = true;
    this.ctx.rt.timer(`spin section of ${this.name}`, 0, () => {
      this.watching = false;
      if (this.owner !== null) this.slept(this.owner, 'the turn of the event loop is over');
    });
  }

  private slept(owner: Task, seen: string): void {
    const guard = findHeld(owner, this);
    // Its release has been announced and is only not visible yet.
    if (guard === null) return;
    this.misuse('spin-sleep', owner, `${owner.name} sleeps with the spin lock ${this.name} held: ${seen}`, [guard]);
  }
}
