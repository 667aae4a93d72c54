/**
 * Fairness around another search. Who polls waits until everybody who could have gone on since its last poll has gone on
 * (Musuvathi and Qadeer: only then can a search that tries everything come to an end), and late in a run everybody takes turns, so that
 * a run without an end is the program's doing: a livelock.
 */
import type { ControlledOutcome } from '../../runtime/controlled-options.ts';
import type { ControlledRuntime } from '../../runtime/controlled.ts';
import { CUT, type Runnable, type Strategy } from '../../runtime/strategy.ts';
import type { ExecutionFacts, Search } from '../search.ts';
import { slotOf } from './slots.ts';
import { YieldWatch } from './yields.ts';

export interface FairOptions {
  /** Steps after which turns are taken. */
  readonly suffixAfter: number;
  /** Who polls waits for the others. */
  readonly polls: boolean;
}

const NEVER = -1;

export class Fair implements Search, Strategy {
  readonly exhaustive: boolean;
  readonly asksAlways = true;
  private readonly inner: Search;
  private readonly suffixAfter: number;
  private readonly polls: boolean;
  private readonly yields = new YieldWatch();
  private strategy: Strategy | null = null;
  private steps = 0;
  /** By slot: the step since which somebody could have gone on at any time, and has not. */
  private since: number[] = [];
  /** By slot: the last step at which somebody was able to go on. */
  private seen: number[] = [];
  /** By slot: the step of the last yield, and of the one before. */
  private yieldedAt: number[] = [];
  private yieldedBefore: number[] = [];
  /** Has yielded, and made no step since. */
  private polling: boolean[] = [];
  /** Has that ever changed anything? */
  private hasWaited = false;
  private hasTurned = false;
  private readonly offered: Runnable[] = [];
  private readonly places: number[] = [];

  constructor(inner: Search, { suffixAfter, polls }: FairOptions) {
    this.inner = inner;
    this.exhaustive = inner.exhaustive;
    this.suffixAfter = suffixAfter;
    this.polls = polls;
  }

  get name(): string {
    return this.inner.name;
  }

  get recorder(): NonNullable<Search['recorder']> | null {
    return this.inner.recorder ?? null;
  }

  get bounds(): readonly string[] {
    const { exhaustive, inner, hasWaited, hasTurned, suffixAfter } = this;
    const bounds = [...(inner.bounds ?? [])];
    if (exhaustive && hasWaited) bounds.push('who polls again lets everybody else go on first');
    if (exhaustive && hasTurned) bounds.push(`everybody takes turns after ${suffixAfter} steps`);
    return bounds;
  }

  next(n: number): Strategy | null {
    this.strategy = this.inner.next(n);
    this.yields.begin();
    this.steps = 0;
    this.since = [];
    this.seen = [];
    this.yieldedAt = [];
    this.yieldedBefore = [];
    this.polling = [];
    return this.strategy === null ? null : this;
  }

  stopped(outcome: ControlledOutcome, rt: ControlledRuntime): void {
    this.inner.stopped?.(outcome, rt);
  }

  ended(facts: ExecutionFacts): void {
    this.inner.ended(facts);
  }

  choose(candidates: readonly Runnable[], n: number, running: Runnable | null): number {
    const now = this.steps++;
    if (this.polls || now >= this.suffixAfter) this.lookAround(candidates, n);
    const chosen = now >= this.suffixAfter ? this.inTurn(candidates, n, running) : this.among(candidates, n, running);
    if (chosen >= 0) {
      this.yields.chosen(candidates[chosen]!);
      const slot = slotOf(candidates[chosen]!);
      this.since[slot] = now + 1;
      this.polling[slot] = false;
    }
    return chosen;
  }

  chooseValue(site: string, n: number): number {
    return this.strategy!.chooseValue(site, n);
  }

  private ask(candidates: readonly Runnable[], n: number, running: Runnable | null): number {
    const strategy = this.strategy!;
    return n === 1 && strategy.asksAlways !== true ? 0 : strategy.choose(candidates, n, running);
  }

  private lookAround(candidates: readonly Runnable[], n: number): void {
    const { seen, since, steps } = this;
    for (let i = 0; i < n; i++) {
      const slot = slotOf(candidates[i]!);
      if (seen[slot] !== steps - 1) since[slot] = steps - 1;
      seen[slot] = steps;
    }
    const yielded = this.polls ? this.yields.yielded() : null;
    if (yielded === null) return;
    const slot = slotOf(yielded);
    this.yieldedBefore[slot] = this.yieldedAt[slot] ?? NEVER;
    this.yieldedAt[slot] = steps - 1;
    this.polling[slot] = true;
  }

  /** Asks the search about those who need not wait for others. There is always one: who waits has made a step later than who it waits for. */
  private among(candidates: readonly Runnable[], n: number, running: Runnable | null): number {
    if (!this.polls) return this.ask(candidates, n, running);
    const { offered, places } = this;
    let m = 0;
    for (let i = 0; i < n; i++) {
      if (this.mustWait(candidates[i]!, candidates, n)) continue;
      offered[m] = candidates[i]!;
      places[m++] = i;
    }
    if (m === n) return this.ask(candidates, n, running);
    this.hasWaited = true;
    const chosen = this.ask(offered, m, running);
    return chosen < 0 ? chosen : places[chosen]!;
  }

  private mustWait(who: Runnable, candidates: readonly Runnable[], n: number): boolean {
    const slot = slotOf(who);
    if (this.polling[slot] !== true) return false;
    const before = this.yieldedBefore[slot]!;
    for (let i = 0; i < n; i++) {
      const other = candidates[i]!;
      if (other !== who && this.since[slotOf(other)]! <= before) return true;
    }
    return false;
  }

  /** Whoever has waited longest is the only one that the search is asked about. */
  private inTurn(candidates: readonly Runnable[], n: number, running: Runnable | null): number {
    let first = 0;
    for (let i = 1; i < n; i++) if (this.since[slotOf(candidates[i]!)]! < this.since[slotOf(candidates[first]!)]!) first = i;
    this.hasTurned ||= n > 1;
    this.offered[0] = candidates[first]!;
    return this.ask(this.offered, 1, running) < 0 ? CUT : first;
  }
}
