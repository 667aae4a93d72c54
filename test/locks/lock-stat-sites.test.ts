/**
 * Goal: percentiles, bounces and the pairs of places of the statistics say what happened; sampling keeps the numbers in proportion.
 */
import { describe, expect, test } from 'vitest';
import { ContentionSites, OTHER_SITES } from '../../src/locks/contention-sites.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import { controlledWorld, WORLDS } from '../helpers/lock-world.ts';

const A = new LockClass('site-a', { tryable: true });
const OUTER = new LockClass('site-outer');

describe.each(WORLDS)('%s', (_name, make) => {
  test('who waited where, and where the holder had taken it', async () => {
    const { rt, locks, play } = make({ statistics: true });
    const [a, outer] = [locks.mutex(A, 'a'), locks.mutex(OUTER, 'outer')];
    await play({
      async holdsLong(task) {
        using _ = await a.acquire(task);
        await rt.sleep(task, 20);
      },
      async waits(task) {
        await rt.sleep(task, 4);
        // A nesting of its own: the controlled runtime knows a place for each nesting only.
        using _ = await outer.acquire(task);
        using __ = await a.acquire(task);
      },
    });
    const sites = locks.statistics!.sites.rows();
    expect(sites).toMatchObject([{ lock: 'site-a', count: 1 }]);
    expect(sites[0]!.waiter).toMatch(/^test\/locks\/lock-stat-sites\.test\.ts:\d+ .*waits$/);
    expect(sites[0]!.holder).toMatch(/^test\/locks\/lock-stat-sites\.test\.ts:\d+ .*holdsLong$/);
  });

  test('without contention no place is asked for', async () => {
    const { locks, play } = make({ statistics: true });
    const a = locks.mutex(A, 'a');
    await play({ only: async (task) => (await a.acquire(task)).release() });
    expect(locks.statistics!.sites.rows()).toEqual([]);
    expect(locks.statistics!.rows()).toMatchObject([{ contentions: 0, waitMsP99: 0, queueMean: 0 }]);
  });
});

test('controlled: waits and holds in virtual time, their percentiles, and the moves from task to task', async () => {
  const { rt, locks, play } = controlledWorld({ statistics: true });
  const [a, other] = [locks.mutex(A, 'a'), locks.mutex(A, 'another')];
  const hold = (ms: number) => async (task: Parameters<typeof a.acquire>[0]) => {
    using _ = await a.acquire(task);
    await rt.sleep(task, ms);
  };
  await play({
    one: hold(8),
    two: hold(16),
    three: async (task) => {
      // Each lock has a history of its own: here nothing moves.
      for (let i = 0; i < 2; i++) (await other.acquire(task)).release();
    },
  });
  const [row] = locks.statistics!.rows();
  expect(row).toMatchObject({
    acquisitions: 4, contentions: 1, bounces: 1, waitMsTotal: 8, waitMsMin: 8, waitMsMax: 8, waitMsP50: 8, waitMsP99: 8,
    holdMsTotal: 24, holdMsMin: 0, holdMsMax: 16, queueMean: 1,
  }); // prettier-ignore
  // A percentile is right to one part in sixteen.
  expect(row!.holdMsP99).toBeGreaterThanOrEqual(15);
  expect(row!.holdMsP99).toBeLessThanOrEqual(16);
});

test('controlled: a wait that was given up is not counted as a wait for the next lock', async () => {
  const { rt, locks, play } = controlledWorld({ statistics: true });
  const [a, b] = [locks.mutex(A, 'a'), locks.mutex(new LockClass('site-b'), 'b')];
  await play({
    holder: async (task) => {
      using _ = await a.acquire(task);
      await rt.sleep(task, 20);
    },
    impatient: async (task) => {
      await rt.sleep(task, 2);
      expect(await a.acquire(task, { timeoutMs: 4 })).toBeNull();
      (await b.acquire(task)).release();
    },
  });
  expect(locks.statistics!.rows().find(({ lock }) => lock === 'site-b')).toMatchObject({ acquisitions: 1, waitMsTotal: 0 });
});

describe('sampling', () => {
  const places =
    (waiter: string, ...holders: string[]) =>
    () => ({ waiter: [waiter], holders: holders.map((holder) => [holder]) });

  test('counts stay in proportion when not every contention is looked at', () => {
    const sites = new ContentionSites();
    let looked = 0;
    for (let i = 0; i < 64 + 16 * 100; i++) if (sites.sample('lock', places('w', 'h'))) looked++;
    expect(looked).toBe(64 + 100);
    expect(sites.rows()).toEqual([{ lock: 'lock', waiter: 'w', holder: 'h', count: 64 + 16 * 100 }]);
  });

  test('several readers share one contention, and a lock that nobody holds any more is said to be so', () => {
    const sites = new ContentionSites();
    for (let i = 0; i < 2; i++) sites.sample('lock', places('w', 'r1', 'r2'));
    sites.sample('lock', places('late'));
    expect(sites.rows().map(({ waiter, holder, count }) => [waiter, holder, count])).toEqual([
      ['late', 'nobody', 1],
      ['w', 'r1', 1],
      ['w', 'r2', 1],
    ]);
  });

  test('very many places become one line, and none of the contentions is lost', () => {
    const sites = new ContentionSites();
    for (let i = 0; i < 64; i++) sites.sample('lock', places(`w${i}`, 'h', 'k'));
    const rows = sites.rows();
    expect(rows).toHaveLength(65);
    // Halves of a contention are rounded only where they are shown.
    expect(rows[0]).toMatchObject({ waiter: OTHER_SITES, holder: OTHER_SITES, count: 32 });
  });

  test('the unknown has a name', () => {
    const sites = new ContentionSites();
    sites.sample('lock', () => ({ waiter: [], holders: [[]] }));
    expect(sites.rows()).toMatchObject([{ waiter: 'an unknown place', holder: 'an unknown place' }]);
  });
});
