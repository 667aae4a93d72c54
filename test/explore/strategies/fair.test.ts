/**
 * Fairness: polling loops come to an end, nothing else is left out, and a run without an end is the fault of the program.
 */
import { describe, expect, it } from 'vitest';
import { Dfs } from '../../../src/explore/strategies/dfs.ts';
import { Fair } from '../../../src/explore/strategies/fair.ts';
import type { Search } from '../../../src/explore/search.ts';
import type { Strategy } from '../../../src/runtime/strategy.ts';
import { campaign, courses, MAX_STEPS, searchNamed } from '../hunt.ts';
import { poll, TOYS, tryLoop } from '../toys.ts';

const NEVER = Number.POSITIVE_INFINITY;

/** Lets one task go on whenever it can. */
class Favourite implements Search, Strategy {
  readonly name = 'favourite';
  readonly exhaustive = false;
  private readonly favourite: string;

  constructor(favourite: string) {
    this.favourite = favourite;
  }

  next(): Strategy {
    return this;
  }

  ended(): void {
    // It learns nothing.
  }

  choose(candidates: readonly { readonly name: string }[], n: number): number {
    for (let i = 0; i < n; i++) if (candidates[i]!.name === this.favourite) return i;
    return 0;
  }

  chooseValue(): number {
    return 0;
  }
}

describe('a fair search', () => {
  it('comes to an end where somebody polls, which dfs alone does not', async () => {
    for (const toy of [poll(true), tryLoop]) {
      const { verdict, bounds } = await campaign(toy, searchNamed('dfs'), { schedules: 1000 });
      expect(verdict, toy.name).toBe('exhausted');
      expect(bounds).toContain('who polls again lets everybody else go on first');
      const alone = await courses(toy, new Dfs(), 100);
      expect(alone.some(({ outcome }) => outcome === 'step-limit')).toBe(true);
    }
  });

  it('finds that a poll has no end when there is nobody to end it', async () => {
    const { failures, endless } = await campaign(poll(false), searchNamed('dfs'), { schedules: 100 });
    expect(failures[0]?.finding.key).toBe('livelock');
    expect(endless).toBe(1);
  });

  it('leaves out no schedule where nobody polls, and says nothing of fairness then', async () => {
    for (const toy of TOYS) {
      const fair = new Fair(new Dfs(), { suffixAfter: MAX_STEPS, polls: true });
      expect(await courses(toy, fair, 100_000), toy.name).toEqual(await courses(toy, new Dfs(), 100_000));
      expect(fair.bounds).toEqual([]);
    }
  });

  it('lets a task poll twice, so that a time that runs out early is explored', async () => {
    const [course] = await courses(poll(true), new Fair(new Favourite('poller'), { suffixAfter: NEVER, polls: true }), 1);
    // It starts, looks, sleeps, looks, sleeps and has to let the other one start; it could end only after that one has set the flag.
    expect(course?.outcome).toBe('done');
    expect(course?.choices.slice(0, 6)).toEqual([0, 0, 0, 0, 1, 0]);
  });
});

describe('the fair end of a run', () => {
  it('lets everybody take turns, so that a search that lets one task poll for ever comes to the end', async () => {
    const [unfair] = await courses(poll(true), new Favourite('poller'), 1);
    expect(unfair?.outcome).toBe('step-limit');
    const fair = new Fair(new Favourite('poller'), { suffixAfter: MAX_STEPS / 2, polls: false });
    const [course] = await courses(poll(true), fair, 1);
    expect(course?.outcome).toBe('done');
    expect(course?.choices.slice(0, MAX_STEPS / 2).every((id) => id === 0)).toBe(true);
  });

  it('is no end where the program has none', async () => {
    const [course] = await courses(poll(false), new Fair(new Favourite('poller'), { suffixAfter: MAX_STEPS / 2, polls: false }), 1);
    expect(course?.outcome).toBe('step-limit');
  });
});
