/**
 * Uniform random walk from a seed.
 */
import { Prng } from '../base/prng.ts';
import type { Runnable, Strategy } from './strategy.ts';

export class RandomStrategy implements Strategy {
  private readonly random: Prng;

  constructor(seed: number) {
    this.random = new Prng(seed);
  }

  choose(_candidates: readonly Runnable[], n: number): number {
    return this.random.below(n);
  }

  chooseValue(_site: string, n: number): number {
    return this.random.below(n);
  }
}
