/**
 * Goal: every rule of the lock layer is missed when it is gone. Method: for each rule that a mutant of `scripts/lock-mutants.mjs` could
 * switch off without another test noticing, the smallest script in which it makes the difference.
 */
import { describe, expect, test } from 'vitest';
import { LockClass } from '../../src/locks/lock-class.ts';
import { WORLDS, controlledWorld } from '../helpers/lock-world.ts';
import { own, short, strict } from '../locks-program/notation.ts';

const [A, B, C, M, Q, Q2, W] = ['corner-a', 'corner-b', 'corner-c', 'corner-map', 'corner-wq', 'corner-wq2', 'corner-work'].map(
  (name) => new LockClass(name),
) as [LockClass, LockClass, LockClass, LockClass, LockClass, LockClass, LockClass];
const SPIN = new LockClass('corner-spin', { spin: true });
const circular = (...classes: string[]): string => `lock-order: possible circular locking dependency: ${classes.join(' -> ')}`;
const inconsistent = 'lock-order: inconsistent lock state: corner-spin is taken in a hardirq by only and held with it enabled by only';

describe.each(WORLDS)('%s: order', (_name, make) => {
  test('a nest lock that was taken inside the first of a class does not put the second in order', async () => {
    const { locks, play, findings } = make();
    const [outer, k1, k2] = [locks.mutex(B, 'outer'), locks.mutex(A, 'k1'), locks.mutex(A, 'k2')];
    await play({
      only: async (task) => {
        using _ = await k1.acquire(task);
        using __ = await outer.acquire(task);
        using ___ = await k2.acquire(task, { nestLock: outer });
      },
    });
    expect(findings.map(({ kind }) => kind)).toContain('recursive-lock');
  });

  test('a class whose order is not validated breaks no declared order either', async () => {
    const { locks, play, found } = make();
    const [free, m] = [locks.mutex(new LockClass('corner-free', { validate: false }), 'free'), locks.mutex(M, 'm')];
    locks.declareOrder(['corner-free', M.name], 'the test');
    await play({
      only: async (task) => {
        using _ = await m.acquire(task);
        using __ = await free.acquire(task);
      },
    });
    expect(found()).toEqual([]);
  });

  // Between the two a recursive reader, so that no longer path closes the same cycle.
  test('a sequence that was cut short by a release from below does not pass for the whole one', async () => {
    const { locks, play, found } = make();
    const [a, b, c] = [locks.mutex(A, 'a'), locks.readerPreferringLock(B, 'b'), locks.mutex(C, 'c')];
    await play({
      only: async (task) => {
        {
          const first = await a.acquire(task);
          using _ = await b.read(task);
          first.release();
          using __ = await c.acquire(task);
        }
        {
          using _ = await c.acquire(task);
          using __ = await a.acquire(task);
        }
        expect(found()).toEqual([]);
        using _ = await a.acquire(task);
        using __ = await b.read(task);
        using ___ = await c.acquire(task);
      },
    });
    expect(found()).toEqual([circular('corner-a', 'corner-c', 'corner-a')]);
  });

  test('a wait that was to drop what is held no more is learnt under what is held', async () => {
    const { locks, play, found } = make();
    const [a, b, c] = [locks.mutex(A, 'a'), locks.mutex(B, 'b'), locks.readerPreferringLock(C, 'c')];
    const map = locks.map(M, 'map');
    const queue = locks.waitQueue(map);
    await play({
      only: async (task) => {
        const below = await a.acquire(task);
        const drop = await b.acquire(task);
        drop.release();
        below.release();
        {
          using _ = await c.read(task);
          await queue.wait(task, () => true, { drop });
        }
        {
          using _ = map.hold(task);
          using __ = await a.acquire(task);
        }
        expect(found()).toEqual([]);
        using _ = await a.acquire(task);
        using __ = await c.read(task);
        await queue.wait(task, () => true);
      },
    });
    expect(found()).toEqual([circular('corner-a', 'corner-map', 'corner-a')]);
  });

  test('work that flushes a queue on which others of its class run can wait for itself', async () => {
    const { locks, play, found } = make();
    const [queue, other] = [locks.workQueue(Q, 'q'), locks.workQueue(Q2, 'q2')];
    const idle = locks.workItem(queue, W, { name: 'idle', body: async () => undefined });
    const flusher = locks.workItem(other, W, { name: 'flusher', body: (task) => queue.drain(task) });
    await play({
      only: async (task) => {
        for (const item of [idle, flusher]) {
          item.queueWork(task);
          await item.flush(task);
        }
      },
    });
    expect(found()).toEqual([circular('corner-work', 'corner-wq', 'corner-work')]);
  });

  test('the report of a declared order names whoever has kept it, once somebody has', async () => {
    const { locks, play, findings } = make();
    const [a, b] = [locks.mutex(A, 'a'), locks.mutex(B, 'b')];
    locks.declareOrder([A.name, B.name], 'the test');
    await play({
      keeper: async (task) => {
        using _ = await a.acquire(task);
        using __ = await b.acquire(task);
      },
      breaker: async (task) => {
        await locks.rt.sleep(task, 5);
        using _ = await b.acquire(task);
        using __ = await a.acquire(task);
      },
    });
    expect(findings.map(({ cycle }) => cycle?.map(({ task }) => task).toSorted())).toEqual([['breaker', 'keeper']]);
  });
});

describe.each(WORLDS)('%s: interrupts', (_name, make) => {
  test('a wait for a lock holds nothing that an interrupt could want', async () => {
    const { locks, play, found } = make();
    const lock = locks.spinLock(SPIN, 'spin');
    await play({
      only: async (task) => {
        lock.mightAcquire(task);
        using _ = locks.irqSection(task, 'hardirq');
        using __ = await lock.acquire(task);
      },
    });
    expect(found()).toEqual([]);
  });

  test('a class that an interrupt takes while the interrupted code holds it is no nesting of the class', async () => {
    const { locks, play, found } = make();
    const [outside, inside] = [locks.spinLock(SPIN, 'outside'), locks.spinLock(SPIN, 'inside')];
    await play({
      only: async (task) => {
        using _ = await outside.acquire(task);
        using __ = locks.irqSection(task, 'hardirq');
        using ___ = await inside.acquire(task);
      },
    });
    expect(found()).toEqual([inconsistent]);
  });

  test('a reader in an interrupt that queues behind writers is stopped by the reader it has interrupted', async () => {
    const { locks, play, found } = make();
    const lock = locks.rwSemaphore(SPIN, 'fair');
    await play({
      only: async (task) => {
        (await lock.read(task)).release();
        using _ = locks.irqSection(task, 'hardirq');
        using __ = await lock.read(task);
      },
    });
    expect(found()).toEqual([inconsistent]);
  });
});

describe.each(WORLDS)('%s: life of a lock', (_name, make) => {
  test('a lock that is held keeps its class, a free one gets the new one', async () => {
    const { locks, play, found } = make();
    const a = locks.mutex(A, 'a');
    await play({
      only: async (task) => {
        {
          using _ = await a.acquire(task);
          a.initialise(task, B);
          expect(a.cls).toBe(A);
        }
        // Its own release may not be visible to others yet: that is no reason to complain.
        a.initialise(task, B);
        expect(a.cls).toBe(B);
      },
    });
    expect(found()).toEqual(['assertion: only initialises a while only holds it']);
  });
});

test('a lock that nobody holds is in use while a writer waits for it', async () => {
  const { rt, locks, play, found } = controlledWorld();
  const lock = locks.rwSemaphore(A, 'a');
  await play({
    reader: async (task) => {
      const guard = await lock.read(task);
      await rt.sleep(task, 5);
      guard.release();
      lock.freed(task);
    },
    writer: async (task) => {
      await rt.sleep(task, 1);
      using _ = await lock.write(task);
    },
  });
  expect(found()).toEqual(['assertion: reader frees a for which writer waits']);
});

describe.each(WORLDS)('%s: standstill and state', (_name, make, stuck) => {
  test('any reader may be the one for whom a writer waits in a circle', async () => {
    const { rt, locks, play, findings } = make({ validate: false });
    const [m, lock] = [locks.mutex(M, 'm'), locks.rwSemaphore(A, 'a')];
    const outcome = await play({
      first: async (task) => {
        using _ = await lock.read(task);
        await rt.sleep(task, 20);
      },
      second: async (task) => {
        using _ = await lock.read(task);
        await rt.sleep(task, 10);
        using __ = await m.acquire(task);
      },
      writer: async (task) => {
        using _ = await m.acquire(task);
        await rt.sleep(task, 5);
        using __ = await lock.write(task);
      },
    });
    expect([outcome, findings.map(({ kind, tasks }) => [kind, tasks.toSorted()])]).toEqual([stuck, [['deadlock', ['second', 'writer']]]]);
  });

  test('beside a deadlock the run goes on for whom the hardware may wake', async () => {
    const { rt, locks, play } = make({ validate: false });
    const [a, b] = [locks.mutex(A, 'a'), locks.mutex(B, 'b')];
    const queue = locks.waitQueue(locks.map(M, 'map'));
    let [ready, woken] = [false, false];
    const outcome = await play({
      one: async (task) => {
        using _ = await a.acquire(task);
        await rt.sleep(task, 1);
        using __ = await b.acquire(task);
      },
      two: async (task) => {
        using _ = await b.acquire(task);
        await rt.sleep(task, 1);
        using __ = await a.acquire(task);
      },
      sleeper: async (task) => {
        rt.timer('device', 20, () => {
          ready = true;
          queue.wakeAll(null);
        });
        woken = await queue.wait(task, () => ready);
      },
    });
    expect([outcome, woken]).toEqual([stuck, true]);
  });

  test.each([
    ['few attempts, however far apart', { limitMs: 20 }],
    ['attempts that have just begun, however many', { limitMs: 1000, attempts: 2 }],
  ])('%s, are no livelock', async (_case, options) => {
    const { rt, locks, play, found } = make({ validate: false });
    const classes = ['corner-try-a', 'corner-try-b'].map((name) => new LockClass(name, { tryable: true })) as [LockClass, LockClass];
    const [a, b] = [locks.mutex(classes[0], 'a'), locks.mutex(classes[1], 'b')];
    const watch = locks.watchHungTasks(options);
    let refused = 0;
    const trier = (mine: typeof a, other: typeof a) => async (task: Parameters<typeof a.acquire>[0]) => {
      using _ = await mine.acquire(task);
      for (const pause of [15, 15, 15]) {
        await rt.sleep(task, pause);
        if ((await other.tryAcquire(task)) === null) refused++;
      }
      await rt.sleep(task, 5);
    };
    await play({ one: trier(a, b), two: trier(b, a) });
    watch.stop();
    expect([refused, found()]).toEqual([6, []]);
  });

  test('a change in place needs the guard as a write does', async () => {
    const { locks, play, found } = make();
    const a = locks.mutex(A, 'a');
    const field = locks.field({ name: 'm1' }, 'list', [1]);
    field.guardedBy([a]);
    await play({
      only: async (task) => {
        {
          using _ = await a.acquire(task);
          field.modify(task).push(2);
        }
        expect(found()).toEqual([]);
        field.modify(task).push(3);
      },
    });
    expect(found()).toEqual(['data-race: m1.list is written by only without its guard (a)']);
  });

  test('what a task did before it woke another one comes before what that one does', async () => {
    const { rt, locks, play, found } = make();
    const field = locks.state.shared({ name: 'm1' }, 'count', 0);
    await play({
      parked: async (task) => {
        rt.spawn('waker', async (mine) => {
          await rt.sleep(mine, 5);
          field.set(mine, 1);
          rt.wake(task);
        });
        await rt.park(task);
        field.set(task, field.get(task) + 1);
      },
    });
    expect([field.inspect(), found()]).toEqual([2, []]);
  });

  test('a value that is written once more is no change that somebody could miss', async () => {
    const { rt, locks, play, found } = make();
    const a = locks.mutex(A, 'a');
    const field = locks.field({ name: 'm1' }, 'count', 1);
    field.guardedBy([a]);
    await play({
      slow: async (task) => {
        let known = 0;
        {
          using _ = await a.acquire(task);
          known = field.get(task);
        }
        await rt.sleep(task, 10);
        using _ = await a.acquire(task);
        field.set(task, known + 1);
      },
      quick: async (task) => {
        await rt.sleep(task, 5);
        using _ = await a.acquire(task);
        field.set(task, 1);
      },
    });
    expect([field.inspect(), found()]).toEqual([2, []]);
  });
});

test('strict: a class that a path could not get through is not looked at again on another path', () => {
  const weakFirst = 'W(N) R(A) | R(A) W(X) | ';
  const rest = 'W(N) W(B) | W(B) W(X) | W(X) W(P) | W(P) W(N)';
  expect([short(strict(weakFirst + rest)), short(own(weakFirst + rest))]).toEqual(['ok', 'report 21 circular']);
  expect(short(strict(rest))).toBe('report 13 circular');
});
