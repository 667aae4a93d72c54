/**
 * Completion (kernel/sched/completion.c): waited for until it is done once. Its map is held by the sections that promised to complete it.
 */
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { Guard } from './guard.ts';
import type { LockContext } from './lock-context.ts';
import type { LockMap } from './lock-map.ts';
import { WaitQueue } from './wait-queue.ts';

export class Completion {
  private readonly queue: WaitQueue;
  private complete = false;

  constructor(ctx: LockContext, map: LockMap) {
    this.queue = new WaitQueue(ctx, map);
  }

  get done(): boolean {
    return this.complete;
  }

  /** Declares that this task is going to complete it: waiters then wait for this task. */
  promise(task: Task): Guard {
    return this.queue.map.hold(task);
  }

  wait(task: Task): MaybePromise<boolean> {
    return this.queue.wait(task, () => this.complete);
  }

  /** `by` is null when the hardware completes it. */
  completeAll(by: Task | null): void {
    this.complete = true;
    this.queue.wakeAll(by);
  }

  /** Arms it again. */
  reinit(): void {
    this.complete = false;
  }
}
