/**
 * Goal: wait queues and completions wake whom they should, and every wait is validated at every call, also
 * when nothing has to be waited for. Method: the same scripts on both runtimes.
 */
import { describe, expect, test } from 'vitest';
import { heldNames } from '../../src/locks/guard.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import { clearSignal } from '../../src/locks/signal.ts';
import type { Task } from '../../src/runtime/task.ts';
import { WORLDS } from '../helpers/lock-world.ts';

const [A, B, M] = ['wait-a', 'wait-b', 'wait-map'].map((name) => new LockClass(name)) as [LockClass, LockClass, LockClass];
const order = (...classes: string[]): string => `lock-order: possible circular locking dependency: ${classes.join(' -> ')}`;

describe.each(WORLDS)('%s: wait queue', (_name, make) => {
  test('sleeps until the condition holds, not until the first wake-up', async () => {
    const { rt, locks, play } = make();
    const queue = locks.waitQueue(locks.map(M, 'map'));
    let value = 0;
    const woken: string[] = [];
    const waiter = (name: string, from: number) => async (task: Parameters<typeof queue.wait>[0]) => {
      expect(await queue.wait(task, () => value >= from)).toBe(true);
      woken.push(`${name} at ${value}`);
    };
    const outcome = await play({
      low: waiter('low', 1),
      high: waiter('high', 2),
      waker: async (task) => {
        for (let i = 0; i < 3; i++) {
          await rt.sleep(task, 4);
          queue.wakeAll(task);
          await rt.sleep(task, 4);
          value++;
          queue.wakeAll(i === 2 ? task : null);
        }
      },
    });
    expect([outcome, woken]).toEqual(['done', ['low at 1', 'high at 2']]);
  });

  test('gives the lock back while asleep and holds it again afterwards', async () => {
    const { rt, locks, play, found } = make();
    const [a, b] = [locks.mutex(A, 'a'), locks.mutex(B, 'b')];
    const queue = locks.waitQueue(locks.map(M, 'map'));
    let ready = false;
    const log: string[] = [];
    await play({
      waiter: async (task) => {
        using drop = await a.acquire(task);
        using _ = await b.acquire(task);
        expect(await queue.wait(task, () => ready, { drop })).toBe(true);
        log.push(`awake with ${heldNames(task).toSorted().join(' ')}, owner ${a.heldBy(task)}`);
      },
      setter: async (task) => {
        await rt.sleep(task, 4);
        using _ = await a.acquire(task);
        log.push('got a');
        ready = true;
        queue.wakeAll(task);
        await rt.sleep(task, 4);
        log.push('leaves');
      },
    });
    expect(log).toEqual(['got a', 'leaves', 'awake with a b, owner true']);
    // Taking `a` again under `b` turns the order round: that is a finding.
    expect(found()).toEqual([order('wait-b', 'wait-a', 'wait-b')]);
  });

  test('ends without the condition when the time is up, and with it when that comes first', async () => {
    const { rt, locks, play } = make();
    const queue = locks.waitQueue(locks.map(M, 'map'));
    let ready = false;
    const log: unknown[] = [];
    const outcome = await play({
      short: async (task) => {
        log.push(['short', await queue.wait(task, () => ready, { timeoutMs: 4 })]);
      },
      long: async (task) => {
        log.push(['long', await queue.wait(task, () => ready, { timeoutMs: 60_000 })]);
      },
      setter: async (task) => {
        await rt.sleep(task, 12);
        ready = true;
        queue.wakeAll(task);
      },
    });
    expect(outcome).toBe('done');
    expect(log).toEqual([
      ['short', false],
      ['long', true],
    ]);
    expect(rt.now()).toBeLessThan(10_000);
  });

  test('an interruptible wait ends with a signal, does not begin with one pending, and does not mind one that was dealt with', async () => {
    const { rt, locks, play } = make();
    const queue = locks.waitQueue(locks.map(M, 'map'));
    const log: unknown[] = [];
    let ready = false;
    const waiter = rt.spawn('waiter', async (task) => {
      for (let i = 0; i < 2; i++) log.push(await queue.wait(task, () => ready, { interruptible: true, timeoutMs: 60_000 }));
      clearSignal(task);
      log.push(await queue.wait(task, () => ready, { interruptible: true }));
    });
    await play({
      other: async (task) => {
        await rt.sleep(task, 8);
        locks.interrupt(task, waiter);
        while (log.length < 2) await rt.sleep(task, 2);
        ready = true;
        queue.wakeAll(task);
        await rt.join(task, waiter);
      },
    });
    expect(log).toEqual([false, false, true]);
    expect(rt.now()).toBeLessThan(30_000);
  });

  test('a signal does not end a wait that is not interruptible', async () => {
    const { rt, locks, play } = make();
    const queue = locks.waitQueue(locks.map(M, 'map'));
    const log: string[] = [];
    let ready = false;
    const waiter = rt.spawn('waiter', async (task) => {
      await queue.wait(task, () => ready);
      log.push('awake');
    });
    await play({
      other: async (task) => {
        await rt.sleep(task, 4);
        locks.interrupt(task, waiter);
        await rt.sleep(task, 4);
        log.push('ready');
        ready = true;
        queue.wakeAll(task);
        await rt.join(task, waiter);
      },
    });
    expect(log).toEqual(['ready', 'awake']);
  });

  test.each([true, false])('the map is validated at every call, condition true at once: %s', async (ready) => {
    const { locks, play, found } = make();
    const [a, map] = [locks.mutex(A, 'a'), locks.map(M, 'map')];
    const queue = locks.waitQueue(map);
    await play({
      only: async (task) => {
        using held = map.hold(task);
        (await a.acquire(task)).release();
        held.release();
        expect(found()).toEqual([]);
        using _ = await a.acquire(task);
        await queue.wait(task, () => ready, { timeoutMs: 1 });
      },
    });
    expect(found()).toEqual([order('wait-a', 'wait-map', 'wait-a')]);
  });

  test('a lock that is dropped for the sleep does not count', async () => {
    const { locks, play, found } = make();
    const [a, map] = [locks.mutex(A, 'a'), locks.map(M, 'map')];
    const queue = locks.waitQueue(map);
    await play({
      only: async (task) => {
        using held = map.hold(task);
        (await a.acquire(task)).release();
        held.release();
        using drop = await a.acquire(task);
        await queue.wait(task, () => true, { drop });
      },
    });
    expect(found()).toEqual([]);
  });

  test('who waits for what it holds itself is reported', async () => {
    const { locks, play, findings } = make();
    const map = locks.map(M, 'map');
    await play({
      only: async (task) => {
        using _ = map.hold(task);
        await locks.waitQueue(map).wait(task, () => true);
      },
    });
    expect(findings.map(({ kind }) => kind)).toEqual(['recursive-lock']);
  });
});

describe.each(WORLDS)('%s: completion', (_name, make) => {
  test('completed once it lets one wait pass, now or later', async () => {
    const { rt, locks, play } = make();
    const completion = locks.completion(M, 'reset done');
    const log: string[] = [];
    const waiter = (name: string) => async (task: Task) => {
      if (await completion.wait(task, { timeoutMs: 60_000 })) log.push(name);
    };
    await play({
      hardware: async (task) => {
        completion.completeOne(task);
        await rt.sleep(task, 10);
        log.push('one more');
        completion.completeOne(null);
        while (log.length < 3) await rt.sleep(task, 2);
        expect(completion.done).toBe(false);
      },
      w1: waiter('passed'),
      w2: waiter('passed'),
    });
    expect(log).toEqual(['passed', 'one more', 'passed']);
  });

  test.each([true, false])(
    'waiting under a lock that completing code takes is reported before it ever ran, declared: %s',
    async (declared) => {
      const { locks, play, findings } = make();
      const a = locks.mutex(A, 'a');
      const completion = locks.completion(M, 'done', declared ? { completedUnder: [A] } : {});
      await play({
        only: async (task) => {
          using _ = await a.acquire(task);
          await completion.wait(task, { timeoutMs: 1 });
        },
      });
      expect(findings.map(({ title, notes }) => [title, notes?.slice(0, 1)])).toEqual(
        declared
          ? [
              [
                'declared lock order broken: wait-a -> wait-map -> wait-a',
                ['wait-map before wait-a is declared by the code that completes done'],
              ],
            ]
          : [],
      );
    },
  );

  test('all waiters go on, later ones do not wait, until it is armed again', async () => {
    const { rt, locks, play } = make();
    const completion = locks.completion(M, 'reset done');
    const log: string[] = [];
    const until = async (task: Task, condition: () => boolean): Promise<void> => {
      while (!condition()) await rt.sleep(task, 1);
    };
    const waiter = (name: string, may: () => boolean) => async (task: Task) => {
      await until(task, may);
      expect(await completion.wait(task)).toBe(true);
      log.push(name);
    };
    const outcome = await play({
      w1: waiter('w1', () => true),
      w2: waiter('w2', () => true),
      hardware: async (task) => {
        await rt.sleep(task, 8);
        log.push('done');
        completion.completeAll(null);
        expect(completion.done).toBe(true);
        await until(task, () => log.includes('w3'));
        completion.reinit();
        expect(completion.done).toBe(false);
        log.push('armed');
        await rt.sleep(task, 8);
        log.push('done');
        completion.completeAll(task);
      },
      w3: waiter('w3', () => log.length === 3),
      w4: waiter('w4', () => log.includes('armed')),
    });
    expect(outcome).toBe('done');
    expect([log.slice(1, 3).toSorted(), log.toSpliced(1, 2)]).toEqual([
      ['w1', 'w2'],
      ['done', 'w3', 'armed', 'done', 'w4'],
    ]);
  });

  test.each([true, false])('waiting under a lock that the completing section takes, promised: %s', async (promised) => {
    const { locks, play, found } = make();
    const [a, completion] = [locks.mutex(A, 'a'), locks.completion(M, 'done')];
    await play({
      only: async (task) => {
        {
          using _ = promised ? completion.promise(task) : null;
          (await a.acquire(task)).release();
          completion.completeAll(task);
        }
        using __ = await a.acquire(task);
        await completion.wait(task);
      },
    });
    expect(found()).toEqual(promised ? [order('wait-a', 'wait-map', 'wait-a')] : []);
  });
});
