/**
 * The uniform random walk: that it is uniform.
 */
import { describe, expect, it } from 'vitest';
import type { Program } from '../../../src/explore/program.ts';
import { RandomWalk } from '../../../src/explore/strategies/random-walk.ts';
import { Urw } from '../../../src/explore/strategies/urw.ts';
import type { Search } from '../../../src/explore/search.ts';
import type { Task } from '../../../src/runtime/task.ts';
import { courses, meanHunt } from '../hunt.ts';
import { abba, chain } from '../toys.ts';

/** Tasks that write to fields of their own, and nobody waits; `spawns`: the first one starts another one after its first write. */
const writers = (counts: readonly number[], spawns = false): Program => ({
  name: 'writers',
  build: ({ rt, layer }) => {
    const body = (count: number, child: number) => async (task: Task) => {
      const field = layer.field(task, 'own', 0);
      field.guardedBy('unguarded');
      for (let i = 0; i < count; i++) {
        await field.write(task, i);
        if (i === 0 && child > 0) rt.spawn('child', body(child, 0));
      }
    };
    return {
      start: () => {
        for (const [i, count] of counts.entries()) rt.spawn(`writer${i}`, body(count, spawns && i === 0 ? 2 : 0));
      },
    };
  },
});

/** How far the numbers of times that each schedule was taken are from being equal, and how many schedules there were. */
async function spread(program: Program, search: Search, runs: number): Promise<{ chiSquare: number; schedules: number }> {
  const taken = new Map<string, number>();
  for (const { choices } of await courses(program, search, runs)) taken.set(choices.join(), (taken.get(choices.join()) ?? 0) + 1);
  const expected = runs / taken.size;
  let chiSquare = 0;
  for (const count of taken.values()) chiSquare += (count - expected) ** 2 / expected;
  return { chiSquare, schedules: taken.size };
}

describe('URW', () => {
  it('takes every schedule of tasks that wait for nobody equally often', async () => {
    const { chiSquare, schedules } = await spread(writers([3, 2]), new Urw({ seed: 5 }), 7000);
    // Four steps of one and three of the other: 7 over 3. The limit is the 99.9th percentile for 34 degrees of freedom.
    expect(schedules).toBe(35);
    expect(chiSquare).toBeLessThan(66);
  });

  it('counts the steps of tasks that are still to be spawned to those of who spawns them', async () => {
    const { chiSquare, schedules } = await spread(writers([3, 1], true), new Urw({ seed: 5 }), 12_000);
    // Of the last five steps, two of the parent and three of the child, ten orders; two steps of the other task come in anywhere.
    expect(schedules).toBe(10 * 36);
    expect(chiSquare).toBeLessThan(449);
  });

  it('is not what a random walk does', async () => {
    expect((await spread(writers([3, 2]), new RandomWalk({ seed: 5 }), 7000)).chiSquare).toBeGreaterThan(500);
  });

  it('finds strict turns and wide deadlocks faster than a random walk', async () => {
    expect(await meanHunt(chain(3), 'urw')).toBeLessThan((await meanHunt(chain(3), 'random')) / 2);
    expect(await meanHunt(abba(4), 'urw')).toBeLessThan(6);
  });
});
