/**
 * How many schedules are there? Knuth's estimator: over random walks, the mean of the product of the numbers of possibilities. Unbiased,
 * and weak where the tree is skewed; the standard error says how weak.
 */
import type { Runnable, Strategy } from '../runtime/strategy.ts';

class Probe implements Strategy {
  product = 1;
  private readonly inner: Strategy;

  constructor(inner: Strategy) {
    this.inner = inner;
  }

  choose(candidates: readonly Runnable[], n: number, running: Runnable | null): number {
    this.product *= n;
    return this.inner.choose(candidates, n, running);
  }

  chooseValue(site: string, n: number): number {
    this.product *= n;
    return this.inner.chooseValue(site, n);
  }
}

export class Estimator {
  private walks = 0;
  private sum = 0;
  private squares = 0;
  private current: Probe | null = null;

  /** The strategy to run; walks that are uniformly random are measured. */
  probe(strategy: Strategy, uniform: boolean): Strategy {
    this.current = uniform ? new Probe(strategy) : null;
    return this.current ?? strategy;
  }

  /** The execution is over. */
  ended(): void {
    if (this.current === null) return;
    const { product } = this.current;
    this.current = null;
    this.walks++;
    this.sum += product;
    this.squares += product * product;
  }

  /** Null before the first walk. */
  get mean(): number | null {
    return this.walks === 0 ? null : this.sum / this.walks;
  }

  result(): { schedules: number; error: number; walks: number } | null {
    const { walks, mean } = this;
    if (mean === null) return null;
    const variance = Math.max(0, this.squares / walks - mean * mean);
    return { schedules: mean, error: Math.sqrt(variance / walks), walks };
  }
}
