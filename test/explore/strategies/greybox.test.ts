/**
 * The greybox search: it varies what brought something new, and climbs.
 */
import { describe, expect, it } from 'vitest';
import type { ExecutionFacts } from '../../../src/explore/search.ts';
import { Greybox } from '../../../src/explore/strategies/greybox.ts';
import { execute } from '../../../src/explore/execution.ts';
import { MAX_STEPS, meanHunt } from '../hunt.ts';
import { chain } from '../toys.ts';

/** Executions of a search in which only the one with this number brings something new: the choices of all. */
async function withOneDiscovery(search: Greybox, discovery: number, most: number): Promise<(readonly number[])[]> {
  const all: (readonly number[])[] = [];
  for (let n = 0; n < most; n++) {
    const { outcome, choices, steps, world } = await execute(chain(8), {
      strategy: search.next(),
      seed: 1,
      maxSteps: MAX_STEPS,
      lockdep: false,
    });
    all.push(choices);
    const facts: ExecutionFacts = {
      outcome,
      failed: false,
      steps,
      choices: choices.length,
      newTrace: false,
      newCoverage: n === discovery,
      rt: world.rt,
    };
    search.ended(facts);
  }
  return all;
}

const alike = (a: readonly number[], b: readonly number[]): number => a.filter((id, at) => b[at] === id).length / a.length;
const mean = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

describe('greybox', () => {
  it('varies the schedule that brought something new, and keeps most of it', async () => {
    const all = await withOneDiscovery(new Greybox({ seed: 4 }), 9, 60);
    const discovery = all[9]!;
    const before = all.slice(0, 9).map((choices) => alike(choices, discovery));
    const after = all.slice(10).map((choices) => alike(choices, discovery));
    expect(mean(before)).toBeLessThan(0.65);
    expect(mean(after)).toBeGreaterThan(0.7);
    // It varies it, and goes on with random schedules beside.
    expect(new Set(all.slice(10).map((choices) => choices.join())).size).toBeGreaterThan(40);
    expect(after.filter((likeness) => likeness < 0.65).length).toBeGreaterThan(3);
  });

  it('climbs: a bug behind many hand-overs is found faster than by a random walk', async () => {
    const greybox = await meanHunt(chain(5), 'greybox', { seeds: 20 });
    expect(greybox).toBeLessThan((await meanHunt(chain(5), 'random', { seeds: 20, schedules: 20_000 })) / 2);
  });
});
