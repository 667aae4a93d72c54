/**
 * The request timer of a queue (struct ap_queue.timeout): runs while the hardware has requests of ours. Its end is only noted here; the
 * TIMEOUT event runs in the next poll, because a timer has no task that could take the lock of the queue.
 */
import type { Runtime, Timer } from '../runtime/runtime.ts';

export class RequestTimer {
  expired = false;
  private readonly rt: Runtime;
  private readonly name: string;
  private readonly ms: number;
  private readonly onExpire: () => void;
  private timer: Timer | null = null;

  constructor(rt: Runtime, name: string, options: { ms: number; onExpire: () => void }) {
    this.rt = rt;
    this.name = name;
    this.ms = options.ms;
    this.onExpire = options.onExpire;
  }

  /** Full time from now on. */
  restart(): void {
    this.cancel();
    this.timer = this.rt.timer(this.name, this.ms, () => {
      this.timer = null;
      this.expired = true;
      this.onExpire();
    });
  }

  cancel(): void {
    this.expired = false;
    this.timer?.cancel();
    this.timer = null;
  }
}
