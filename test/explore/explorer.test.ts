/**
 * The campaign: verdicts, budgets, failing schedules that come again, executions that do not, and what is counted.
 */
import { describe, expect, test } from 'vitest';
import { Explorer, type ExploreSettings } from '../../src/explore/explorer.ts';
import type { Program } from '../../src/explore/program.ts';
import type { ExploreResult } from '../../src/explore/result.ts';
import type { Search } from '../../src/explore/search.ts';
import { programOf, type ProgramText } from '../../src/explore/small-world.ts';
import { Dfs } from '../../src/explore/strategies/dfs.ts';
import { RandomWalk } from '../../src/explore/strategies/random-walk.ts';

/** n tasks take two of n locks each; `ordered`: the lower number first. */
const locks =
  (n: number, ordered: boolean): ProgramText =>
  (world) => {
    const all = Array.from({ length: n }, (_, i) => world.mutex(`L${i}`));
    for (let i = 0; i < n; i++) {
      const [a, b] = ordered && i === n - 1 ? [0, i] : [i, (i + 1) % n];
      world.task(`t${i}`, async (task) => {
        using _first = await all[a]!.acquire(task);
        using _second = await all[b]!.acquire(task);
      });
    }
  };

const random = (seed = 1): Search => new RandomWalk({ seed });

async function explore(program: Program | ProgramText, settings: Partial<ExploreSettings> = {}): Promise<ExploreResult> {
  const whole = typeof program === 'function' ? programOf('test', program) : program;
  return await new Explorer({ program: whole, search: random(), seed: 1, budget: { schedules: 200 }, ...settings }).explore();
}

const deadlocks: ExploreSettings['counts'] = ({ kind }) => kind === 'deadlock';

describe('a campaign', () => {
  test('ends at the first finding and says in which execution and by which search it was found', async () => {
    const result = await explore(locks(3, false), { counts: deadlocks });
    expect(result.verdict).toBe('finding');
    expect(result.failures).toHaveLength(1);
    const [failure] = result.failures;
    expect(failure).toMatchObject({ execution: result.schedules, strategy: 'random' });
    expect(failure!.finding).toMatchObject({ kind: 'deadlock', tasks: expect.arrayContaining(['t0', 't1', 't2']) as unknown });
    expect(failure!.timeline.map(({ what }) => what)).toContain('lock L1');
  });

  test('reports a lock order before it ever deadlocks, with the places of the replay', async () => {
    const result = await explore(locks(2, false), { search: new Dfs() });
    expect(result.failures[0]!.finding.kind).toBe('lock-order');
    expect(result.failures[0]!.finding.cycle![0]!.fromPlace.length).toBeGreaterThan(0);
  });

  test('is clean when the budget is used up', async () => {
    const result = await explore(locks(3, true), { budget: { schedules: 64 } });
    expect(result).toMatchObject({ verdict: 'clean', schedules: 64, failures: [], unstable: [] });
  });

  test('is exhausted when an exhaustive search has nothing left, with the number of traces', async () => {
    const result = await explore(locks(3, true), { search: new Dfs(), budget: {} });
    expect(result.verdict).toBe('exhausted');
    // Each of the three locks is taken by two tasks, in either order; two of the eight combinations contradict each other.
    expect(result.coverage.traces).toBe(6);
  });

  test('is undecided when an exhaustive search is cut short', async () => {
    const result = await explore(locks(4, true), { search: new Dfs(), budget: { schedules: 20 } });
    expect(result).toMatchObject({ verdict: 'undecided', schedules: 20 });
  });

  test('ends when it is interrupted, and tells its progress', async () => {
    const told: number[] = [];
    const result = await explore(locks(4, true), {
      budget: { ms: 60_000 },
      onProgress: ({ schedules }) => void told.push(schedules),
      interrupted: () => told.length >= 2,
    });
    expect(result.verdict).toBe('clean');
    expect(told.length).toBeGreaterThanOrEqual(2);
  });

  test('goes on after a finding when it collects, and has each kind once', async () => {
    const result = await explore(locks(2, false), { search: new Dfs(), budget: {}, collect: true, counts: deadlocks });
    expect(result).toMatchObject({ verdict: 'finding', failures: [{ finding: { kind: 'deadlock' } }] });
    expect(result.coverage.traces).toBe(3);
  });

  test('gives the same result for the same seed and another course for another one', async () => {
    const settings = { counts: deadlocks, budget: { schedules: 500 } };
    const [a, b] = [await explore(locks(4, false), settings), await explore(locks(4, false), settings)];
    expect(a.failures[0]!.choices).toEqual(b.failures[0]!.choices);
    const others = await Promise.all([2, 3, 4, 5].map((seed) => explore(locks(4, false), { ...settings, search: random(seed) })));
    expect(new Set([a, ...others].map(({ failures }) => failures[0]!.choices.join())).size).toBeGreaterThan(1);
  });
});

describe('what is counted', () => {
  test('the estimate of the number of schedules is near the true one', async () => {
    const whole = await explore(locks(3, true), { search: new Dfs(), budget: {} });
    const walks = await explore(locks(3, true), { budget: { schedules: 4000 } });
    expect(walks.estimate!.walks).toBe(4000);
    expect(Math.abs(walks.estimate!.schedules - whole.schedules)).toBeLessThan(5 * walks.estimate!.error + 1);
  });

  test('random walks reach every trace of a small program, and no more', async () => {
    const result = await explore(locks(3, true), { budget: { schedules: 1000 } });
    expect(result.coverage.traces).toBe(6);
    expect(result.coverage.lockEdges).toBe(3);
    expect(result.coverage.handOvers).toBeGreaterThan(0);
  });

  test('runs that have no end are counted and reported as livelock', async () => {
    const result = await explore(
      (world) => {
        const free = world.mutex('free', { tryable: true });
        world.task('spins', async (task) => {
          for (;;) (await free.tryAcquire(task))?.release();
        });
      },
      { maxSteps: 100 },
    );
    expect(result.endless).toBe(1);
    expect(result.failures[0]!.finding).toMatchObject({ kind: 'hung-task', key: 'livelock' });
  });
});

describe('a program that the engine cannot control', () => {
  test('is said to be unstable when its failing schedule does not fail again', async () => {
    let executions = 0;
    const result = await explore(
      (world) => {
        executions++;
        const first = executions === 1;
        world.task('t', async (task) => {
          (await world.mutex('m').acquire(task)).release();
          throw new Error(first ? 'only once' : 'something else');
        });
        if (!first) world.task('another', () => Promise.resolve());
      },
      { budget: { schedules: 1 } },
    );
    expect(result.failures).toEqual([]);
    expect(result.unstable).toHaveLength(1);
    expect(result.unstable[0]).toMatch(/t failed: only once; when it was replayed: .*diverged/);
  });

  test('is found out by making clean executions twice', async () => {
    let executions = 0;
    const result = await explore(
      (world) => {
        const m = world.mutex('m');
        const twice = executions++ % 2 === 1;
        world.task('t', async (task) => {
          (await m.acquire(task)).release();
          if (twice) (await m.acquire(task)).release();
        });
      },
      { budget: { schedules: 10 }, recheck: 1 },
    );
    expect(result.rechecked).toBe(10);
    expect(result.unstable.join()).toContain('came out otherwise');
  });

  test('is trusted when it comes out alike', async () => {
    const result = await explore(locks(3, true), { budget: { schedules: 50 }, recheck: 0.2 });
    expect(result).toMatchObject({ rechecked: 10, unstable: [] });
  });

  test('is stopped when it awaits something of the host', async () => {
    const result = await explore((world) => {
      world.task('reads a file', async (task) => {
        await world.mutex('m').acquire(task);
        await new Promise(() => undefined);
      });
    });
    expect(result.failures[0]!.finding.title).toContain('uncontrolled await: reads a file');
  });

  test('is stopped when a task announces something for another one', async () => {
    const result = await explore(
      (world) => {
        const m = world.mutex('m');
        let other: Parameters<typeof m.acquire>[0] | null = null;
        world.task('victim', async (task) => {
          other = task;
          await world.rt.park(task);
        });
        world.task('thief', async (task) => {
          (await m.acquire(task)).release();
          if (other !== null) await m.acquire(other);
        });
      },
      // The victim waits for ever in the other schedules: only what the guard says counts here.
      { search: new Dfs(), budget: {}, counts: ({ title }) => title.includes('announced') },
    );
    expect(result.failures[0]!.finding.title).toContain('task victim announced lock, but thief is running');
  });
});

describe('a world that cannot be prepared', () => {
  test('is a finding, and no clean campaign', async () => {
    const result = await explore({
      name: 'never ready',
      build: ({ rt }) => ({
        setup: async (task) => await rt.park(task),
        start: () => undefined,
      }),
    });
    expect(result.verdict).toBe('finding');
    expect(result.failures[0]!.finding.title).toBe('the preparation of the world did not come to its end: setup in park setup');
  });
});

describe('a liveness monitor', () => {
  const program =
    (forgets: boolean): ProgramText =>
    (world) => {
      let owed = 0;
      world.eventually('the reply', () => (owed > 0 ? `${owed} requests` : null));
      world.task('asks', async (task) => {
        await world.rt.sleep(task, 1);
        owed++;
      });
      world.task('answers', async (task) => {
        await world.rt.sleep(task, 2);
        if (!forgets) owed--;
      });
    };

  test('fires when something is owed at the end', async () => {
    const result = await explore(program(true));
    expect(result.failures[0]!.finding).toMatchObject({ kind: 'hung-task', key: 'liveness:the reply' });
    expect(result.failures[0]!.finding.title).toBe('the reply never came: 1 requests');
  });

  test('is silent when everything was answered', async () => {
    expect((await explore(program(false))).verdict).toBe('clean');
  });
});
