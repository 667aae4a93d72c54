/**
 * Walks through all schedules of a small program, one run each, depth first: the oracle that other strategies and rules are compared with.
 */
import type { Runnable, Strategy } from '../../src/runtime/strategy.ts';

export class DfsStrategy implements Strategy {
  private readonly path: number[] = [];
  private readonly widths: number[] = [];
  private depth = 0;

  /** Before each run. */
  begin(): void {
    this.depth = 0;
  }

  choose(_candidates: readonly Runnable[], n: number): number {
    return this.branch(n);
  }

  chooseValue(_site: string, n: number): number {
    return this.branch(n);
  }

  /** After each run: false when no schedule is left. */
  advance(): boolean {
    this.path.length = this.depth;
    while (this.path.length > 0) {
      const last = this.path.length - 1;
      this.path[last]! += 1;
      if (this.path[last]! < this.widths[last]!) return true;
      this.path.pop();
    }
    return false;
  }

  private branch(n: number): number {
    const at = this.depth++;
    this.widths[at] = n;
    return (this.path[at] ??= 0);
  }
}
