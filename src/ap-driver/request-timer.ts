/**
 * The request timer of a queue (struct ap_queue.timeout): runs while the hardware has requests of ours. Its end is only noted here; the
 * TIMEOUT event runs in the next poll, because a timer has no task that could take the lock of the queue.
 */
import { Access } from '../runtime/access.ts';
import type { Runtime, Timer } from '../runtime/runtime.ts';

export class RequestTimer {
  private readonly rt: Runtime;
  private readonly name: string;
  private readonly ms: number;
  private readonly onExpire: () => void;
  private timer: Timer | null = null;
  private ended = false;

  constructor(rt: Runtime, name: string, options: { ms: number; onExpire: () => void }) {
    this.rt = rt;
    this.name = name;
    this.ms = options.ms;
    this.onExpire = options.onExpire;
  }

  /** The timer ends without the lock of the queue: whoever asks, starts or stops it comes before or after that. */
  takeExpired(): boolean {
    this.rt.touch(this, this.ended ? Access.WRITE : Access.READ);
    const { ended } = this;
    this.ended = false;
    return ended;
  }

  /** Full time from now on. */
  restart(): void {
    this.cancel();
    this.timer = this.rt.timer(this.name, this.ms, () => {
      this.rt.touch(this, Access.WRITE);
      this.timer = null;
      this.ended = true;
      this.onExpire();
    });
  }

  cancel(): void {
    this.rt.touch(this, Access.WRITE);
    this.ended = false;
    this.timer?.cancel();
    this.timer = null;
  }
}
