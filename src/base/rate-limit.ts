/**
 * How often one message may be in the kernel log (lib/ratelimit.c, as pr_notice_ratelimited uses it): so many in an interval that begins
 * with the first of them. What is left out is counted and told with the first message of the next interval.
 */

const INTERVAL_MS = 5000;
const BURST = 10;

export class RateLimit {
  private readonly intervalMs: number;
  private readonly burst: number;
  private begin: number | null = null;
  private written = 0;
  private missed = 0;

  /** The defaults are those of printk: 10 messages in 5 seconds. */
  constructor({ intervalMs = INTERVAL_MS, burst = BURST }: { intervalMs?: number; burst?: number } = {}) {
    this.intervalMs = intervalMs;
    this.burst = burst;
  }

  /**
   * Whether the message of this moment (milliseconds) is written: then the number of messages left out since the last interval began to be
   * full, else null. Nothing but the log depends on it, so an explorer need not know who came first.
   */
  admit(now: number): { readonly suppressed: number } | null {
    if (this.begin !== null && now > this.begin + this.intervalMs) this.begin = null;
    let suppressed = 0;
    if (this.begin === null) {
      this.begin = now;
      this.written = 0;
      suppressed = this.missed;
      this.missed = 0;
    }
    if (this.written >= this.burst) {
      this.missed++;
      return null;
    }
    this.written++;
    return { suppressed };
  }
}
