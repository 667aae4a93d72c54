/**
 * Partial order sampling: what it finds in how many runs.
 */
import { describe, expect, it } from 'vitest';
import { meanHunt } from '../hunt.ts';
import { abba, hookUseAfterFree, lostWakeUp, reorder, stolenQueue, threeLockCycle } from '../toys.ts';

describe('POS', () => {
  it('finds a lost wake-up much faster than URW and a random walk: the steps before it take no part in the lottery', async () => {
    const pos = await meanHunt(lostWakeUp, 'pos', { seeds: 60 });
    expect(pos).toBeLessThan(60);
    expect(await meanHunt(lostWakeUp, 'urw', { seeds: 60 })).toBeGreaterThan(2 * pos);
    expect(await meanHunt(lostWakeUp, 'random', { seeds: 60 })).toBeGreaterThan(1.5 * pos);
  });

  it('finds the other toys in a few runs', async () => {
    expect(await meanHunt(abba(2), 'pos')).toBeLessThan(5);
    expect(await meanHunt(abba(3), 'pos')).toBeLessThan(16);
    expect(await meanHunt(threeLockCycle, 'pos')).toBeLessThan(6);
    expect(await meanHunt(stolenQueue, 'pos')).toBeLessThan(24);
    expect(await meanHunt(hookUseAfterFree, 'pos')).toBeLessThan(24);
    expect(await meanHunt(reorder(20), 'pos')).toBeLessThan(35);
  });
});
