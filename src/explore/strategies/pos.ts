/**
 * POS, partial order sampling: every announced step has a random priority and the highest goes on; those that it raced with draw again.
 * Orders of steps that have nothing to do with each other take no part in the lottery.
 */
import { races } from '../../runtime/access.ts';
import { Prng } from '../../base/prng.ts';
import { nextAccess, nextObject } from '../../runtime/footprint.ts';
import type { Runnable, Strategy } from '../../runtime/strategy.ts';
import type { Search, SearchOptions } from '../search.ts';
import { slotOf } from './slots.ts';

/** Has to draw: below every priority. */
const NONE = -1;

export class Pos implements Search, Strategy {
  readonly name = 'pos';
  readonly exhaustive = false;
  readonly asksAlways = true;
  private readonly random: Prng;
  private priorities: number[] = [];

  constructor({ seed }: SearchOptions) {
    this.random = new Prng(seed);
  }

  next(): Strategy {
    this.priorities = [];
    return this;
  }

  ended(): void {
    // Nothing to learn: executions are independent of each other.
  }

  choose(candidates: readonly Runnable[], n: number): number {
    const { priorities } = this;
    let first = 0;
    let highest = NONE;
    for (let i = 0; i < n; i++) {
      const slot = slotOf(candidates[i]!);
      let priority = priorities[slot] ?? NONE;
      if (priority === NONE) priorities[slot] = priority = this.random.next();
      if (priority <= highest) continue;
      highest = priority;
      first = i;
    }
    const chosen = candidates[first]!;
    priorities[slotOf(chosen)] = NONE;
    if (n > 1) this.redraw(candidates, n, chosen);
    return first;
  }

  chooseValue(_site: string, n: number): number {
    return this.random.below(n);
  }

  private redraw(candidates: readonly Runnable[], n: number, chosen: Runnable): void {
    const object = nextObject(chosen);
    if (object === null) return;
    const access = nextAccess(chosen);
    for (let i = 0; i < n; i++) {
      const other = candidates[i]!;
      if (other !== chosen && nextObject(other) === object && races(access, nextAccess(other))) this.priorities[slotOf(other)] = NONE;
    }
  }
}
