/**
 * The selective uniform random walk: what it finds in how many runs.
 */
import { describe, expect, it } from 'vitest';
import { meanHunt } from '../hunt.ts';
import { abba, chain, hookUseAfterFree, lostWakeUp, reorder, stolenQueue, threeLockCycle } from '../toys.ts';

describe('SURW', () => {
  it('finds what depends on the order at one object, however much there is beside it', async () => {
    const lost = await meanHunt(lostWakeUp, 'surw');
    expect(lost).toBeLessThan(25);
    expect(await meanHunt(lostWakeUp, 'random')).toBeGreaterThan(3 * lost);
    expect(await meanHunt(chain(3), 'surw')).toBeLessThan(30);
  });

  it('finds the other toys in a few runs', async () => {
    expect(await meanHunt(abba(2), 'surw')).toBeLessThan(6);
    expect(await meanHunt(abba(4), 'surw')).toBeLessThan(16);
    expect(await meanHunt(threeLockCycle, 'surw')).toBeLessThan(6);
    expect(await meanHunt(stolenQueue, 'surw')).toBeLessThan(14);
    expect(await meanHunt(hookUseAfterFree, 'surw')).toBeLessThan(14);
    expect(await meanHunt(reorder(20), 'surw')).toBeLessThan(40);
  });
});
