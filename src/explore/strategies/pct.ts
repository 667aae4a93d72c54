/**
 * PCT, probabilistic concurrency testing: random priorities, and d - 1 places where whoever is ahead falls behind. A bug that needs d
 * constraints in n tasks and k choices is hit with a probability of about 1/(n * k^(d-1)) in each run, and one that needs more never is.
 *
 * In half of the runs each place puts the task behind all that fell before it, which is what turns in alternation need; in the others
 * the places are in random order, which the guarantee needs.
 */
import { Prng } from '../../base/prng.ts';
import type { Runnable, Strategy } from '../../runtime/strategy.ts';
import type { Search, SearchOptions } from '../search.ts';
import { slotOf } from './slots.ts';
import { YieldWatch } from './yields.ts';

const RANGE = 0x100000000;

export class Pct implements Search, Strategy {
  readonly name: string;
  readonly exhaustive = false;
  readonly asksAlways = true;
  private readonly random: Prng;
  /** Choice numbers, from 1, at which the one ahead falls behind, ... */
  private readonly changeAt: number[] = [];
  /** ... and the priority that it gets. */
  private readonly changeTo: number[] = [];
  private readonly yields = new YieldWatch();
  /** 1 to 2 at first, above 0 and below 1 after a change, below 0 after a yield. */
  private priorities: number[] = [];
  private choices = 0;
  private longest = 0;
  private bottom = 0;

  /** `depth`: constraints that a bug needs, at least 1. */
  constructor({ seed }: SearchOptions, depth: number) {
    this.name = `pct${depth}`;
    this.random = new Prng(seed);
    for (let i = 1; i < depth; i++) {
      this.changeAt.push(0);
      this.changeTo.push((depth - i) / depth);
    }
  }

  next(): Strategy {
    this.priorities = [];
    this.yields.begin();
    this.choices = 0;
    this.bottom = 0;
    const { changeAt, changeTo, random } = this;
    for (let i = 0; i < changeAt.length; i++) changeAt[i] = this.longest === 0 ? 0 : 1 + random.below(this.longest);
    changeAt.sort((a, b) => a - b);
    changeTo.sort((a, b) => b - a);
    if (random.oneIn(2)) shuffle(changeTo, random);
    return this;
  }

  ended(): void {
    if (this.choices > this.longest) this.longest = this.choices;
  }

  choose(candidates: readonly Runnable[], n: number): number {
    const yielded = this.yields.yielded();
    if (yielded !== null) this.priorities[slotOf(yielded)] = --this.bottom;
    const chosen = n === 1 ? 0 : this.pick(candidates, n);
    this.yields.chosen(candidates[chosen]!);
    return chosen;
  }

  chooseValue(_site: string, n: number): number {
    return this.random.below(n);
  }

  private pick(candidates: readonly Runnable[], n: number): number {
    const now = ++this.choices;
    // How long a run is shows only at the end of one: the first is a random walk.
    if (this.longest === 0) return this.random.below(n);
    let first = this.first(candidates, n);
    for (let i = 0; i < this.changeAt.length; i++) {
      if (this.changeAt[i] !== now) continue;
      this.priorities[slotOf(candidates[first]!)] = this.changeTo[i]!;
      first = this.first(candidates, n);
    }
    return first;
  }

  private first(candidates: readonly Runnable[], n: number): number {
    let first = 0;
    let highest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < n; i++) {
      const priority = (this.priorities[slotOf(candidates[i]!)] ??= 1 + this.random.next() / RANGE);
      if (priority <= highest) continue;
      highest = priority;
      first = i;
    }
    return first;
  }
}

function shuffle(list: number[], random: Prng): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const value = list[i]!;
    list[i] = list[j]!;
    list[j] = value;
  }
}
