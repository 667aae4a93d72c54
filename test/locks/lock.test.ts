/**
 * Goal: mutex and rw semaphore exclude, queue and release as promised, on both runtimes. Method: short scripts whose steps are ordered by
 * sleeps; the exclusion itself over many random schedules.
 */
import { describe, expect, test } from 'vitest';
import { LockClass } from '../../src/locks/lock-class.ts';
import { heldNames } from '../../src/locks/guard.ts';
import type { TaskBody } from '../../src/runtime/task.ts';
import { RandomStrategy } from '../../src/runtime/random-strategy.ts';
import { WORLDS, controlledWorld } from '../helpers/lock-world.ts';

const A = new LockClass('lock-test-a');
const B = new LockClass('lock-test-b');
const T = new LockClass('lock-test-tryable', { tryable: true });

describe.each(WORLDS)('%s: mutex', (_name, make) => {
  test('release in the same step as the next request of the same task', async () => {
    const { locks, play } = make();
    const lock = locks.mutex(A, 'a');
    let count = 0;
    const body: TaskBody = async (task) => {
      for (let i = 0; i < 50; i++) {
        using _ = await lock.acquire(task);
        const before = count;
        await Promise.resolve();
        count = before + 1;
      }
    };
    expect(await play({ a: body, b: body, c: body })).toBe('done');
    expect(count).toBe(150);
  });

  test('who holds it, and who does not', async () => {
    const { rt, locks, play, found } = make();
    const lock = locks.mutex(A, 'the lock');
    await play({
      owner: async (task) => {
        expect(lock.heldBy(task)).toBe(false);
        using _ = await lock.acquire(task);
        expect([lock.heldBy(task), lock.heldExclusivelyBy(task), heldNames(task)]).toEqual([true, true, ['the lock']]);
        lock.assertHeld(task, 'filtering');
        await rt.sleep(task, 4);
      },
      other: async (task) => {
        await rt.sleep(task, 2);
        expect([lock.heldBy(task), lock.heldExclusivelyBy(task)]).toEqual([false, false]);
        expect(found()).toEqual([]);
        lock.assertHeld(task, 'filtering');
      },
    });
    expect(found()).toEqual(['assertion: filtering needs the lock, which other does not hold']);
  });

  test('a trylock answers at once: null while held, the lock when free', async () => {
    const { rt, locks, play, found } = make();
    const lock = locks.mutex(T, 't');
    const log: string[] = [];
    await play({
      owner: async (task) => {
        const guard = await lock.tryAcquire(task);
        log.push(guard === null ? 'busy' : 'got it');
        await rt.sleep(task, 4);
        guard?.release();
        await rt.sleep(task, 4);
      },
      other: async (task) => {
        await rt.sleep(task, 2);
        log.push((await lock.tryAcquire(task)) === null ? 'busy' : 'got it');
        await rt.sleep(task, 4);
        using guard = await lock.tryAcquire(task);
        log.push(guard === null ? 'busy' : 'got it');
      },
    });
    expect([log, found()]).toEqual([['got it', 'busy', 'got it'], []]);
  });

  test('a trylock of a class that is not declared tryable is refused', async () => {
    const { locks, play } = make();
    const lock = locks.mutex(A, 'a');
    await play({
      only: async (task) => {
        expect(() => lock.tryAcquire(task)).toThrow('a: class lock-test-a must be declared tryable');
      },
    });
  });

  test('after an early release the end of the scope does nothing, also when somebody else holds the lock by then', async () => {
    const { rt, locks, play, found } = make();
    const lock = locks.mutex(A, 'a');
    await play({
      first: async (task) => {
        using guard = await lock.acquire(task);
        guard.release();
        await rt.sleep(task, 4);
      },
      second: async (task) => {
        await rt.sleep(task, 2);
        using _ = await lock.acquire(task);
        await rt.sleep(task, 4);
        expect(lock.heldBy(task)).toBe(true);
      },
    });
    expect(found()).toEqual([]);
  });

  test('a task that ends with locks held is reported with their names, one that gave them back is not', async () => {
    const tidy = make();
    const a = tidy.locks.mutex(A, 'a');
    await tidy.play({
      tidy: async (task) => {
        using _ = await a.acquire(task);
      },
    });
    expect(tidy.found()).toEqual([]);
    const leaky = make();
    const [c, d] = [leaky.locks.mutex(A, 'c'), leaky.locks.mutex(B, 'd')];
    await leaky.play({
      leaky: async (task) => {
        await c.acquire(task);
        await d.acquire(task);
      },
    });
    expect(leaky.found()).toEqual(['assertion: leaky ends while it still holds c, d']);
  });

  test('listeners of an exclusive release run while it is held', async () => {
    const { locks, play } = make();
    const [lock, rw] = [locks.mutex(A, 'a'), locks.rwSemaphore(B, 'b')];
    const log: string[] = [];
    lock.onExclusiveRelease((task) => log.push(`mutex ${lock.heldBy(task)}`));
    rw.onExclusiveRelease((task) => log.push(`rw ${rw.heldExclusivelyBy(task)}`));
    await play({
      only: async (task) => {
        (await lock.acquire(task)).release();
        (await rw.read(task)).release();
        (await rw.write(task)).release();
      },
    });
    expect(log).toEqual(['mutex true', 'rw true']);
  });
});

describe.each(WORLDS)('%s: rw semaphore', (_name, make) => {
  test('readers share, a writer is alone', async () => {
    const { rt, locks, play, found } = make();
    const rw = locks.rwSemaphore(A, 'rw');
    let readers = 0;
    let most = 0;
    const reader: TaskBody = async (task) => {
      using _ = await rw.read(task);
      most = Math.max(most, ++readers);
      expect([rw.heldBy(task), rw.heldExclusivelyBy(task)]).toEqual([true, false]);
      await rt.sleep(task, 4);
      readers--;
    };
    await play({
      r1: reader,
      r2: reader,
      r3: reader,
      writer: async (task) => {
        await rt.sleep(task, 1);
        using _ = await rw.write(task);
        expect([readers, rw.heldExclusivelyBy(task)]).toEqual([0, true]);
      },
    });
    expect([most, found()]).toEqual([3, []]);
  });

  test('a reader behind a queued writer waits for it', async () => {
    const { rt, locks, play } = make();
    const rw = locks.rwSemaphore(A, 'rw');
    const log: string[] = [];
    const at =
      (start: number, how: 'read' | 'write', name: string): TaskBody =>
      async (task) => {
        await rt.sleep(task, start);
        using _ = await rw[how](task);
        log.push(name);
        await rt.sleep(task, 8);
      };
    await play({ r1: at(0, 'read', 'r1'), w1: at(2, 'write', 'w1'), r2: at(4, 'read', 'r2') });
    expect(log).toEqual(['r1', 'w1', 'r2']);
  });
});

describe.each(WORLDS.filter(([name]) => name === 'live'))('%s: order', (_name, make) => {
  test('waiters get it in the order of their coming, and a newcomer cannot slip in', async () => {
    const { rt, locks, play, found } = make();
    const lock = locks.mutex(A, 'a');
    const log: string[] = [];
    const body =
      (name: string, start: number, hold: number): TaskBody =>
      async (task) => {
        await rt.sleep(task, start);
        using _ = await lock.acquire(task);
        log.push(name);
        await rt.sleep(task, hold);
      };
    const outcome = await play({ first: body('first', 0, 8), second: body('second', 2, 4), third: body('third', 5, 1) });
    expect([outcome, log, found()]).toEqual(['done', ['first', 'second', 'third'], []]);
  });

  test('a reader behind a queued writer waits for it; readers behind one writer go together', async () => {
    const { rt, locks, play } = make();
    const rw = locks.rwSemaphore(A, 'rw');
    const log: string[] = [];
    const at =
      (start: number, how: 'read' | 'write', name: string, hold: number): TaskBody =>
      async (task) => {
        await rt.sleep(task, start);
        using _ = await rw[how](task);
        log.push(name);
        await rt.sleep(task, hold);
        log.push(`${name} out`);
      };
    await play({
      r1: at(0, 'read', 'r1', 12),
      w1: at(2, 'write', 'w1', 3),
      r2: at(4, 'read', 'r2', 5),
      r3: at(6, 'read', 'r3', 6),
      w2: at(8, 'write', 'w2', 1),
    });
    expect(log.join(', ')).toMatch(/^r1, r1 out, w1, w1 out, r[23], r[23], r2 out, r3 out, w2, w2 out$/);
  });
});

test('in the controlled runtime any waiter may be the next: kernel mutexes can be stolen', async () => {
  const orders = new Set<string>();
  for (let seed = 0; seed < 50; seed++) {
    const { rt, locks, play } = controlledWorld({}, { strategy: new RandomStrategy(seed) });
    const lock = locks.mutex(A, 'a');
    const log: string[] = [];
    const body =
      (name: string): TaskBody =>
      async (task) => {
        using _ = await lock.acquire(task);
        log.push(name);
        await rt.sleep(task, 1);
      };
    await play({ a: body('a'), b: body('b'), c: body('c') });
    orders.add(log.join(''));
  }
  expect(orders.size).toBe(6);
});

test('over 300 random schedules no two writers, and no writer with a reader, are ever inside', async () => {
  for (let seed = 0; seed < 300; seed++) {
    const { rt, locks, play, found } = controlledWorld({}, { strategy: new RandomStrategy(seed) });
    const rw = locks.rwSemaphore(A, 'rw');
    const inside = { readers: 0, writers: 0 };
    const body =
      (how: 'read' | 'write'): TaskBody =>
      async (task) => {
        for (let i = 0; i < 3; i++) {
          using _ = await rw[how](task);
          inside[how === 'read' ? 'readers' : 'writers']++;
          await rt.sleep(task, 1);
          if (how === 'write') expect(inside).toEqual({ readers: 0, writers: 1 });
          else expect(inside.writers).toBe(0);
          inside[how === 'read' ? 'readers' : 'writers']--;
        }
      };
    expect(await play({ r1: body('read'), r2: body('read'), w1: body('write'), w2: body('write') })).toBe('done');
    expect(found()).toEqual([]);
  }
});

describe('program order', () => {
  // The release of a tryable lock becomes visible later; what the task does after it must not overtake it.
  const outcomes = async (
    start: (world: ReturnType<typeof controlledWorld>, seen: string[]) => Record<string, TaskBody>,
  ): Promise<string[]> => {
    const all = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const world = controlledWorld({}, { strategy: new RandomStrategy(seed) });
      const seen: string[] = [];
      await world.play(start(world, seen));
      all.add(seen.join(' '));
    }
    return [...all].toSorted();
  };

  test.each(['spawn', 'wake', 'timer', 'join'] as const)('who is started by %s after a release finds the lock free', async (how) => {
    const found = await outcomes(({ rt, locks }, seen) => {
      const lock = locks.mutex(T, 't');
      const attempt: TaskBody = async (task) => {
        if (how === 'wake') await rt.park(task);
        using guard = await lock.tryAcquire(task);
        seen.push(guard === null ? 'busy' : 'free');
      };
      const sleeper = how === 'wake' ? rt.spawn('sleeper', attempt) : null;
      const owner: TaskBody = async (task) => {
        (await lock.acquire(task)).release();
        if (how === 'spawn') rt.spawn('attempt', attempt);
        if (how === 'wake') rt.wake(sleeper!);
        if (how === 'timer') rt.timer('later', 0, () => void rt.spawn('attempt', attempt));
        if (how !== 'join') await rt.sleep(task, 1);
      };
      if (how !== 'join') return { owner };
      const first = rt.spawn('owner', owner);
      return {
        joiner: async (task) => {
          await rt.join(task, first);
          await attempt(task);
        },
      };
    });
    expect(found).toEqual(['free']);
  });

  test('who comes by chance may still find it held', async () => {
    const found = await outcomes(({ rt, locks }, seen) => {
      const lock = locks.mutex(T, 't');
      return {
        owner: async (task) => {
          (await lock.acquire(task)).release();
          await rt.sleep(task, 1);
        },
        passer: async (task) => {
          using guard = await lock.tryAcquire(task);
          seen.push(guard === null ? 'busy' : 'free');
        },
      };
    });
    expect(found).toEqual(['busy', 'free']);
  });
});
