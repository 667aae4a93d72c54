/**
 * Active references (fs/kernfs: kn->active): users hold one while they run a show or store; removal forbids new ones and waits for the
 * running ones. A user takes a recursive read trylock of the map, removal waits for it exclusively.
 */
import type { Task } from '../runtime/task.ts';
import type { Guard } from './guard.ts';
import type { LockClass } from './lock-class.ts';
import type { LockContext } from './lock-context.ts';
import { LockMap } from './lock-map.ts';
import { RECURSIVE } from './modes.ts';
import { WaitQueue } from './wait-queue.ts';

/** Wakes the removal however the last reference is given back: by `put`, or by the end of a `using` scope. */
class ReferenceMap extends LockMap {
  readonly drained: WaitQueue;

  constructor(ctx: LockContext, cls: LockClass, name: string) {
    super(ctx, cls, name);
    this.drained = new WaitQueue(ctx, this);
  }

  override unlock(guard: Guard): void {
    super.unlock(guard);
    if (this.holders.length === 0) this.drained.wakeAll(guard.task);
  }
}

export class ActiveReference {
  private readonly map: ReferenceMap;
  private removed = false;

  constructor(ctx: LockContext, cls: LockClass, name: string) {
    this.map = new ReferenceMap(ctx, cls, name);
  }

  /** Null when the object is being removed. */
  get(task: Task): Guard | null {
    return this.removed ? null : this.map.hold(task, RECURSIVE);
  }

  put(guard: Guard): void {
    guard.release();
  }

  /** Forbids new users and waits for those inside. */
  async drain(task: Task): Promise<void> {
    this.removed = true;
    await this.map.drained.wait(task, () => this.map.holders.length === 0);
  }
}
