/**
 * Goal: the statistics count what happened and nothing else, per class and mode; off, they cost nothing and say nothing.
 */
import { expect, test } from 'vitest';
import { LockClass } from '../../src/locks/lock-class.ts';
import { controlledWorld, liveWorld } from '../helpers/lock-world.ts';

const A = new LockClass('stat-a', { tryable: true });
const B = new LockClass('stat-b');

test('live: contention, waiting and holding of a mutex', async () => {
  const { rt, locks, play } = liveWorld({ statistics: true });
  const lock = locks.mutex(A, 'a');
  const body = async (task: Parameters<typeof lock.acquire>[0]): Promise<void> => {
    using _ = await lock.acquire(task);
    await rt.sleep(task, 10);
  };
  await play({
    t1: body,
    t2: body,
    t3: body,
    attempt: async (task) => {
      expect(await lock.tryAcquire(task)).toBeNull();
    },
  });
  const rows = locks.statistics!.rows();
  expect(rows).toMatchObject([{ lock: 'stat-a', mode: 'write', acquisitions: 3, contentions: 2, queueMax: 2 }]);
  const [row] = rows;
  // The second waits about 10 ms and the third about 20; timers may be a fraction early.
  expect(row!.waitMsTotal).toBeGreaterThan(25);
  expect(row!.waitMsMax).toBeGreaterThan(17);
  expect(row!.holdMsTotal).toBeGreaterThan(25);
  expect(row!.holdMsMax).toBeLessThanOrEqual(row!.holdMsTotal);
});

test('live: readers and writers have rows of their own, the most contended first', async () => {
  const { rt, locks, play } = liveWorld({ statistics: true });
  const [rw, m] = [locks.rwSemaphore(B, 'b'), locks.mutex(A, 'a')];
  await play({
    writer: async (task) => {
      (await rw.write(task)).release();
      using _ = await rw.write(task);
      await rt.sleep(task, 4);
    },
    r1: async (task) => {
      await rt.sleep(task, 1);
      using _ = await rw.read(task);
    },
    r2: async (task) => {
      await rt.sleep(task, 1);
      using _ = await rw.read(task);
      (await m.acquire(task)).release();
    },
  });
  expect(locks.statistics!.rows()).toMatchObject([
    { lock: 'stat-b', mode: 'read', acquisitions: 2, contentions: 2, queueMax: 2 },
    { lock: 'stat-b', mode: 'write', acquisitions: 2, contentions: 0 },
    { lock: 'stat-a', mode: 'write', acquisitions: 1, contentions: 0, waitMsTotal: 0 },
  ]);
});

test('controlled: virtual time, and the mode of who had to wait', async () => {
  const { rt, locks, play } = controlledWorld({ statistics: true });
  const rw = locks.rwSemaphore(B, 'b');
  await play({
    writer: async (task) => {
      using _ = await rw.write(task);
      await rt.sleep(task, 4);
    },
    reader: async (task) => {
      await rt.sleep(task, 1);
      using _ = await rw.read(task);
    },
  });
  expect(locks.statistics!.rows()).toMatchObject([
    { lock: 'stat-b', mode: 'read', acquisitions: 1, contentions: 1, holdMsTotal: 0 },
    { lock: 'stat-b', mode: 'write', acquisitions: 1, contentions: 0, holdMsTotal: 4, holdMsMax: 4 },
  ]);
});

test('off by default', () => {
  expect(controlledWorld().locks.statistics).toBeNull();
});
