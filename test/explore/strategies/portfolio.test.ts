/**
 * The portfolio: how it shares out executions, and that it is as good as its parts.
 */
import { describe, expect, it } from 'vitest';
import { ControlledRuntime } from '../../../src/runtime/controlled.ts';
import type { ExecutionFacts, Search } from '../../../src/explore/search.ts';
import { Portfolio } from '../../../src/explore/strategies/portfolio.ts';
import { RandomWalk } from '../../../src/explore/strategies/random-walk.ts';
import { meanHunt } from '../hunt.ts';
import { abba, chain, hookUseAfterFree, lostWakeUp, reorder, stolenQueue, threeLockCycle } from '../toys.ts';

const NAMES = ['a', 'b', 'c', 'd'];

class Part extends RandomWalk {
  override readonly name: 'random';
  readonly asked: number[] = [];

  constructor(name: string) {
    super({ seed: 1 });
    // The portfolio looks at nothing but the text.
    this.name = name as 'random';
  }
}

/** Which part was at work in each of `most` executions, when `news` says which of them find something new. */
function played(most: number, news: (name: string, n: number) => 'coverage' | 'trace' | null): { order: string[]; portfolio: Portfolio } {
  const parts: Search[] = NAMES.map((name) => new Part(name));
  const portfolio = new Portfolio({ seed: 3 }, parts);
  const rt = new ControlledRuntime({ seed: 1 });
  const order: string[] = [];
  for (let n = 0; n < most; n++) {
    portfolio.next(n);
    order.push(portfolio.name);
    const found = news(portfolio.name, n);
    const facts: ExecutionFacts = {
      outcome: 'done',
      failed: false,
      steps: 1,
      choices: 1,
      newTrace: found !== null,
      newCoverage: found === 'coverage',
      rt,
    };
    portfolio.ended(facts);
  }
  return { order, portfolio };
}

const share = (order: readonly string[], name: string): number => order.filter((one) => one === name).length / order.length;

describe('the portfolio', () => {
  it('shares evenly while all parts find equally much, or nothing', () => {
    for (const news of ['coverage', 'trace', null] as const) {
      const { order } = played(4000, () => news);
      for (const name of NAMES) expect(share(order, name)).toBeGreaterThan(0.2);
    }
  });

  it('switches to the part that finds something new, leaves each other its turn, and switches back', () => {
    const { order, portfolio } = played(6000, (name, n) => (name === (n < 3000 ? 'b' : 'd') ? 'coverage' : null));
    const [early, late] = [order.slice(500, 3000), order.slice(3500)];
    expect(share(early, 'b')).toBeGreaterThan(0.55);
    expect(share(late, 'd')).toBeGreaterThan(0.55);
    expect(share(late, 'b')).toBeLessThan(0.2);
    for (const name of NAMES) expect(share(order, name)).toBeGreaterThan(0.12);
    expect([...portfolio.shares.values()].reduce((sum, one) => sum + one)).toBe(6000);
  });

  it('takes coverage for more than a new order of steps', () => {
    const { order } = played(4000, (name) => (name === 'a' ? 'coverage' : 'trace'));
    expect(share(order, 'a')).toBeGreaterThan(0.4);
  });

  it('is a function of its seed', () => {
    const news = (name: string, n: number): 'coverage' | null => ((n * 7) % 5 === NAMES.indexOf(name) ? 'coverage' : null);
    expect(played(1000, news).order).toEqual(played(1000, news).order);
  });

  it('refuses to be made of nothing', () => {
    expect(() => new Portfolio({ seed: 1 }, [])).toThrow('a portfolio needs at least one search');
  });

  it('finds every toy in not many more runs than the best of its parts', async () => {
    const limits = [
      [abba(2), 5],
      [abba(4), 16],
      [threeLockCycle, 5],
      [stolenQueue, 24],
      [hookUseAfterFree, 24],
      [lostWakeUp, 60],
      [chain(3), 60],
      [reorder(20), 40],
    ] as const;
    for (const [toy, limit] of limits) expect(await meanHunt(toy, 'portfolio'), toy.name).toBeLessThan(limit);
  });
});
