/**
 * Completion (kernel/sched/completion.c): waited for until it is done. Who completes it is known to the validator in two ways: a section
 * that has promised to holds its map, and `completedUnder` declares what completing code has to take, before it ever ran.
 */
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { Guard } from './guard.ts';
import type { LockClass } from './lock-class.ts';
import type { LockContext } from './lock-context.ts';
import type { LockMap } from './lock-map.ts';
import { WaitQueue, type WaitOptions } from './wait-queue.ts';

export interface CompletionOptions {
  /** Classes that the code which completes it takes on its way: waiting for it with one of them held is then reported at the first time. */
  readonly completedUnder?: readonly LockClass[];
}

export class Completion {
  private readonly queue: WaitQueue;
  /** How many waits may still pass; Infinity after `completeAll`. */
  private passes = 0;

  constructor(ctx: LockContext, map: LockMap, options: CompletionOptions = {}) {
    this.queue = new WaitQueue(ctx, map);
    for (const cls of options.completedUnder ?? []) map.dep?.declareOrder([map.cls.name, cls.name], `the code that completes ${map.name}`);
  }

  get done(): boolean {
    return this.passes > 0;
  }

  /** Declares that this task is going to complete it: waiters then wait for this task. */
  promise(task: Task): Guard {
    return this.queue.map.hold(task);
  }

  /** False when a limit of the wait (time, signal) came first. */
  wait(task: Task, options?: WaitOptions): MaybePromise<boolean> {
    return this.queue.wait(task, this.pass, options);
  }

  /** Lets one wait pass, now or later. `by` is null when the hardware completes it. */
  completeOne(by: Task | null): void {
    this.passes++;
    this.queue.wakeAll(by);
  }

  /** Lets every wait pass until `reinit`. */
  completeAll(by: Task | null): void {
    this.passes = Number.POSITIVE_INFINITY;
    this.queue.wakeAll(by);
  }

  /** Arms it again. */
  reinit(): void {
    this.passes = 0;
  }

  /** Asked without any suspension before the wait goes on: whoever asks first takes the pass. */
  private readonly pass = (): boolean => {
    if (this.passes === 0) return false;
    this.queue.touched();
    this.passes--;
    return true;
  };
}
