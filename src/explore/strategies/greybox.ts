/**
 * Greybox: schedules that brought something new (a hand-over of an object between two tasks that had not been seen) are kept and varied: they
 * have reached places at which more may be found than at random ones.
 */
import { Prng } from '../../base/prng.ts';
import type { Runnable, Strategy } from '../../runtime/strategy.ts';
import type { ExecutionFacts, Search, SearchOptions } from '../search.ts';

interface Entry {
  readonly choices: readonly number[];
  /** Variations that are still to be tried. */
  left: number;
}

/** Variations of a schedule that brought new coverage, ... */
const OF_COVERAGE = 16;
/** ... and of one that only ordered its steps in a new way, tried while there is nothing better. */
const OF_TRACE = 2;
const KEPT_MAX = 256;
/** Choices that one variation makes anew. */
const CHANGES = 5;
/** One execution in so many is a random walk. */
const RANDOM_IN = 4;
/** In place of a choice that is to be made anew: no id, no value. */
const ANEW = Number.MAX_SAFE_INTEGER;

export class Greybox implements Search, Strategy {
  readonly name = 'greybox';
  readonly exhaustive = false;
  private readonly random: Prng;
  private readonly corpus: Entry[] = [];
  private plan: number[] = [];
  private made: number[] = [];

  constructor({ seed }: SearchOptions) {
    this.random = new Prng(seed);
  }

  next(): Strategy {
    this.made = [];
    this.plan = this.random.oneIn(RANDOM_IN) ? [] : this.vary();
    return this;
  }

  ended({ newCoverage, newTrace }: ExecutionFacts): void {
    const left = newCoverage ? OF_COVERAGE : newTrace && !this.corpus.some((entry) => entry.left > 0) ? OF_TRACE : 0;
    if (left === 0 || this.made.length === 0) return;
    this.corpus.push({ choices: this.made, left });
    if (this.corpus.length > KEPT_MAX) this.corpus.shift();
  }

  choose(candidates: readonly Runnable[], n: number): number {
    const planned = this.plan[this.made.length] ?? ANEW;
    let chosen = planned === ANEW ? -1 : indexOf(candidates, n, planned);
    if (chosen < 0) chosen = this.random.below(n);
    this.made.push(candidates[chosen]!.id);
    return chosen;
  }

  chooseValue(_site: string, n: number): number {
    const planned = this.plan[this.made.length] ?? ANEW;
    const value = planned >= 0 && planned < n ? planned : this.random.below(n);
    this.made.push(value);
    return value;
  }

  private vary(): number[] {
    const entry = this.entry();
    if (entry === null) return [];
    entry.left--;
    const { random } = this;
    const plan = [...entry.choices];
    const at = random.below(plan.length);
    switch (random.below(4)) {
      case 0:
        plan.length = at;
        break;
      case 1:
        // The beginning of one, the end of another.
        plan.splice(at, plan.length, ...random.pick(this.corpus).choices.slice(at));
        break;
      default:
        for (let i = 0; i < CHANGES; i++) plan[random.below(plan.length)] = ANEW;
    }
    return plan;
  }

  /** The newest that has variations left, or any; null when there is none. */
  private entry(): Entry | null {
    for (let i = this.corpus.length - 1; i >= 0; i--) if (this.corpus[i]!.left > 0) return this.corpus[i]!;
    return this.corpus.length === 0 ? null : this.random.pick(this.corpus);
  }
}

function indexOf(candidates: readonly Runnable[], n: number, id: number): number {
  for (let i = 0; i < n; i++) if (candidates[i]!.id === id) return i;
  return -1;
}
