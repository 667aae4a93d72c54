/**
 * Goal: work items and active references wake whom they should, waiting for them is validated at every call, and what a run or a user must
 * not do is reported. Method: the same scripts on both runtimes.
 */
import { describe, expect, test } from 'vitest';
import { LockClass } from '../../src/locks/lock-class.ts';
import { WORLDS } from '../helpers/lock-world.ts';

const [A, B, Q, W] = ['wait-a', 'wait-b', 'wait-wq', 'wait-work'].map((name) => new LockClass(name)) as [
  LockClass,
  LockClass,
  LockClass,
  LockClass,
];
const order = (...classes: string[]): string => `lock-order: possible circular locking dependency: ${classes.join(' -> ')}`;

describe.each(WORLDS)('%s: work item', (_name, make) => {
  test('cancelled before it begins it does not run; while it runs it is waited for', async () => {
    const { rt, locks, play, found } = make();
    const log: string[] = [];
    const item = locks.workItem(locks.workQueue(Q, 'events'), W, {
      name: 'reset',
      body: async (task) => {
        log.push('begin');
        await rt.sleep(task, 10);
        log.push('end');
      },
    });
    await play({
      user: async (task) => {
        item.queueWork(task);
        log.push(`cancelled: ${await item.cancel(task)}`);
        item.queueWork(task);
        while (log.at(-1) !== 'begin') await rt.sleep(task, 1);
        log.push(`cancelled: ${await item.cancel(task)}`);
      },
    });
    expect([log, item.busy, found()]).toEqual([['cancelled: true', 'begin', 'end', 'cancelled: false'], false, []]);
  });

  test.each([true, false])('a queue is drained when none of its items is left; under a lock that work on it takes: %s', async (locked) => {
    const { rt, locks, play, found } = make();
    const [a, queue] = [locks.mutex(A, 'a'), locks.workQueue(Q, 'events')];
    let runs = 0;
    const items = ['x', 'y'].map((name) =>
      locks.workItem(queue, W, {
        name,
        body: async (task) => {
          using _ = await a.acquire(task);
          await rt.sleep(task, 4);
          runs++;
        },
      }),
    );
    await play({
      user: async (task) => {
        for (const item of items) item.queueWork(task);
        await queue.drain(task);
        expect(runs).toBe(2);
        using _ = locked ? await a.acquire(task) : null;
        await queue.drain(task);
      },
    });
    expect(found()).toEqual(locked ? [order('wait-a', 'wait-wq', 'wait-a')] : []);
  });

  test.each([true, false])('a run that leaves a lock held: %s', async (leaves) => {
    const { locks, play, findings } = make();
    const a = locks.mutex(A, 'a');
    const item = locks.workItem(locks.workQueue(Q, 'events'), W, {
      name: 'reset',
      body: async (task) => {
        const guard = await a.acquire(task);
        if (!leaves) guard.release();
      },
    });
    await play({
      user: async (task) => {
        item.queueWork(task);
        await item.flush(task);
      },
    });
    expect(findings.map(({ title }) => title)).toEqual(
      leaves ? ['the work reset ends with a held', 'kworker/reset ends while it still holds a'] : [],
    );
    if (leaves) expect(findings[0]?.notes?.[0]).toMatch(/^a was taken by kworker\/reset \(write\) at test\/locks\/work\.test\.ts/);
  });

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
  test('given back twice it is reported, and counts once', async () => {
    const { locks, play, found } = make();
    const active = locks.activeReference(A, 'attribute');
    await play({
      only: async (task) => {
        const [first, second] = [active.get(task)!, active.get(task)!];
        active.put(first);
        active.put(first);
        expect([first.live, second.live]).toEqual([false, true]);
        active.put(second);
        await active.drain(task);
      },
    });
    expect(found()).toEqual(['assertion: only releases attribute a second time']);
  });

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
