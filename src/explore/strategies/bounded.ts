/**
 * Everything with few deviations, then everything with one more: most bugs need one or two. A deviation is a preemption (another task goes
 * on although the running one could), or, of delays, any departure from the order in which tasks would go on by themselves.
 *
 * No schedule is executed twice: those of a bound are kept, without what their beginning repeats, and each deviation from one of them is
 * the root of schedules of the next bound.
 */
import type { Runnable, Strategy } from '../../runtime/strategy.ts';
import type { Search } from '../search.ts';
import { inOrder } from './task-order.ts';
import { waitsForTime } from './yields.ts';

export type BoundKind = 'preemption' | 'delay';

/** A schedule of the bound before, as the numbers of what was chosen; its deviations from `from` on have not been tried. */
interface Trunk {
  readonly path: Uint16Array;
  readonly widths: Int16Array;
  readonly from: number;
}

export class Bounded implements Search, Strategy {
  readonly name: string;
  readonly exhaustive = true;
  readonly asksAlways = true;
  private readonly kind: BoundKind;
  private readonly most: number;
  /** Deviations of the next schedule, and of the one handed out last. */
  private bound = 0;
  private reached = 0;
  private path: number[] = [];
  /** By position: how many there were to choose from; negative where another choice is no deviation. */
  private readonly widths: number[] = [];
  /** Choices before it are those of the trunk and the deviation from it. */
  private base = 0;
  /** The first position at which this schedule differs from all before. */
  private from = 0;
  private depth = 0;
  private last: Runnable | null = null;
  private trunks: Trunk[] = [];
  private nextTrunks: Trunk[] = [];
  /** Where and how the trunk at work is deviated from. */
  private position = 0;
  private alternative = 0;
  private finished = false;

  constructor(kind: BoundKind, most = Number.POSITIVE_INFINITY) {
    this.name = most === Number.POSITIVE_INFINITY ? kind : `${kind}${most}`;
    this.kind = kind;
    this.most = most;
  }

  get bounds(): readonly string[] {
    if (this.finished && this.bound < this.most) return [];
    return [`at most ${this.reached} ${this.kind}${this.reached === 1 ? '' : 's'}`];
  }

  next(): Strategy | null {
    if (this.finished) return null;
    this.depth = 0;
    this.last = null;
    this.reached = this.bound;
    return this;
  }

  ended(): void {
    this.path.length = this.depth;
    if (this.bound < this.most) this.keep();
    if (!this.nextFree() && !this.nextDeviation()) this.finished = true;
  }

  choose(candidates: readonly Runnable[], n: number): number {
    const chosen = n === 1 ? 0 : this.pick(candidates, n);
    this.last = candidates[chosen]!;
    return chosen;
  }

  chooseValue(_site: string, n: number): number {
    return this.branch(-n);
  }

  private pick(candidates: readonly Runnable[], n: number): number {
    const order = inOrder(candidates, n, this.last);
    const goesOn = candidates[order[0]!] === this.last && !waitsForTime(this.last!);
    const branch = this.branch(this.kind === 'delay' || goesOn ? n : -n);
    return order[branch]!;
  }

  private branch(width: number): number {
    const at = this.depth++;
    this.widths[at] = width;
    const branch = (this.path[at] ??= 0);
    if (branch < Math.abs(width)) return branch;
    throw new Error(
      `${this.name}: expected at least ${branch + 1} possibilities at choice ${at}, as in an earlier run, got ${Math.abs(width)}`,
    );
  }

  private keep(): void {
    const { path, widths, from, depth } = this;
    for (let at = from; at < depth; at++) {
      if (widths[at]! < 2) continue;
      this.nextTrunks.push({ path: Uint16Array.from(path), widths: Int16Array.from(widths.slice(0, depth)), from: at });
      return;
    }
  }

  /** The next schedule that begins as this one and deviates no further. */
  private nextFree(): boolean {
    const { path, widths } = this;
    for (let at = path.length - 1; at >= this.base; at--) {
      if (widths[at]! < 0 && path[at]! + 1 < -widths[at]!) {
        path.length = at + 1;
        path[at]! += 1;
        this.from = at + 1;
        return true;
      }
    }
    return false;
  }

  private nextDeviation(): boolean {
    for (;;) {
      const trunk = this.trunks.at(-1);
      if (trunk === undefined) {
        if (this.nextTrunks.length === 0) return false;
        this.trunks = this.nextTrunks.toReversed();
        this.nextTrunks = [];
        this.bound++;
        this.aimAt(this.trunks.at(-1)!);
        continue;
      }
      const width = trunk.widths[this.position];
      if (width === undefined) {
        this.trunks.pop();
        const following = this.trunks.at(-1);
        if (following !== undefined) this.aimAt(following);
        continue;
      }
      if (++this.alternative < width) break;
      this.position++;
      this.alternative = 0;
    }
    this.path = [...this.trunks.at(-1)!.path.subarray(0, this.position), this.alternative];
    this.base = this.position + 1;
    this.from = this.base;
    return true;
  }

  private aimAt(trunk: Trunk): void {
    this.position = trunk.from;
    this.alternative = 0;
  }
}
