/**
 * PCT: the depth decides what is found, and whoever polls falls behind.
 */
import { describe, expect, it } from 'vitest';
import { Pct } from '../../../src/explore/strategies/pct.ts';
import { campaign, courses, meanHunt, searchNamed } from '../hunt.ts';
import { abba, chain, hookUseAfterFree, lostWakeUp, poll, stolenQueue, tryLoop } from '../toys.ts';

describe('PCT', () => {
  it('finds bugs of two constraints in a few runs, with the depth that they have and with more', async () => {
    for (const name of ['pct2', 'pct3', 'pct5']) {
      expect(await meanHunt(abba(2), name), name).toBeLessThan(8);
      expect(await meanHunt(stolenQueue, name), name).toBeLessThan(16);
      expect(await meanHunt(hookUseAfterFree, name), name).toBeLessThan(16);
    }
  });

  it('finds what needs three constraints with a depth of three, and never with two', async () => {
    expect(await meanHunt(lostWakeUp, 'pct3')).toBeLessThan(400);
    const { verdict, schedules } = await campaign(lostWakeUp, searchNamed('pct2'), { schedules: 10_000 });
    // Its first run, which is random, could be lucky.
    expect([verdict, schedules]).toEqual(['clean', 10_000]);
  });

  it('finds five changes of turn with a depth of five, and never with less', async () => {
    expect(await meanHunt(chain(3), 'pct5', { seeds: 15 })).toBeLessThan(800);
    for (const name of ['pct2', 'pct3', 'pct4']) {
      const { verdict } = await campaign(chain(3), searchNamed(name), { schedules: 10_000 });
      expect(verdict, name).toBe('clean');
    }
  });

  it('lets whoever polls fall behind, by sleeping or by trying again, so that every run ends', async () => {
    for (const toy of [poll(true), tryLoop]) {
      const all = await courses(toy, new Pct({ seed: 3 }, 3), 500);
      expect(all.every(({ outcome }) => outcome === 'done')).toBe(true);
      // Whoever it is that begins, the one that polls or the other one.
      expect(new Set(all.map(({ choices }) => choices[0])).size).toBe(2);
    }
  });
});
