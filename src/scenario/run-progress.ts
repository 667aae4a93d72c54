/**
 * How far the workloads of a run are, and who waits for that: events that begin at a share or a number of operations.
 * No kernel counterpart.
 */
import type { LockLayer } from '../locks/lock-layer.ts';
import { LockClass } from '../locks/lock-class.ts';
import type { WaitQueue } from '../locks/wait-queue.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';

const PROGRESS = new LockClass('workload progress', {
  idle: true,
  protects: 'waited for by events that begin at a share of the operations',
});

export class RunProgress {
  /** Operations that all workloads together are going to do; 0 until they are known. */
  expected = 0;
  private readonly count: () => number;
  private readonly reached: WaitQueue;
  private over = false;
  private stopped = false;

  /** `count` answers the operations done so far. */
  constructor(layer: LockLayer, count: () => number) {
    this.count = count;
    this.reached = layer.waitQueue(layer.map(PROGRESS, 'workload progress'));
  }

  get operations(): number {
    return this.count();
  }

  /** True when the workloads have ended, or were told to. */
  get ended(): boolean {
    return this.over;
  }

  /** Sleeps until that many operations are done; what is never reached begins when the workloads have ended. */
  waitFor(task: Task, operations: number): MaybePromise<boolean> {
    return this.reached.wait(task, () => this.over || this.count() >= operations);
  }

  /** Sleeps that long, or until everything is told to stop. False: it was told to. */
  async pause(task: Task, ms: number): Promise<boolean> {
    return !(await this.reached.wait(task, () => this.stopped, { timeoutMs: ms }));
  }

  /** The run comes to rest before its time: pauses end, whoever waits for a share goes on. */
  stop(): void {
    this.stopped = true;
    this.end();
  }

  /** An operation ended. */
  advance(): void {
    this.reached.wakeAll(null);
  }

  end(): void {
    this.over = true;
    this.reached.wakeAll(null);
  }
}
