/**
 * Depth first over every schedule, or every schedule with few enough preemptions or delays: no reduction, so it is the oracle that others are
 * compared with, and useless beyond a few tasks. The task that runs is tried first.
 */
import type { Runnable, Strategy } from '../../runtime/strategy.ts';
import type { Search } from '../search.ts';

export class Dfs implements Search, Strategy {
  readonly name = 'dfs';
  readonly exhaustive = true;
  private readonly path: number[] = [];
  private readonly widths: number[] = [];
  private depth = 0;
  private finished = false;

  next(): Strategy | null {
    this.depth = 0;
    return this.finished ? null : this;
  }

  ended(): void {
    this.path.length = this.depth;
    while (this.path.length > 0) {
      const last = this.path.length - 1;
      this.path[last]! += 1;
      if (this.path[last]! < this.widths[last]!) return;
      this.path.pop();
    }
    this.finished = true;
  }

  choose(candidates: readonly Runnable[], n: number, running: Runnable | null): number {
    const branch = this.branch(n);
    if (running === null) return branch;
    const at = indexOf(candidates, n, running);
    // The running one first, the others in their order.
    if (at < 0) return branch;
    return branch === 0 ? at : branch <= at ? branch - 1 : branch;
  }

  chooseValue(_site: string, n: number): number {
    return this.branch(n);
  }

  private branch(n: number): number {
    const at = this.depth++;
    this.widths[at] = n;
    return (this.path[at] ??= 0);
  }
}

function indexOf(candidates: readonly Runnable[], n: number, who: Runnable): number {
  for (let i = 0; i < n; i++) if (candidates[i] === who) return i;
  return -1;
}
