/**
 * SURW, selective uniform random walk: uniform over the orders of the steps at one object, another one in each run, and random about the
 * rest. Of the tasks that come to the object the one goes first that was drawn, in proportion to the steps that it still has to make there;
 * the others stop in front of it meanwhile.
 */
import { Prng } from '../../base/prng.ts';
import { nextObject } from '../../runtime/footprint.ts';
import type { Runnable, Strategy } from '../../runtime/strategy.ts';
import { Task } from '../../runtime/task.ts';
import type { Search, SearchOptions } from '../search.ts';
import { ObjectCounts, type TaskObjects } from './object-counts.ts';
import { slotOf } from './slots.ts';

/** A task or timer of the run under way. */
interface Walker {
  readonly who: Runnable;
  readonly objects: TaskObjects;
  /** The object of its next step, or UNKNOWN. */
  next: number;
  /** Steps at the run's object that it still has to make, as far as is known. */
  left: number;
}

const UNKNOWN = -1;

export class Surw implements Search, Strategy {
  readonly name = 'surw';
  readonly exhaustive = false;
  readonly asksAlways = true;
  private readonly random: Prng;
  private readonly counts = new ObjectCounts();
  private walkers: Walker[] = [];
  private bySlot: (Walker | undefined)[] = [];
  /** Number of the run's object; null in runs that only learn. */
  private target: number | null = null;
  private intended: Walker | null = null;

  constructor({ seed }: SearchOptions) {
    this.random = new Prng(seed);
  }

  next(): Strategy {
    const { counts, random } = this;
    counts.begin();
    this.walkers = [];
    this.bySlot = [];
    this.intended = null;
    this.target = counts.shared.length === 0 ? null : random.pick(counts.shared);
    return this;
  }

  ended(): void {
    this.counts.ended();
  }

  choose(candidates: readonly Runnable[], n: number): number {
    for (let i = 0; i < n; i++) this.look(candidates[i]!);
    const chosen = n === 1 ? 0 : this.pick(candidates, n);
    this.made(this.bySlot[slotOf(candidates[chosen]!)]!);
    return chosen;
  }

  chooseValue(_site: string, n: number): number {
    return this.random.below(n);
  }

  private look(who: Runnable): void {
    const slot = slotOf(who);
    const walker = (this.bySlot[slot] ??= this.enter(who));
    if (walker.next === UNKNOWN) walker.next = this.counts.numberOf(nextObject(who));
  }

  private enter(who: Runnable): Walker {
    const objects = this.counts.of(who);
    const left = this.target === null ? 0 : (objects.most[this.target] ?? 0);
    const walker: Walker = { who, objects, next: UNKNOWN, left };
    this.walkers.push(walker);
    // One more to draw from: it takes the place of the one that was drawn as often as if it had been there.
    if (left > 0 && this.random.below(this.weightOfAll()) < left) this.intended = walker;
    return walker;
  }

  private pick(candidates: readonly Runnable[], n: number): number {
    if (this.target === null) return this.random.below(n);
    let free = this.countFree(candidates, n);
    if (free === 0) {
      this.draw(candidates, n);
      free = this.countFree(candidates, n);
    }
    let at = this.random.below(free);
    for (let i = 0; i < n; i++) if (this.isFree(candidates[i]!) && at-- === 0) return i;
    throw new Error(`expected one of ${n} candidates to be free to go on`);
  }

  private countFree(candidates: readonly Runnable[], n: number): number {
    let free = 0;
    for (let i = 0; i < n; i++) if (this.isFree(candidates[i]!)) free++;
    return free;
  }

  private isFree(who: Runnable): boolean {
    const walker = this.bySlot[slotOf(who)]!;
    return walker.next !== this.target || walker === this.intended;
  }

  /** All of these stand in front of the object, and who was meant to go first cannot: another one is drawn among them. */
  private draw(candidates: readonly Runnable[], n: number): void {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += this.weight(this.bySlot[slotOf(candidates[i]!)]!);
    let at = this.random.below(sum);
    for (let i = 0; i < n; i++) {
      const walker = this.bySlot[slotOf(candidates[i]!)]!;
      if ((at -= this.weight(walker)) >= 0) continue;
      this.intended = walker;
      return;
    }
  }

  private made(walker: Walker): void {
    const { next } = walker;
    walker.next = UNKNOWN;
    walker.objects.made[next] = (walker.objects.made[next] ?? 0) + 1;
    if (next !== this.target) return;
    walker.left--;
    const sum = this.weightOfAll();
    this.intended = null;
    let at = sum === 0 ? 0 : this.random.below(sum);
    for (const other of this.walkers) {
      if ((at -= this.weight(other)) >= 0) continue;
      this.intended = other;
      return;
    }
  }

  private weightOfAll(): number {
    let sum = 0;
    for (const walker of this.walkers) sum += this.weight(walker);
    return sum;
  }

  private weight({ who, left, next }: Walker): number {
    if (who instanceof Task && who.ended) return 0;
    return Math.max(left, next === this.target ? 1 : 0);
  }
}
