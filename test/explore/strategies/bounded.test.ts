/**
 * Preemption and delay bounding: what each toy needs, and that raising the bound comes to every schedule once.
 */
import { describe, expect, it } from 'vitest';
import type { Program } from '../../../src/explore/program.ts';
import { Bounded } from '../../../src/explore/strategies/bounded.ts';
import { Dfs } from '../../../src/explore/strategies/dfs.ts';
import { campaign, courses, searchNamed } from '../hunt.ts';
import {
  abba,
  chain,
  hookUseAfterFree,
  lostWakeUp,
  poll,
  stolenQueue,
  threeLockCycle,
  TOYS,
  tryInstead,
  wrongModeRelease,
} from '../toys.ts';

describe('preemption bounding', () => {
  it.each([
    [wrongModeRelease, 0],
    [abba(2), 1],
    [threeLockCycle, 1],
    [stolenQueue, 1],
    [hookUseAfterFree, 1],
    [lostWakeUp, 2],
    [chain(3), 4],
  ])('%o needs %i preemptions', async (toy, needed) => {
    const found = await campaign(toy, searchNamed(`preemption${needed}`), { schedules: 100_000 });
    expect(found.verdict).toBe('finding');
    const iterated = await campaign(toy, searchNamed('preemption'), { schedules: 100_000 });
    expect(iterated.schedules).toBe(found.schedules);
    expect(iterated.bounds).toContain(`at most ${needed} preemption${needed === 1 ? '' : 's'}`);
    if (needed === 0) return;
    const less = await campaign(toy, searchNamed(`preemption${needed - 1}`), { schedules: 100_000 });
    expect(less.verdict).toBe('exhausted');
    expect(less.bounds).toContain(`at most ${needed - 1} preemption${needed === 2 ? '' : 's'}`);
    expect(less.schedules).toBeLessThan(found.schedules);
  });

  it('says nothing of a bound when there is no schedule beyond it', async () => {
    for (const name of ['preemption', 'delay', 'preemption100']) {
      const { verdict, bounds } = await campaign(tryInstead, searchNamed(name), { schedules: 100_000 });
      expect(verdict).toBe('exhausted');
      expect(bounds.join()).not.toMatch(/preemption|delay/u);
    }
  });
});

describe('delay bounding', () => {
  it('finds strict turns with as many delays as there are changes, and not with less', async () => {
    expect((await campaign(chain(3), searchNamed('delay4'), { schedules: 100_000 })).verdict).toBe('finding');
    const less = await campaign(chain(3), searchNamed('delay3'), { schedules: 100_000 });
    expect(less.verdict).toBe('exhausted');
    expect(less.bounds).toContain('at most 3 delays');
  });

  it('begins with the one schedule in which everybody goes on by itself', async () => {
    expect((await courses(threeLockCycle, new Bounded('delay', 0), 10)).length).toBe(1);
  });
});

describe('time under a bound', () => {
  it('passes by itself only when nobody else can go on', async () => {
    const all = await courses(poll(true), new Bounded('delay', 0), 10);
    expect(all.map(({ outcome }) => outcome)).toEqual(['done']);
  });

  it('lets any of those that sleep equally long be the next, without a preemption', async () => {
    const sleepers: Program = {
      name: 'sleepers',
      build: ({ rt }) => ({
        start: () => {
          for (const name of ['first', 'second']) rt.spawn(name, async (task) => rt.sleep(task, 1));
        },
      }),
    };
    const all = await courses(sleepers, new Bounded('preemption', 0), 100);
    const bothAsleep = all.filter(({ choices }) => choices[0] === 0 && choices[1] === 1);
    expect(new Set(bothAsleep.map(({ choices }) => choices[2]))).toEqual(new Set([0, 1]));
  });
});

describe.each(['preemption', 'delay'] as const)('iterating the %s bound', (kind) => {
  it('comes to every schedule that there is, and to none twice', async () => {
    for (const toy of TOYS) {
      const every = await courses(toy, new Dfs(), 100_000);
      const bounded = await courses(toy, new Bounded(kind), 100_000);
      const sorted = (all: typeof every): string[] => all.map(({ choices }) => choices.join()).toSorted();
      expect(sorted(bounded), toy.name).toEqual(sorted(every));
      expect(new Set(sorted(bounded)).size).toBe(bounded.length);
    }
  });

  it('comes to an end where somebody polls', async () => {
    expect((await campaign(poll(true), searchNamed(kind), { schedules: 5000 })).verdict).toBe('exhausted');
  });
});
