/**
 * How long something took, over any number of samples in a fixed amount of memory: total, least, most, and percentiles to one part in
 * sixteen (kernel: struct lock_time has no percentiles; the shape is that of a log-linear histogram).
 */

/** Ticks in a millisecond: times below a sixteenth of a microsecond are one tick. */
const TICKS = 16_000;
/** Values below 16 have a bucket each, above that every power of two has eight, up to what a number counts exactly. */
const EXACT = 16;
const POWERS = 53;
const BUCKETS = EXACT + (POWERS - 4) * 8;
/** Below this the powers are found by whole numbers, which is faster. */
const WHOLE = 2 ** 31;
const MOST = 2 ** POWERS - 1;

export class TimeHistogram {
  count = 0;
  totalMs = 0;
  maxMs = 0;
  private least = Number.POSITIVE_INFINITY;
  /** Made with the first sample: most rows never have one. */
  private buckets: Uint32Array | null = null;

  get minMs(): number {
    return this.count === 0 ? 0 : this.least;
  }

  add(ms: number): void {
    this.count++;
    this.totalMs += ms;
    if (ms > this.maxMs) this.maxMs = ms;
    if (ms < this.least) this.least = ms;
    (this.buckets ??= new Uint32Array(BUCKETS))[bucketOf(ms)]!++;
  }

  /** The time that a share of the samples did not exceed; 0 when there is none. */
  quantileMs(share: number): number {
    const { buckets, count } = this;
    if (buckets === null) return 0;
    const rank = Math.max(1, Math.ceil(share * count));
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += buckets[i]!;
      if (seen >= rank) return Math.min(this.maxMs, Math.max(this.least, middleOf(i)));
    }
    return this.maxMs;
  }
}

function bucketOf(ms: number): number {
  const ticks = ms * TICKS;
  if (ticks >= WHOLE) return bucketOfLong(Math.min(ticks, MOST));
  const value = ticks | 0;
  if (value < EXACT) return value < 0 ? 0 : value;
  const power = 31 - Math.clz32(value);
  return EXACT + (power - 4) * 8 + ((value >> (power - 3)) & 7);
}

/** More than two minutes: virtual time may jump that far. */
function bucketOfLong(ticks: number): number {
  const power = Math.floor(Math.log2(ticks));
  return EXACT + (power - 4) * 8 + Math.min(7, Math.max(0, Math.floor((ticks / 2 ** power - 1) * 8)));
}

function middleOf(bucket: number): number {
  if (bucket < EXACT) return (bucket + 0.5) / TICKS;
  const power = 4 + ((bucket - EXACT) >> 3);
  const low = 2 ** power + ((bucket - EXACT) & 7) * 2 ** (power - 3);
  return (low + 2 ** (power - 4)) / TICKS;
}
