/**
 * What every runtime promises to the model. Each runtime's own test file calls this suite; the steps of a test are ordered by sleeps, so
 * that it says the same on a real and on a virtual clock.
 */
import { describe, expect, test } from 'vitest';
import type { Runtime } from '../../src/runtime/runtime.ts';

export interface RuntimeUnderTest {
  readonly rt: Runtime;
  /** Runs until all foreground tasks have ended and says how the run ended. */
  readonly finish: () => Promise<string>;
}

export function runtimeContract(name: string, make: () => RuntimeUnderTest): void {
  describe(`${name}: contract of a runtime`, () => {
    tasksContract(make);
    waitsContract(make);
    timersContract(make);
  });
}

function tasksContract(make: () => RuntimeUnderTest): void {
  test('a spawned task starts later, never inside the call', async () => {
    const { rt, finish } = make();
    const log: string[] = [];
    rt.spawn('parent', async (task) => {
      const child = rt.spawn('child', async () => void log.push('child'));
      log.push('parent');
      await rt.join(task, child);
      log.push('joined');
    });
    expect(log).toEqual([]);
    expect(await finish()).toBe('done');
    expect(log).toEqual(['parent', 'child', 'joined']);
  });

  test('join waits for the end, and not at all for a task that has ended', async () => {
    const { rt, finish } = make();
    const log: string[] = [];
    const worker = rt.spawn('worker', async (task) => {
      await rt.sleep(task, 5);
      log.push('worked');
    });
    for (const name of ['a', 'b']) {
      rt.spawn(name, async (task) => {
        await rt.join(task, worker);
        log.push('joined');
        await rt.join(task, worker);
        log.push('joined again');
      });
    }
    await finish();
    expect(log[0]).toBe('worked');
    expect(log.toSorted()).toEqual(['joined', 'joined', 'joined again', 'joined again', 'worked']);
    expect(worker.ended).toBe(true);
  });

  test('an error ends its task only and is told to the listeners', async () => {
    const { rt, finish } = make();
    const ended: [string, unknown][] = [];
    rt.onTaskEnd((task, error) => ended.push([task.name, error]));
    const bad = new Error('broken invariant');
    rt.spawn('bad', async (task) => {
      await rt.sleep(task, 1);
      throw bad;
    });
    rt.spawn('at-once', () => {
      throw bad;
    });
    rt.spawn('silent', async () => {
      throw undefined;
    });
    rt.spawn('good', async (task) => rt.sleep(task, 5));
    expect(await finish()).toBe('done');
    expect(new Set(ended.map(([name]) => name))).toEqual(new Set(['bad', 'at-once', 'silent', 'good']));
    const errors = new Map(ended);
    expect([errors.get('bad'), errors.get('at-once'), errors.get('good')]).toEqual([bad, bad, undefined]);
    expect(errors.get('silent')).toBeInstanceOf(Error);
    expect([...rt.tasks]).toEqual([]);
  });

  test('a daemon is not waited for, a foreground task that it spawned is', async () => {
    const { rt, finish } = make();
    const log: string[] = [];
    let spawned = false;
    rt.spawn(
      'daemon',
      async (task) => {
        spawned = true;
        rt.spawn('work', async (worker) => {
          await rt.sleep(worker, 3);
          log.push('work');
        });
        for (;;) await rt.sleep(task, 1000);
      },
      { daemon: true },
    );
    rt.spawn('main', async (task) => {
      while (!spawned) await rt.sleep(task, 1);
    });
    expect(await finish()).toBe('done');
    expect(log).toEqual(['work']);
    expect([...rt.tasks].map((task) => task.name)).toEqual(['daemon']);
  });

  test('a run without foreground tasks is done', async () => {
    const { rt, finish } = make();
    rt.spawn('daemon', async (task) => rt.sleep(task, 1e6), { daemon: true });
    expect(await finish()).toBe('done');
  });

  test('ids and pids count tasks in the order of spawning', () => {
    const { rt } = make();
    const tasks = ['a', 'b', 'c'].map((name) => rt.spawn(name, async () => undefined));
    expect(tasks.map(({ id, pid }) => [id, pid])).toEqual([
      [0, 1000],
      [1, 1001],
      [2, 1002],
    ]);
  });

  test('many tasks may be started at once', async () => {
    const { rt, finish } = make();
    let ran = 0;
    for (let i = 0; i < 3000; i++) {
      rt.spawn(`t${i}`, async (task) => {
        await rt.sleep(task, 1);
        ran++;
      });
    }
    expect(await finish()).toBe('done');
    expect(ran).toBe(3000);
  });
}

function waitsContract(make: () => RuntimeUnderTest): void {
  test('sleepers wake in the order of their times, and the clock shows it', async () => {
    const { rt, finish } = make();
    const due: number[] = [];
    // No two of them can be due at once, whenever they start.
    for (const ms of [30, 11, 17]) {
      rt.spawn(`sleeps ${ms}`, async (task) => {
        const end = rt.now() + ms;
        await rt.sleep(task, ms);
        due.push(end);
        // setTimeout may be early by the fraction of a millisecond that libuv cuts off.
        expect(rt.now()).toBeGreaterThanOrEqual(end - 1);
      });
    }
    expect(await finish()).toBe('done');
    expect(due).toHaveLength(3);
    expect(due).toEqual(due.toSorted((a, b) => a - b));
  });

  test.each(['before', 'after'] as const)('a wake-up that comes %s the park is not lost', async (when) => {
    const { rt, finish } = make();
    const log: string[] = [];
    const sleeper = rt.spawn('sleeper', async (task) => {
      await rt.sleep(task, when === 'before' ? 8 : 1);
      await rt.park(task);
      log.push('awake');
    });
    rt.spawn('waker', async (task) => {
      await rt.sleep(task, 4);
      log.push('wake');
      rt.wake(sleeper);
    });
    expect(await finish()).toBe('done');
    expect(log).toEqual(['wake', 'awake']);
  });

  test('wake-ups do not add up: two of them end one park', async () => {
    const { rt, finish } = make();
    let parks = 0;
    let expected = 1;
    const sleeper = rt.spawn(
      'sleeper',
      async (task) => {
        for (;;) {
          await rt.park(task);
          parks++;
        }
      },
      { daemon: true },
    );
    rt.spawn('waker', async (task) => {
      for (; expected <= 3; expected++) {
        rt.wake(sleeper);
        rt.wake(sleeper);
        while (parks < expected) await rt.sleep(task, 1);
        await rt.sleep(task, 1);
        expect(parks).toBe(expected);
      }
    });
    expect(await finish()).toBe('done');
    expect(parks).toBe(3);
  });

  test('choose stays in range', async () => {
    const { rt, finish } = make();
    const seen = new Set<number>();
    rt.spawn('chooser', async (task) => {
      for (let i = 0; i < 200; i++) seen.add(rt.choose(task, 'site', 3));
      expect(rt.choose(null, 'site', 1)).toBe(0);
    });
    await finish();
    expect(seen).toEqual(new Set([0, 1, 2]));
  });
}

function timersContract(make: () => RuntimeUnderTest): void {
  test('a timer fires once at its time, outside any task; a cancelled one does not', async () => {
    const { rt, finish } = make();
    const log: string[] = [];
    rt.spawn('main', async (task) => {
      rt.timer('second', 10, () => log.push('second'));
      rt.timer('first', 4, () => log.push('first'));
      const cancelled = rt.timer('cancelled', 6, () => log.push('cancelled'));
      const fired = rt.timer('at once', 0, () => log.push('at once'));
      await rt.sleep(task, 2);
      cancelled.cancel();
      fired.cancel();
      await rt.sleep(task, 30);
    });
    expect(await finish()).toBe('done');
    expect(log).toEqual(['at once', 'first', 'second']);
  });

  test('a timer may wake a parked task', async () => {
    const { rt, finish } = make();
    let woken = false;
    rt.spawn('main', async (task) => {
      rt.timer('hardware', 3, () => rt.wake(task));
      await rt.park(task);
      woken = true;
    });
    expect(await finish()).toBe('done');
    expect(woken).toBe(true);
  });
}
