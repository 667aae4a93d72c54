/**
 * What a guest's workload has done so far; all vCPUs add to it.
 */
import { LatencyHistogram } from './latency-histogram.ts';

const KEPT_COMPLAINTS = 5;

export class GuestStatistics {
  /** Operations that ended: verified or error. */
  operations = 0;
  verified = 0;
  /** Attempts beyond the first one of each operation. */
  retries = 0;
  /** Wrong result, refused, or given up. */
  errors = 0;
  /** Time from the first failed attempt of an operation to its end, summed up. */
  stallMs = 0;
  readonly latency = new LatencyHistogram();
  /** Text of the first errors. */
  readonly complaints: string[] = [];

  get p50Ms(): number {
    return this.latency.percentile(0.5);
  }

  get p99Ms(): number {
    return this.latency.percentile(0.99);
  }

  succeeded(ms: number): void {
    this.operations++;
    this.verified++;
    this.latency.add(ms);
  }

  failed(ms: number, why: string): void {
    this.operations++;
    this.errors++;
    this.latency.add(ms);
    if (this.complaints.length < KEPT_COMPLAINTS) this.complaints.push(why);
  }
}
