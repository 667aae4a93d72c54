/**
 * How much longer an operation is worth trying: a limit on the time its vCPU has spent waiting for it, not on the clock. A clock that jumps
 * (a vCPU that was not scheduled for long, virtual time) takes one slice only, so that somebody is given up for being silent, not for
 * being slow to be noticed.
 */
export class Patience {
  /** Longest single wait. */
  static readonly SLICE_MS = 50;
  private rest: number;
  private readonly stopRequested: () => boolean;
  private readonly graceMs: number;
  private hurried = false;

  /** After `stopRequested` at most `graceMs` are left. */
  constructor(limitMs: number, stopRequested: () => boolean, graceMs: number) {
    this.rest = limitMs;
    this.stopRequested = stopRequested;
    this.graceMs = graceMs;
  }

  /** Milliseconds of waiting left; 0 when it is used up. */
  get left(): number {
    if (!this.hurried && this.stopRequested()) {
      this.hurried = true;
      this.rest = Math.min(this.rest, this.graceMs);
    }
    return this.rest;
  }

  /** A wait that was to last `ms` at most took `elapsed`. */
  spend(elapsed: number, ms: number): void {
    this.rest = Math.max(0, this.rest - Math.min(elapsed, ms));
  }
}
