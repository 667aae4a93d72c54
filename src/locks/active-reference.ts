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

export class ActiveReference {
  private readonly drained: WaitQueue;
  private removed = false;

  constructor(ctx: LockContext, cls: LockClass, name: string) {
    this.drained = new WaitQueue(ctx, new LockMap(ctx, cls, name));
  }

  /** Null when the object is being removed. */
  get(task: Task): Guard | null {
    return this.removed ? null : this.drained.map.hold(task, RECURSIVE);
  }

  put(guard: Guard): void {
    if (!guard.live) return;
    guard.release();
    if (this.drained.map.holders.length === 0) this.drained.wakeAll(guard.task);
  }

  /** Forbids new users and waits for those inside. */
  async drain(task: Task): Promise<void> {
    this.removed = true;
    await this.drained.wait(task, () => this.drained.map.holders.length === 0);
  }
}
