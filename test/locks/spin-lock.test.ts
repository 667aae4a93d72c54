/**
 * Goal: who holds a spin lock must not sleep, and a section that does not is never reported. Method: sections with and without an await,
 * with sleeping locks inside, and contended ones.
 */
import { describe, expect, test } from 'vitest';
import { LockClass } from '../../src/locks/lock-class.ts';
import { RandomStrategy } from '../../src/runtime/random-strategy.ts';
import type { TaskBody } from '../../src/runtime/task.ts';
import { WORLDS, controlledWorld } from '../helpers/lock-world.ts';

const S = new LockClass('spin', { spin: true });
const S2 = new LockClass('spin inner', { spin: true });
const M = new LockClass('sleeps', { tryable: true });

describe.each(WORLDS)('%s', (_name, make) => {
  test('sections that do not sleep: nested, many tasks, nothing to report', async () => {
    const { rt, locks, play, found } = make();
    const [outer, inner] = [locks.spinLock(S, 'aq->lock'), locks.spinLock(S2, 'inner')];
    let count = 0;
    const body: TaskBody = async (task) => {
      for (let i = 0; i < 20; i++) {
        {
          using _ = await outer.acquire(task);
          using __ = await inner.acquire(task);
          count++;
        }
        await rt.sleep(task, i % 3);
      }
    };
    expect(await play({ a: body, b: body, c: body })).toBe('done');
    expect([count, found()]).toEqual([60, []]);
  });

  test.each(['mutex', 'wait', 'join', 'try'] as const)('%s with a spin lock held', async (what) => {
    const { rt, locks, play, findings } = make();
    const [spin, m] = [locks.spinLock(S, 'aq->lock'), locks.mutex(M, 'm')];
    const queue = locks.waitQueue(locks.map(M, 'map'));
    const done = rt.spawn('done', async () => undefined);
    await play({
      only: async (task) => {
        await rt.sleep(task, 1);
        using _ = await spin.acquire(task);
        if (what === 'mutex') (await m.acquire(task)).release();
        if (what === 'try') (await m.tryAcquire(task))?.release();
        if (what === 'wait') await queue.wait(task, () => true);
        if (what === 'join')
          await rt.join(
            task,
            rt.spawn('child', async () => undefined),
          );
      },
    });
    expect(done.ended).toBe(true);
    const waited = { mutex: 'm', wait: 'sleeps', join: 'the end of another task', try: '' }[what];
    const expected = what === 'try' ? [] : [`invalid wait context: only may sleep for ${waited} with the spin lock aq->lock held`];
    expect(findings.map(({ title }) => title)).toEqual(expected);
    if (what !== 'try') expect(findings[0]?.notes?.[0]).toContain('aq->lock was taken by only (write) at test/locks/spin-lock.test.ts');
  });

  test('a wait that drops the spin lock may sleep', async () => {
    const { rt, locks, play, found } = make();
    const spin = locks.spinLock(S, 'aq->lock');
    const queue = locks.waitQueue(locks.map(M, 'map'));
    let ready = false;
    await play({
      waiter: async (task) => {
        using drop = await spin.acquire(task);
        await queue.wait(task, () => ready, { drop });
      },
      setter: async (task) => {
        await rt.sleep(task, 4);
        using _ = await spin.acquire(task);
        ready = true;
        queue.wakeAll(task);
      },
    });
    expect(found()).toEqual([]);
  });

  test.each([true, false])('a sleep of the runtime inside is seen by whoever comes, sleeps: %s', async (sleeps) => {
    const { rt, locks, play, findings } = make();
    const spin = locks.spinLock(S, 'aq->lock');
    const outcome = await play({
      sleeper: async (task) => {
        const guard = await spin.acquire(task);
        if (sleeps) await rt.sleep(task, 20);
        guard.release();
      },
      comer: async (task) => {
        await rt.sleep(task, 10);
        using _ = await spin.acquire(task);
      },
    });
    expect(outcome).toBe('done');
    expect([findings.length > 0, findings.every(({ key }) => key.startsWith('spin-sleep:'))]).toEqual([sleeps, true]);
    if (sleeps) expect(findings[0]?.title).toMatch(/^sleeper sleeps with the spin lock aq->lock held: /);
  });

  test('its class must be declared spin', () => {
    const { locks } = make();
    expect(() => locks.spinLock(M, 'm')).toThrow('m: expected a class that is declared spin, got sleeps');
  });
});

test('live: held over a turn of the event loop, also when nobody comes', async () => {
  const { rt, locks, play, findings } = WORLDS[0]![1]();
  const spin = locks.spinLock(S, 'aq->lock');
  await play({
    only: async (task) => {
      using _ = await spin.acquire(task);
      await rt.sleep(task, 5);
    },
  });
  expect(findings.map(({ title }) => title)).toEqual(['only sleeps with the spin lock aq->lock held: the turn of the event loop is over']);
});

test('controlled: tasks stand for CPUs and contend for it without a report', async () => {
  let contended = 0;
  for (let seed = 0; seed < 100; seed++) {
    const { locks, play, found } = controlledWorld({ statistics: true }, { strategy: new RandomStrategy(seed) });
    const [outer, inner] = [locks.spinLock(S, 'outer'), locks.spinLock(S2, 'inner')];
    const body: TaskBody = async (task) => {
      using _ = await outer.acquire(task);
      using __ = await inner.acquire(task);
    };
    expect(await play({ a: body, b: body, c: body })).toBe('done');
    expect(found()).toEqual([]);
    contended += locks.statistics!.rows().reduce((sum, row) => sum + row.contentions, 0);
  }
  expect(contended).toBeGreaterThan(0);
});
