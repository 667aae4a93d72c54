/**
 * Latencies in buckets of 1.6 % width: percentiles of any number of operations in bounded memory.
 */
const BUCKETS_PER_OCTAVE = 44;
/** 2^-10 ms to 2^21 ms (35 minutes); what is outside counts in the first or last bucket. */
const FIRST_OCTAVE = -10;
const OCTAVES = 31;

export class LatencyHistogram {
  /** Made with the first operation: a guest that has none needs no table. */
  private buckets: Uint32Array | null = null;
  private total = 0;
  private largest = 0;

  get count(): number {
    return this.total;
  }

  add(ms: number): void {
    const at = Math.floor((Math.log2(Math.max(ms, Number.MIN_VALUE)) - FIRST_OCTAVE) * BUCKETS_PER_OCTAVE);
    const buckets = (this.buckets ??= new Uint32Array(OCTAVES * BUCKETS_PER_OCTAVE));
    buckets[Math.min(Math.max(at, 0), buckets.length - 1)]!++;
    this.total++;
    this.largest = Math.max(this.largest, ms);
  }

  /** Milliseconds that this share (0 to 1) of the operations did not exceed, within half the width of a bucket; 0 without operations. */
  percentile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.total));
    let seen = 0;
    for (const [at, n] of this.buckets?.entries() ?? []) {
      seen += n;
      if (n > 0 && seen >= rank) return Math.min(this.largest, 2 ** ((at + 0.5) / BUCKETS_PER_OCTAVE + FIRST_OCTAVE));
    }
    return this.largest;
  }
}
