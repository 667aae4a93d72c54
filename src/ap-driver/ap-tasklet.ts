/**
 * The poll tasklet of a bus and its one shared timer (ap_tasklet_fn, ap_wait and ap_poll_timer in drivers/s390/crypto/ap_bus.c).
 */
import type { Runtime, Timer } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { moreUrgent, type ApWait } from './ap-wait.ts';
import type { ApQueue } from './ap-queue.ts';

export interface ApTaskletOptions {
  /** Somebody shall call `run` soon. Called from timers and from under locks of queues: must not sleep. */
  schedule(): void;
  /** Does the bus use interrupts? Then nobody polls for what an interrupt will tell. */
  useInterrupts(): boolean;
  /** Resets the notification byte; called before the queues are polled, so that no later reply goes unnoticed. */
  clearNotification?(): void;
  /** poll_timeout; default 0.25 ms. */
  readonly highTimeoutMs?: number;
  /** Default 40 ms. */
  readonly lowTimeoutMs?: number;
}

export class ApTasklet {
  readonly queues: ReadonlySet<ApQueue>;
  private readonly members = new Set<ApQueue>();
  private readonly rt: Runtime;
  private readonly options: ApTaskletOptions;
  private timer: Timer | null = null;
  private running = false;
  private again = false;

  constructor(rt: Runtime, options: ApTaskletOptions) {
    this.rt = rt;
    this.options = options;
    this.queues = this.members;
  }

  get timerArmed(): boolean {
    return this.timer !== null;
  }

  add(queue: ApQueue): void {
    this.members.add(queue);
    queue.onWait = (wait) => this.act(wait);
    queue.onTimeout = () => this.options.schedule();
  }

  remove(queue: ApQueue): void {
    this.members.delete(queue);
    queue.onWait = () => undefined;
    queue.onTimeout = () => undefined;
  }

  /** Polls every queue. A tasklet runs on one CPU at a time: a second caller makes the first one go round once more. */
  async run(task: Task): Promise<void> {
    if (this.running) {
      this.again = true;
      return;
    }
    this.running = true;
    try {
      do {
        this.again = false;
        await this.pass(task);
      } while (this.again);
    } finally {
      this.running = false;
    }
  }

  /** What is done about a wait. An armed timer is left alone, even one that is slower than what is asked for now. */
  act(wait: ApWait): void {
    if (wait === 'none' || this.timer !== null) return;
    if ((wait === 'again' || wait === 'interrupt') && this.options.useInterrupts()) return;
    const { highTimeoutMs = 0.25, lowTimeoutMs = 40 } = this.options;
    this.timer = this.rt.timer('AP poll timer', wait === 'low-timeout' ? lowTimeoutMs : highTimeoutMs, () => {
      this.timer = null;
      this.options.schedule();
    });
  }

  /** Disarms the timer: the bus goes away. */
  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  private async pass(task: Task): Promise<void> {
    this.options.clearNotification?.();
    let wait: ApWait = 'none';
    for (const queue of this.members) wait = moreUrgent(wait, await queue.poll(task));
    this.act(wait);
  }
}
