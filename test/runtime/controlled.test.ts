/**
 * Goal: the controlled runtime keeps the contract, is a function of its seed, replays strictly, and tells how a run ended that went wrong.
 */
import { describe, expect, test } from 'vitest';
import type { ControlledOptions } from '../../src/runtime/controlled-options.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import { ReplayDiverged, ReplayStrategy } from '../../src/runtime/replay-strategy.ts';
import type { Strategy } from '../../src/runtime/strategy.ts';
import { runtimeContract } from '../contract/runtime.suite.ts';
import { DfsStrategy } from '../helpers/dfs-strategy.ts';
import { FirstStrategy } from '../helpers/first-strategy.ts';

for (const seed of [1, 2, 3]) {
  runtimeContract(`controlled, seed ${seed}`, () => {
    const rt = new ControlledRuntime({ seed });
    return { rt, finish: () => rt.run() };
  });
}
runtimeContract('controlled, every release a step', () => {
  const rt = new ControlledRuntime({ seed: 4, releaseSteps: 'all' });
  return { rt, finish: () => rt.run() };
});

/** Three tasks, a timer and data choices; answers what a run of it does. */
async function walk(options: ControlledOptions): Promise<{ rt: ControlledRuntime; outcome: string; trace: string }> {
  const rt = new ControlledRuntime(options);
  const log: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    rt.spawn(name, async (task) => {
      for (let i = 0; i < 3; i++) {
        await rt.sleep(task, i);
        log.push(`${name}${rt.choose(task, 'response', 4)}@${rt.now()}`);
      }
    });
  }
  rt.timer('hardware', 2, () => log.push('tick'));
  const outcome = await rt.run();
  return { rt, outcome, trace: log.join(' ') };
}

describe('seeds and replay', () => {
  test('the same seed makes the same run, other seeds other ones', async () => {
    const traces = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const [first, second] = [await walk({ seed }), await walk({ seed })];
      expect(second.trace).toBe(first.trace);
      expect(second.rt.choices).toEqual(first.rt.choices);
      expect(second.rt.steps).toBe(first.rt.steps);
      traces.add(first.trace);
    }
    expect(traces.size).toBeGreaterThan(15);
  });

  test('the recorded choices make the same run with another seed', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const recorded = await walk({ seed });
      const strategy = new ReplayStrategy(recorded.rt.choices);
      const replayed = await walk({ seed: 99, strategy });
      expect(replayed).toMatchObject({ outcome: 'done', trace: recorded.trace });
      expect(replayed.rt.choices).toEqual(recorded.rt.choices);
      expect(strategy.left).toBe(0);
    }
  });

  test('without recording there are no choices, and the same run', async () => {
    const [kept, dropped] = [await walk({ seed: 5 }), await walk({ seed: 5, record: false })];
    expect(dropped.trace).toBe(kept.trace);
    expect(dropped.rt.choices).toEqual([]);
  });

  test('a task that cannot run ends the replay and says which could', async () => {
    const replayed = await walk({ seed: 1, strategy: new ReplayStrategy([2, 77]) });
    expect(replayed.outcome).toBe('failed');
    expect(replayed.rt.failure).toBeInstanceOf(ReplayDiverged);
    expect(replayed.rt.failure).toMatchObject({
      position: 1,
      message: 'replay diverged at choice 1: expected 77 to be able to run, got 0 (a), 1 (b), 2 (c), -1 (hardware)',
    });
  });

  test('a value out of range ends the replay, though the model asks for it in the middle of a step', async () => {
    const rt = new ControlledRuntime({ seed: 1, strategy: new ReplayStrategy([9]) });
    const log: string[] = [];
    const ended: string[] = [];
    rt.onTaskEnd((task) => ended.push(task.name));
    rt.spawn('only', async (task) => {
      log.push(`chose ${rt.choose(task, 'response', 4)}`);
      await rt.sleep(task, 1);
      log.push('went on');
    });
    expect(await rt.run()).toBe('failed');
    expect(rt.failure).toMatchObject({
      name: 'ReplayDiverged',
      message: 'replay diverged at choice 0: expected a value from 0 to 3 for response, got 9',
    });
    // The model sees a legal value, never the error, and gets no further than its next operation.
    expect([log, ended]).toEqual([['chose 0'], []]);
  });

  test('a list that is too short diverges at its end', async () => {
    const { rt } = await walk({ seed: 6 });
    const short = rt.choices.slice(0, -1);
    const replayed = await walk({ seed: 6, strategy: new ReplayStrategy(short) });
    expect(replayed.outcome).toBe('failed');
    expect(replayed.rt.failure).toMatchObject({ name: 'ReplayDiverged', position: short.length });
  });
});

describe('how a run ends that went wrong', () => {
  test('an operation that is not awaited', async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 10; seed++) {
      const rt = new ControlledRuntime({ seed });
      rt.spawn('forgetful', async (task) => {
        void rt.sleep(task, 3);
        await rt.sleep(task, 1);
      });
      rt.spawn('other', async (task) => rt.sleep(task, 1));
      outcomes.add(`${await rt.run()}: ${String(rt.failure)}`);
    }
    expect([...outcomes]).toContain('failed: Error: task forgetful announced sleep, but other is running');
  });

  test('an operation that is not awaited by the last line of a task', async () => {
    const rt = new ControlledRuntime({ seed: 1, strategy: new FirstStrategy() });
    rt.spawn('forgetful', async (task) => {
      await rt.sleep(task, 0);
      void rt.sleep(task, 3);
    });
    rt.spawn('other', async (task) => {
      for (let i = 0; i < 5; i++) await rt.sleep(task, 1);
    });
    expect(await rt.run()).toBe('failed');
    expect(String(rt.failure)).toBe('Error: task forgetful has ended, but its sleep was not awaited');
  });

  test('an operation of another task', async () => {
    const rt = new ControlledRuntime({ seed: 1, strategy: new FirstStrategy() });
    const first = rt.spawn('first', async (task) => rt.sleep(task, 10));
    rt.spawn('second', async () => rt.sleep(first, 1));
    expect(await rt.run()).toBe('failed');
    expect(String(rt.failure)).toBe('Error: task first announced sleep, but second is running');
  });

  test('an await of something that nobody controls, and the run stays over when it comes', async () => {
    const rt = new ControlledRuntime({ seed: 1 });
    const log: string[] = [];
    let come: (() => void) | undefined;
    rt.spawn('reader', async (task) => {
      await rt.sleep(task, 1);
      await new Promise<void>((resolve) => {
        come = resolve;
      });
      log.push('came');
      await rt.sleep(task, 1);
      log.push('went on');
    });
    rt.spawn('other', async (task) => {
      await rt.sleep(task, 1000);
      log.push('other');
    });
    expect(await rt.run()).toBe('uncontrolled-await');
    const { steps } = rt;
    come!();
    await new Promise((resolve) => setImmediate(resolve));
    expect(rt.steps).toBe(steps);
    expect(log.filter((entry) => entry !== 'other')).toEqual(['came']);
  });

  test('a task that goes on by itself lets the event loop have its turn: a signal can stop it', async () => {
    const rt = new ControlledRuntime({ seed: 1 });
    rt.spawn('alone', async (task) => {
      for (let i = 0; i < 100_000; i++) await rt.sleep(task, 1);
    });
    setImmediate(() => rt.stop());
    expect(await rt.run()).toBe('stopped');
  });

  test('awaits of values and of ended promises are no uncontrolled ones', async () => {
    const rt = new ControlledRuntime({ seed: 1 });
    rt.spawn('a', async (task) => {
      for (let i = 0; i < 1000; i++) {
        await undefined;
        await Promise.resolve().then(() => undefined);
        await rt.sleep(task, 1);
      }
    });
    expect(await rt.run()).toBe('done');
  });

  test('nobody can go on', async () => {
    const rt = new ControlledRuntime({ seed: 1 });
    rt.spawn('parked', async (task) => rt.park(task));
    rt.spawn('done', async () => undefined);
    expect(await rt.run()).toBe('deadlock');
    expect([...rt.tasks].map((task) => task.name)).toEqual(['parked']);
  });

  test('the step limit: exactly that many steps, and one more is enough', async () => {
    const run = async (maxSteps: number): Promise<[string, number]> => {
      const rt = new ControlledRuntime({ seed: 1, maxSteps });
      rt.spawn('a', async (task) => {
        for (let i = 0; i < 9; i++) await rt.sleep(task, 1);
      });
      return [await rt.run(), rt.steps];
    };
    expect(await run(9)).toEqual(['step-limit', 9]);
    expect(await run(10)).toEqual(['done', 10]);
  });

  test('stop ends the run after the step', async () => {
    const rt = new ControlledRuntime({ seed: 1 });
    const log: string[] = [];
    rt.spawn('a', async (task) => {
      rt.stop();
      log.push('same step');
      await rt.sleep(task, 1);
      log.push('next step');
    });
    expect(await rt.run()).toBe('stopped');
    expect(log).toEqual(['same step']);
  });

  const boom = new Error('boom');
  const throws = (): never => {
    throw boom;
  };
  test.each<[string, (rt: ControlledRuntime) => void, Partial<Strategy>]>([
    ['a strategy', () => undefined, { choose: throws }],
    ['a timer', (rt) => void rt.timer('hardware', 0, throws), {}],
    ['a listener', (rt) => rt.onTaskEnd(throws), {}],
    [
      'an operation',
      (rt) => {
        rt.spawn('c', async (task) => void (await rt.point(task, { opName: 'bad', enabled: () => true, perform: throws }, 0)));
      },
      {},
    ],
  ])('what %s throws ends the run, and no task sees it', async (_name, prepare, strategy) => {
    const rt = new ControlledRuntime({ seed: 1, strategy: Object.assign(new FirstStrategy(), strategy) });
    const seen: unknown[] = [];
    for (const name of ['a', 'b']) {
      rt.spawn(name, async (task) => {
        try {
          await rt.sleep(task, 1);
        } catch (error) {
          seen.push(error);
        }
      });
    }
    prepare(rt);
    expect(await rt.run()).toBe('failed');
    expect(rt.failure).toBe(boom);
    expect(seen).toEqual([]);
  });
});

describe('virtual time', () => {
  /** All orders in which a task's step, a timer and another timer can come. */
  async function orders(times: readonly number[]): Promise<string[]> {
    const dfs = new DfsStrategy();
    const seen = new Set<string>();
    do {
      dfs.begin();
      const rt = new ControlledRuntime({ seed: 1, strategy: dfs });
      const log: string[] = [];
      times.forEach((ms, i) => rt.timer(`t${i}`, ms, () => log.push(`t${i}@${rt.now()}`)));
      rt.spawn('a', async (task) => {
        log.push('a');
        await rt.sleep(task, 100);
      });
      await rt.run();
      seen.add(log.join(' '));
    } while (dfs.advance());
    return [...seen].toSorted();
  }

  test('an armed timer may fire before a task that could go on: it is a choice', async () => {
    expect(await orders([5])).toEqual(['a t0@5', 't0@5 a']);
  });

  test('only the earliest may fire, ties are choices', async () => {
    expect(await orders([5, 7])).toEqual(['a t0@5 t1@7', 't0@5 a t1@7', 't0@5 t1@7 a']);
    expect(await orders([5, 5])).toHaveLength(6);
  });

  test('a year of sleep takes no time', async () => {
    const rt = new ControlledRuntime({ seed: 1 });
    rt.spawn('a', async (task) => rt.sleep(task, 365 * 86_400_000));
    expect(await rt.run()).toBe('done');
    expect(rt.now()).toBe(365 * 86_400_000);
  });
});

describe('eager starts', () => {
  const begun = async (starts: 'steps' | 'eager', seed: number): Promise<string> => {
    const rt = new ControlledRuntime({ seed, starts });
    const order: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      rt.spawn(name, async (task) => {
        order.push(name);
        await rt.sleep(task, 0);
      });
    }
    await rt.run();
    return order.join('');
  };

  test('begin tasks in the order in which they were spawned, and choose nothing', async () => {
    for (let seed = 1; seed <= 20; seed++) expect(await begun('eager', seed)).toBe('abc');
  });

  test('are not the default: who begins first is a choice', async () => {
    const orders = new Set<string>();
    for (let seed = 1; seed <= 40; seed++) orders.add(await begun('steps', seed));
    expect(orders.size).toBeGreaterThan(3);
  });
});
