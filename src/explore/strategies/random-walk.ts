/**
 * Random walk: everybody who can go on is as likely as everybody else. Cheap and good for shallow bugs; long stretches of one task are
 * exponentially unlikely.
 */
import { Prng } from '../../base/prng.ts';
import { RandomStrategy } from '../../runtime/random-strategy.ts';
import type { Strategy } from '../../runtime/strategy.ts';
import type { Search, SearchOptions } from '../search.ts';

export class RandomWalk implements Search {
  readonly name = 'random';
  readonly exhaustive = false;
  private readonly seeds: Prng;

  constructor({ seed }: SearchOptions) {
    this.seeds = new Prng(seed);
  }

  next(): Strategy {
    return new RandomStrategy(this.seeds.next());
  }

  ended(): void {
    // Nothing to learn: executions are independent of each other.
  }
}
