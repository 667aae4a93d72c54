/**
 * Several searches side by side: no strategy is best for every bug. Half of the executions are shared out evenly, the other half goes to
 * those that have brought something new of late.
 */
import { Prng } from '../../base/prng.ts';
import type { Strategy } from '../../runtime/strategy.ts';
import type { ExecutionFacts, Search, SearchOptions } from '../search.ts';

interface Part {
  readonly search: Search;
  /** How often it brought something new, the last times counting most. */
  score: number;
}

/** What a new order of steps counts for, compared with new coverage: while a program is fresh every execution has one. */
const TRACE_SCORE = 0.1;
/** Share of the old score that an execution leaves. */
const MEMORY = 0.95;
const FIRST_SCORE = 1;
const RANGE = 0x100000000;

export class Portfolio implements Search {
  readonly exhaustive = false;
  private readonly random: Prng;
  private readonly parts: readonly Part[];
  private current: Part;
  /** Executions each part was asked for, which the part numbers from 0. */
  private readonly asked = new Map<Part, number>();

  constructor({ seed }: SearchOptions, parts: readonly Search[]) {
    this.random = new Prng(seed);
    this.parts = parts.map((search) => ({ search, score: FIRST_SCORE }));
    const [first] = this.parts;
    if (first === undefined) throw new RangeError('a portfolio needs at least one search');
    this.current = first;
  }

  /** Of the part that is at work. */
  get name(): string {
    return this.current.search.name;
  }

  /** Executions that each part has had so far. */
  get shares(): ReadonlyMap<string, number> {
    return new Map(this.parts.map((part) => [part.search.name, this.asked.get(part) ?? 0]));
  }

  next(n: number): Strategy | null {
    // Every other execution goes by turns, so that a part that brought nothing for a while gets its chance.
    this.current = n % 2 === 0 ? this.parts[(n / 2) % this.parts.length]! : this.promising();
    const nth = this.asked.get(this.current) ?? 0;
    this.asked.set(this.current, nth + 1);
    return this.current.search.next(nth);
  }

  ended(facts: ExecutionFacts): void {
    const { current } = this;
    current.search.ended(facts);
    const gain = facts.newCoverage ? 1 : facts.newTrace ? TRACE_SCORE : 0;
    current.score = current.score * MEMORY + gain * (1 - MEMORY);
  }

  private promising(): Part {
    let sum = 0;
    for (const { score } of this.parts) sum += score;
    let draw = (this.random.next() / RANGE) * sum;
    for (const part of this.parts) if ((draw -= part.score) < 0) return part;
    return this.parts.at(-1)!;
  }
}
