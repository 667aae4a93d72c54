/**
 * The strategies by name, and what holds for all of them: the seed decides, and bugs are found.
 */
import { describe, expect, it } from 'vitest';
import { DEFAULT_STRATEGY, STRATEGIES, strategyByName } from '../../../src/explore/strategies/registry.ts';
import { campaign, courses, searchNamed } from '../hunt.ts';
import { chain, stolenQueue, TOYS } from '../toys.ts';

const RANDOM = ['random', 'pos', 'urw', 'surw', 'pct2', 'pct3', 'pct5', 'greybox', 'portfolio'];
const EXHAUSTIVE = ['dfs', 'dpor', 'preemption', 'delay', 'preemption4', 'delay5'];

describe('strategies by name', () => {
  it('every strategy of the list can be had by its name, or by its name with a number', () => {
    expect(STRATEGIES.length).toBeGreaterThan(8);
    for (const { name, help } of STRATEGIES) {
      expect(strategyByName(name.replace('[N]', '').replace('N', '3')), name).not.toBeNull();
      expect(help).toMatch(/^[a-z][^\n]+$/u);
    }
    expect(strategyByName(DEFAULT_STRATEGY)).not.toBeNull();
  });

  it('what is no strategy is refused', () => {
    for (const name of ['', 'pct', 'pct0', 'pct3x', 'PCT3', 'preemption-1', 'delay1.5', 'dfs2', 'toString']) {
      expect(strategyByName(name), name).toBeNull();
    }
  });

  it('a strategy answers the name that it was asked for', () => {
    for (const name of [...RANDOM, ...EXHAUSTIVE].filter((one) => one !== 'portfolio')) expect(searchNamed(name).name).toBe(name);
  });

  it('the campaigns that may end as a proof are those of exhaustive searches', () => {
    for (const name of RANDOM) expect(searchNamed(name).exhaustive, name).toBe(false);
    for (const name of EXHAUSTIVE) expect(searchNamed(name).exhaustive, name).toBe(true);
  });
});

describe('every strategy', () => {
  it.each([...RANDOM, ...EXHAUSTIVE])('%s takes the same courses again from the same seed', async (name) => {
    const first = await courses(chain(3), searchNamed(name, 7), 60);
    expect(first.length).toBe(name === 'dpor' ? 20 : 60);
    expect(await courses(chain(3), searchNamed(name, 7), 60)).toEqual(first);
  });

  it.each(RANDOM)('%s takes other courses from another seed', async (name) => {
    const first = await courses(chain(3), searchNamed(name, 7), 60);
    expect(await courses(chain(3), searchNamed(name, 8), 60)).not.toEqual(first);
  });

  it.each([...RANDOM, ...EXHAUSTIVE])('%s finds the stolen queue', async (name) => {
    const { failures } = await campaign(stolenQueue, searchNamed(name), { schedules: 500 });
    expect(failures[0]?.finding.kind).toBe('invariant');
  });

  it.each(['random', 'portfolio', 'dfs'])('%s comes to what each toy is there for, and to nothing in those without a bug', async (name) => {
    for (const toy of TOYS) {
      const { failures, unstable } = await campaign(toy, searchNamed(name), { schedules: 2000 });
      expect(failures[0]?.finding.kind ?? null, toy.name).toBe(toy.finds);
      expect(unstable).toEqual([]);
    }
  });
});
