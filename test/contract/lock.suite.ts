/**
 * What every lock promises, whatever its kind: exclusion, order of release, try, limits that leave the queue, ownership, assertions,
 * statistics of its queue. Each kind calls this on both runtimes; the steps of a test are ordered by sleeps.
 */
import { describe, expect, test } from 'vitest';
import type { Guard } from '../../src/locks/guard.ts';
import type { AcquireOptions, Lock } from '../../src/locks/lock.ts';
import type { LockLayer } from '../../src/locks/lock-layer.ts';
import type { MaybePromise } from '../../src/runtime/runtime.ts';
import type { Task, TaskBody } from '../../src/runtime/task.ts';
import type { MakeWorld } from '../helpers/lock-world.ts';

/** A lock asked for exclusively; its class is tryable. */
export interface LockUnderTest {
  readonly lock: Lock;
  readonly take: (task: Task) => MaybePromise<Guard>;
  readonly takeWith: (task: Task, options: AcquireOptions) => MaybePromise<Guard | null>;
  readonly attempt: (task: Task) => MaybePromise<Guard | null>;
}

export type MakeLock = (locks: LockLayer) => LockUnderTest;

export function lockContract(name: string, makeWorld: MakeWorld, makeLock: MakeLock): void {
  describe(`${name}: contract of a lock`, () => {
    exclusionContract(makeWorld, makeLock);
    limitsContract(makeWorld, makeLock);
    ownershipContract(makeWorld, makeLock);
  });
}

function exclusionContract(makeWorld: MakeWorld, makeLock: MakeLock): void {
  test('one at a time, and everybody gets it', async () => {
    const { rt, locks, play, found } = makeWorld();
    const { take } = makeLock(locks);
    let [inside, most, sections] = [0, 0, 0];
    const body: TaskBody = async (task) => {
      for (let i = 0; i < 10; i++) {
        using _ = await take(task);
        most = Math.max(most, ++inside);
        await rt.sleep(task, 0);
        inside--;
        sections++;
      }
    };
    expect(await play({ a: body, b: body, c: body })).toBe('done');
    expect([most, sections, found()]).toEqual([1, 30, []]);
  });

  test('a try answers at once: null while it is held, the lock when it is free', async () => {
    const { rt, locks, play, found } = makeWorld();
    const { take, attempt } = makeLock(locks);
    const log: string[] = [];
    await play({
      owner: async (task) => {
        const guard = await take(task);
        while (log.length === 0) await rt.sleep(task, 2);
        guard.release();
        log.push('released');
        await rt.sleep(task, 2);
      },
      other: async (task) => {
        await rt.sleep(task, 8);
        log.push((await attempt(task)) === null ? 'busy' : 'free');
        while (log.length < 2) await rt.sleep(task, 2);
        await rt.sleep(task, 8);
        using guard = await attempt(task);
        log.push(guard === null ? 'busy' : 'free');
      },
    });
    expect([log, found()]).toEqual([['busy', 'released', 'free'], []]);
  });

  test('released in any order', async () => {
    const { locks, play, found } = makeWorld();
    const [one, two] = [makeLock(locks), locks.mutex(makeLock(locks).lock.cls.subclass(1), 'inner')];
    await play({
      only: async (task) => {
        const outer = await one.take(task);
        const inner = await two.acquire(task);
        outer.release();
        expect([one.lock.heldBy(task), two.heldBy(task)]).toEqual([false, true]);
        inner.release();
        expect(task.held).toBeNull();
      },
    });
    expect(found()).toEqual([]);
  });
}

function limitsContract(makeWorld: MakeWorld, makeLock: MakeLock): void {
  test.each(['time', 'signal'] as const)('a waiter that gives up (%s) goes without the lock and delays nobody', async (how) => {
    const { rt, locks, play, found } = makeWorld();
    const { lock, take, takeWith } = makeLock(locks);
    const log: string[] = [];
    const impatient = rt.spawn('impatient', async (task) => {
      await rt.sleep(task, 10);
      const guard = await takeWith(task, how === 'time' ? { timeoutMs: 20 } : { interruptible: true });
      log.push(guard === null ? 'gave up' : 'got it');
      expect([task.held, task.due, lock.positionOf(task)]).toEqual([null, Number.POSITIVE_INFINITY, 0]);
    });
    const outcome = await play({
      owner: async (task) => {
        using _ = await take(task);
        while (log.length === 0) await rt.sleep(task, 5);
        log.push('owner leaves');
      },
      patient: async (task) => {
        await rt.sleep(task, 20);
        using _ = await take(task);
        log.push('patient');
      },
      signals: async (task) => {
        await rt.sleep(task, 30);
        if (how === 'signal') locks.interrupt(task, impatient);
      },
    });
    expect([outcome, log, found()]).toEqual(['done', ['gave up', 'owner leaves', 'patient'], []]);
  });

  test('a limit that does not come first changes nothing', async () => {
    const { rt, locks, play, found } = makeWorld();
    const { lock, take, takeWith } = makeLock(locks);
    const log: unknown[] = [];
    const outcome = await play({
      owner: async (task) => {
        using _ = await take(task);
        await rt.sleep(task, 10);
      },
      patient: async (task) => {
        await rt.sleep(task, 4);
        using guard = await takeWith(task, { timeoutMs: 60_000, interruptible: true });
        log.push(guard !== null, lock.heldBy(task), task.due);
      },
      free: async (task) => {
        await rt.sleep(task, 40);
        using guard = await takeWith(task, { timeoutMs: 60_000 });
        log.push(guard !== null);
      },
    });
    expect([outcome, log, found()]).toEqual(['done', [true, true, Number.POSITIVE_INFINITY, true], []]);
    expect(rt.now()).toBeLessThan(30_000);
  });

  test('with a signal pending an interruptible request does not wait, and takes a free lock all the same', async () => {
    const { rt, locks, play } = makeWorld();
    const { take, takeWith } = makeLock(locks);
    const log: string[] = [];
    await play({
      owner: async (task) => {
        const guard = await take(task);
        while (log.length === 0) await rt.sleep(task, 2);
        guard.release();
        await rt.sleep(task, 20);
      },
      other: async (task) => {
        await rt.sleep(task, 8);
        locks.interrupt(null, task);
        log.push((await takeWith(task, { interruptible: true })) === null ? 'not now' : 'got it');
        await rt.sleep(task, 30);
        using guard = await takeWith(task, { interruptible: true });
        log.push(guard === null ? 'not now' : 'got it');
      },
    });
    expect(log).toEqual(['not now', 'got it']);
  });
}

function ownershipContract(makeWorld: MakeWorld, makeLock: MakeLock): void {
  test('released twice, by somebody else, or pinned: each is reported with the place of the acquisition and does nothing', async () => {
    const { locks, play, findings, found } = makeWorld();
    const { lock, take } = makeLock(locks);
    const other = { name: 'other' } as Task;
    await play({
      only: async (task) => {
        const guard = await take(task);
        guard.release(other);
        const pin = guard.pin();
        guard.release();
        expect(lock.heldBy(task)).toBe(true);
        guard.unpin(pin);
        guard.unpin(pin);
        expect(found()).toHaveLength(3);
        guard.release();
        expect([lock.heldBy(task), found().length]).toEqual([false, 3]);
        guard.release();
      },
    });
    expect(findings.map(({ key }) => key.split(':')[0])).toEqual(['foreign-release', 'pinned-release', 'wrong-unpin', 'double-release']);
    for (const { notes, place } of findings) {
      expect(place?.[0]).toMatch(/^test\/contract\/lock\.suite\.ts/);
      expect(notes?.[0]).toMatch(/was taken by only \(.*write\) at test\//);
    }
  });

  test.each(['freed', 'initialise'] as const)(
    '%s while held or waited for is reported with the holder, afterwards it is not',
    async (what) => {
      const { rt, locks, play, findings } = makeWorld();
      const { lock, take } = makeLock(locks);
      await play({
        owner: async (task) => {
          using _ = await take(task);
          await rt.sleep(task, 20);
        },
        waiter: async (task) => {
          await rt.sleep(task, 4);
          using _ = await take(task);
        },
        careless: async (task) => {
          await rt.sleep(task, 10);
          expect(lock.users().waiters.map(({ name }) => name)).toEqual(['waiter']);
          lock[what](task);
          await rt.sleep(task, 40);
          expect(findings).toHaveLength(1);
          lock[what](task);
        },
      });
      const verb = what === 'freed' ? 'frees' : 'initialises';
      expect(findings.map(({ title, tasks }) => [title, tasks])).toEqual([
        [`careless ${verb} ${lock.name} while owner holds it`, ['careless', 'owner']],
      ]);
      expect(findings[0]?.notes?.[0]).toContain(`${lock.name} was taken by owner`);
    },
  );

  test('who ends with it is reported', async () => {
    const { locks, play, findings } = makeWorld();
    const { lock, take } = makeLock(locks);
    await play({ leaky: async (task) => void (await take(task)) });
    expect(findings.map(({ title }) => title)).toEqual([`leaky ends while it still holds ${lock.name}`]);
    expect(findings[0]?.notes?.[0]).toContain(`${lock.name} was taken by leaky`);
  });
}
