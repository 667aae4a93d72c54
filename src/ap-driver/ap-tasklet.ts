/**
 * The poll tasklet of a bus and its one shared timer (ap_tasklet_fn, ap_wait and ap_poll_timer in drivers/s390/crypto/ap_bus.c).
 */
import { Access } from '../runtime/access.ts';
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
  /** Wakes the poll thread, which then polls instead of the timer; false when there is none. */
  wakePollThread?(): boolean;
  /** poll_timeout; default 0.25 ms. */
  readonly highTimeoutMs?: number;
  /** Default 40 ms; null: as the other one (kernels before 6.3 know one wait only). */
  readonly lowTimeoutMs?: number | null;
}

const DEFAULT_HIGH_MS = 0.25;
const DEFAULT_LOW_MS = 40;
/** Instructions take time in a machine, and none on the clock here: polling with a shorter time would not let it go on. */
const LEAST_MS = 0.01;

export class ApTasklet {
  readonly queues: ReadonlySet<ApQueue>;
  private readonly members = new Set<ApQueue>();
  private readonly rt: Runtime;
  private readonly options: ApTaskletOptions;
  private highMs: number;
  /** Armed and left alone by whoever acts on a wait, under whatever lock. */
  private timer: Timer | null = null;
  /** Who runs it, and whether somebody else has asked meanwhile. */
  private readonly turn = { running: false, again: false };

  constructor(rt: Runtime, options: ApTaskletOptions) {
    this.rt = rt;
    this.options = options;
    this.highMs = options.highTimeoutMs ?? DEFAULT_HIGH_MS;
    this.queues = this.members;
  }

  get timerArmed(): boolean {
    this.rt.touch(this, Access.READ);
    return this.timer !== null;
  }

  /** poll_timeout in milliseconds. */
  get highTimeoutMs(): number {
    this.rt.touch(this, Access.READ);
    return this.highMs;
  }

  /** A write to poll_timeout; below 10 us nothing gets faster. The timer starts afresh with the new time, even when nobody waited for it. */
  setHighTimeout(ms: number): void {
    this.rt.touch(this, Access.WRITE);
    this.highMs = ms;
    this.stop();
    this.arm(ms);
  }

  /** Does the hardware have a request of any queue? What keeps the poll thread going. */
  get pending(): boolean {
    for (const queue of this.inTurn()) {
      // In the open: whoever changes the count holds the lock.
      this.rt.touch(queue.lock, Access.READ);
      if (queue.queueCount > 0) return true;
    }
    return false;
  }

  add(queue: ApQueue): void {
    this.rt.touch(this.members, Access.WRITE);
    this.members.add(queue);
    queue.onWait = (wait) => this.act(wait);
    queue.onTimeout = () => this.options.schedule();
  }

  remove(queue: ApQueue): void {
    this.rt.touch(this.members, Access.WRITE);
    this.members.delete(queue);
    queue.onWait = () => undefined;
    queue.onTimeout = () => undefined;
  }

  /** Polls every queue. A tasklet runs on one CPU at a time: a second caller makes the first one go round once more. */
  async run(task: Task): Promise<void> {
    const { turn } = this;
    this.rt.touch(turn, Access.WRITE);
    if (turn.running) {
      turn.again = true;
      return;
    }
    turn.running = true;
    try {
      do {
        turn.again = false;
        await this.pass(task);
        this.rt.touch(turn, Access.WRITE);
      } while (turn.again);
    } finally {
      turn.running = false;
    }
  }

  /** What is done about a wait. An armed timer is left alone, even one that is slower than what is asked for now. */
  act(wait: ApWait): void {
    if (wait === 'none') return;
    if (wait === 'again' || wait === 'interrupt') {
      if (this.options.useInterrupts() || this.options.wakePollThread?.() === true) return;
    }
    if (this.timerArmed) return;
    const { lowTimeoutMs = DEFAULT_LOW_MS } = this.options;
    this.arm(wait === 'low-timeout' ? (lowTimeoutMs ?? this.highMs) : this.highMs);
  }

  /** Disarms the timer: the bus goes away. */
  stop(): void {
    this.rt.touch(this, Access.WRITE);
    this.timer?.cancel();
    this.timer = null;
  }

  private arm(ms: number): void {
    this.rt.touch(this, Access.WRITE);
    this.timer = this.rt.timer('AP poll timer', Math.max(ms, LEAST_MS), () => {
      this.rt.touch(this, Access.WRITE);
      this.timer = null;
      this.options.schedule();
    });
  }

  private async pass(task: Task): Promise<void> {
    this.options.clearNotification?.();
    let wait: ApWait = 'none';
    for (const queue of this.inTurn()) wait = moreUrgent(wait, await queue.poll(task));
    this.act(wait);
  }

  /** Queues come and go meanwhile: each look at what is next is one of its own. */
  private *inTurn(): IterableIterator<ApQueue> {
    this.rt.touch(this.members, Access.READ);
    for (const queue of this.members) {
      yield queue;
      this.rt.touch(this.members, Access.READ);
    }
  }
}
