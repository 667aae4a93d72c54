/**
 * URW, uniform random walk: each task is drawn in proportion to the steps that it still has to make, its spawned tasks included. As likely as
 * each other are then schedules, not steps, as long as the counts are right and nobody waits.
 */
import { Prng } from '../../base/prng.ts';
import type { Runnable, Strategy } from '../../runtime/strategy.ts';
import type { Search, SearchOptions } from '../search.ts';
import { EventCounts, type TaskEvents } from './event-counts.ts';

export class Urw implements Search, Strategy {
  readonly name = 'urw';
  readonly exhaustive = false;
  readonly asksAlways = true;
  private readonly random: Prng;
  private readonly counts = new EventCounts();
  private readonly entries: TaskEvents[] = [];
  private last: Runnable | null = null;

  constructor({ seed }: SearchOptions) {
    this.random = new Prng(seed);
  }

  next(): Strategy {
    this.counts.begin();
    this.last = null;
    return this;
  }

  ended(): void {
    this.counts.ended();
  }

  choose(candidates: readonly Runnable[], n: number): number {
    const { entries, counts } = this;
    // All are looked up first: a task that is new takes its share from the one that spawned it.
    for (let i = 0; i < n; i++) entries[i] = counts.of(candidates[i]!, this.last);
    let sum = 0;
    for (let i = 0; i < n; i++) sum += Math.max(1, entries[i]!.left);
    let draw = n === 1 ? 0 : this.random.below(sum);
    let chosen = 0;
    while (chosen < n - 1 && (draw -= Math.max(1, entries[chosen]!.left)) >= 0) chosen++;
    const events = entries[chosen]!;
    events.made++;
    events.left--;
    this.last = candidates[chosen]!;
    return chosen;
  }

  chooseValue(_site: string, n: number): number {
    return this.random.below(n);
  }
}
