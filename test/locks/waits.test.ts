/**
 * Goal: wait queues, completions, work items and active references wake whom they should, and every wait is validated at every call, also
 * when nothing has to be waited for. Method: the same scripts on both runtimes.
 */
import { describe, expect, test } from 'vitest';
import { heldNames } from '../../src/locks/guard.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import { WORLDS } from '../helpers/lock-world.ts';

const [A, B, M, Q, W] = ['wait-a', 'wait-b', 'wait-map', 'wait-wq', 'wait-work'].map((name) => new LockClass(name)) as [
  LockClass,
  LockClass,
  LockClass,
  LockClass,
  LockClass,
];
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
  test('all waiters go on, later ones do not wait, until it is armed again', async () => {
    const { rt, locks, play } = make();
    const completion = locks.completion(M, 'reset done');
    const log: string[] = [];
    const waiter = (name: string, start: number) => async (task: Parameters<typeof completion.wait>[0]) => {
      await rt.sleep(task, start);
      expect(await completion.wait(task)).toBe(true);
      log.push(name);
    };
    const outcome = await play({
      w1: waiter('w1', 0),
      w2: waiter('w2', 1),
      hardware: async (task) => {
        await rt.sleep(task, 8);
        log.push('done');
        completion.completeAll(null);
        expect(completion.done).toBe(true);
        await rt.sleep(task, 8);
        completion.reinit();
        expect(completion.done).toBe(false);
        log.push('armed');
        await rt.sleep(task, 8);
        log.push('done');
        completion.completeAll(task);
      },
      w3: waiter('w3', 12),
      w4: waiter('w4', 20),
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

describe.each(WORLDS)('%s: work item', (_name, make) => {
  test('flush waits for a queued and for a running item; queued twice before it begins it runs once', async () => {
    const { rt, locks, play, found } = make();
    const queue = locks.workQueue(Q, 'events');
    const log: string[] = [];
    const item = locks.workItem(queue, W, {
      name: 'reset',
      body: async (task) => {
        log.push('begin');
        await rt.sleep(task, 6);
        log.push('end');
      },
    });
    const outcome = await play({
      user: async (task) => {
        expect([item.queueWork(task), item.queueWork(task), item.busy]).toEqual([true, false, true]);
        await item.flush(task);
        log.push('flushed');
        item.queueWork(task);
        await rt.sleep(task, 3);
        // It runs: this queues it once more, and the flush waits for both runs.
        expect(item.queueWork(task)).toBe(true);
        await item.flush(task);
        log.push('flushed');
        await item.flush(task);
      },
    });
    expect([outcome, found(), item.busy]).toEqual(['done', [], false]);
    expect(log.join(' ')).toBe('begin end flushed begin end begin end flushed');
  });

  test.each([true, false])('flush under a lock that the work takes is reported in any run, work needs it: %s', async (needs) => {
    const { rt, locks, play, found } = make();
    const [a, b, queue] = [locks.mutex(A, 'a'), locks.mutex(B, 'b'), locks.workQueue(Q, 'events')];
    const item = locks.workItem(queue, W, {
      name: 'reset',
      body: async (task) => {
        (await (needs ? a : b).acquire(task)).release();
      },
    });
    await play({
      user: async (task) => {
        item.queueWork(task);
        await rt.sleep(task, 4);
        using _ = await a.acquire(task);
        await item.flush(task);
      },
    });
    expect(found()).toEqual(needs ? [order('wait-a', 'wait-work', 'wait-a')] : []);
  });

  test('the same as an actual deadlock, also when the worker has not begun yet', async () => {
    const { locks, play, findings } = make({ validate: false });
    const [a, queue] = [locks.mutex(A, 'a'), locks.workQueue(Q, 'events')];
    const item = locks.workItem(queue, W, {
      name: 'reset',
      body: async (task) => {
        (await a.acquire(task)).release();
      },
    });
    const outcome = await play({
      user: async (task) => {
        using _ = await a.acquire(task);
        item.queueWork(task);
        await item.flush(task);
      },
    });
    expect(outcome).not.toBe('done');
    expect(findings.map(({ kind, tasks }) => [kind, tasks.toSorted()])).toEqual([['deadlock', ['kworker/reset', 'user']]]);
  });

  test('a body that throws does not swallow a run that was queued meanwhile', async () => {
    const { rt, locks, play } = make();
    let runs = 0;
    const item = locks.workItem(locks.workQueue(Q, 'events'), W, {
      name: 'reset',
      body: async (task) => {
        await rt.sleep(task, 4);
        if (++runs === 1) throw new Error('first run');
      },
    });
    const played = play({
      user: async (task) => {
        item.queueWork(task);
        await rt.sleep(task, 2);
        item.queueWork(task);
        await item.flush(task);
        expect(runs).toBe(2);
      },
    });
    await expect(played).rejects.toThrow('first run');
    expect([runs, item.busy]).toEqual([2, false]);
  });
});

describe.each(WORLDS)('%s: active reference', (_name, make) => {
  test.each(['put', 'using'] as const)('drain waits for users inside (given back by %s) and lets no new one in', async (how) => {
    const { rt, locks, play, found } = make();
    const active = locks.activeReference(A, 'assign_adapter');
    const log: string[] = [];
    const outcome = await play({
      user: async (task) => {
        const reference = active.get(task)!;
        await rt.sleep(task, 8);
        log.push('user leaves');
        if (how === 'put') {
          active.put(reference);
          active.put(reference);
        } else {
          using _ = reference;
        }
      },
      second: async (task) => {
        using _ = active.get(task);
        await rt.sleep(task, 2);
      },
      remover: async (task) => {
        await rt.sleep(task, 4);
        await active.drain(task);
        log.push('removed');
      },
      late: async (task) => {
        await rt.sleep(task, 6);
        expect(active.get(task)).toBeNull();
      },
    });
    expect([outcome, log, found()]).toEqual(['done', ['user leaves', 'removed'], []]);
  });

  test('removal under a lock that a store takes', async () => {
    const { locks, play, found } = make();
    const [active, m] = [locks.activeReference(A, 'attribute'), locks.mutex(B, 'm')];
    await play({
      only: async (task) => {
        const reference = active.get(task)!;
        (await m.acquire(task)).release();
        active.put(reference);
        using _ = await m.acquire(task);
        await active.drain(task);
      },
    });
    expect(found()).toEqual([order('wait-b', 'wait-a', 'wait-b')]);
  });

  test('removal by a store of the attribute itself', async () => {
    const { locks, play, findings } = make();
    const active = locks.activeReference(A, 'remove');
    const outcome = await play({
      only: async (task) => {
        using _ = active.get(task);
        await active.drain(task);
      },
    });
    expect(outcome).not.toBe('done');
    expect(findings.map(({ kind }) => kind)).toEqual(['recursive-lock', 'deadlock']);
  });
});
