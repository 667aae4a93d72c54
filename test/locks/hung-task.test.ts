/**
 * Goal: who waits too long is reported with the chain of waits to its end, holds and waits apart; who gets on is not, however busy.
 * Method: limits of some milliseconds of the runtime's clock, far apart from the sleeps of those that must not be reported.
 */
import { afterEach, describe, expect, test } from 'vitest';
import type { Finding } from '../../src/locks/finding.ts';
import type { HungTaskOptions, HungTaskWatch } from '../../src/locks/hung-task.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { Task } from '../../src/runtime/task.ts';
import { controlledWorld, liveWorld, WORLDS, type LockWorld } from '../helpers/lock-world.ts';

const [A, B, M, IDLE] = [
  new LockClass('A', { tryable: true }),
  new LockClass('B', { tryable: true }),
  new LockClass('event'),
  new LockClass('doze', { idle: true }),
];
const LIMIT = 60;

const watches: HungTaskWatch[] = [];
afterEach(() => {
  for (const watch of watches.splice(0)) watch.stop();
});

function watch({ locks }: LockWorld, options: HungTaskOptions = {}): HungTaskWatch {
  const made = locks.watchHungTasks({ limitMs: LIMIT, attempts: 5, ...options });
  watches.push(made);
  return made;
}

/** Keeps beginning to wait for something else, so that the watchdog looks in the controlled runtime, too. */
function ticker({ locks }: LockWorld, forMs: number): (task: Task) => Promise<void> {
  const queue = locks.waitQueue(locks.map(IDLE, 'tick'));
  return async (task) =>
    void (await queue.wait(task, () => false, { timeoutMs: forMs / 2 }), await queue.wait(task, () => false, { timeoutMs: forMs / 2 }));
}

const hung = (findings: readonly Finding[]): readonly Finding[] => findings.filter(({ kind }) => kind === 'hung-task');

describe.each(WORLDS)('%s', (_name, make, stuck) => {
  /** A busy machine may stop the live runtime for longer than the limit; virtual time is exact. */
  const generous: HungTaskOptions = stuck === 'deadlock' ? {} : { limitMs: 30 * LIMIT };

  test.each([
    ['longer than the limit', 4 * LIMIT, true],
    ['shorter', LIMIT / 4, false],
  ] as const)('a holder that sleeps %s', async (_case, ms, found) => {
    const world = make({ statistics: true });
    watch(world, found ? {} : generous);
    const { rt, locks, play, findings } = world;
    const [a, b] = [locks.mutex(A, 'a'), locks.mutex(B, 'b')];
    const outcome = await play({
      holder: async (task) => {
        using _ = await a.acquire(task);
        await rt.sleep(task, ms);
      },
      waiter: async (task) => {
        await rt.sleep(task, 2);
        using _ = await b.acquire(task);
        using __ = await a.acquire(task);
      },
      ticker: ticker(world, 3 * LIMIT),
    });
    expect(outcome).toBe('done');
    if (!found) {
      expect(findings).toEqual([]);
      return;
    }
    expect(findings).toHaveLength(1);
    const { blocked = [], bystanders, notes, title, tasks } = findings[0]!;
    expect(title).toMatch(/^waiter has been waiting for a for 0\.\d+ s$/);
    expect(tasks).toEqual(['waiter', 'holder']);
    expect(blocked).toMatchObject([
      {
        task: 'waiter',
        holds: ['b'],
        waitsFor: 'a',
        behind: ['holder'],
        detail: { state: 'blocked', position: 1, waiters: 1, attempts: 0 },
      },
      { task: 'holder', holds: ['a'], waitsFor: 'nothing', behind: [], detail: { state: 'runs', position: 0 } },
    ]);
    const [waiter, holder] = blocked.map(({ detail }) => detail!);
    expect(holder!.held).toMatchObject([{ name: 'a', mode: 'write' }]);
    expect(holder!.held[0]!.since).toBeLessThan(waiter!.since!);
    expect(holder!.held[0]!.place[0]).toContain('hung-task.test.ts');
    expect(waiter!.place[0]).toContain('hung-task.test.ts');
    expect(waiter!.place[0]).not.toBe(holder!.held[0]!.place[0]);
    expect(bystanders).toEqual([]);
    expect(notes).toEqual(['the chain ends at holder, which waits for nothing that is known here and keeps what it holds']);
  });

  test('everybody behind one end is one finding, with the places in the queue', async () => {
    const world = make({ statistics: true });
    watch(world);
    const { rt, locks, play, findings } = world;
    const [a, b] = [locks.mutex(A, 'a'), locks.mutex(B, 'b')];
    await play({
      holder: async (task) => {
        using _ = await a.acquire(task);
        await rt.sleep(task, 4 * LIMIT);
      },
      first: async (task) => {
        await rt.sleep(task, 2);
        using _ = await b.acquire(task);
        using __ = await a.acquire(task);
      },
      second: async (task) => {
        await rt.sleep(task, 4);
        using _ = await a.acquire(task);
      },
      far: async (task) => {
        await rt.sleep(task, 6);
        using _ = await b.acquire(task);
      },
      ticker: ticker(world, 3.5 * LIMIT),
    });
    expect(findings.map(({ blocked }) => blocked!.map(({ task }) => task))).toEqual([['first', 'holder']]);
    expect(findings[0]!.blocked![0]!.detail).toMatchObject({ position: 1, waiters: 2 });
    expect(findings[0]!.notes!.join()).toContain('behind the same end wait also: ');
  });

  test('the chain goes on through everybody, and others that hold something stand by', async () => {
    const world = make({ statistics: true });
    watch(world);
    const { rt, locks, play, findings } = world;
    const [a, b, m] = [locks.mutex(A, 'a'), locks.mutex(B, 'b'), locks.map(M, 'the event')];
    const queue = locks.waitQueue(m);
    let over = false;
    await play({
      end: async (task) => {
        using _ = m.hold(task);
        await rt.sleep(task, 4 * LIMIT);
        over = true;
        queue.wakeAll(task);
      },
      middle: async (task) => {
        using _ = await a.acquire(task);
        await rt.sleep(task, 4);
        await queue.wait(task, () => over);
      },
      waiter: async (task) => {
        await rt.sleep(task, 2);
        using _ = await a.acquire(task);
      },
      aside: async (task) => {
        using _ = await b.acquire(task);
        await rt.sleep(task, 4 * LIMIT);
      },
      ticker: ticker(world, 3 * LIMIT),
    });
    expect(findings).toHaveLength(1);
    expect(findings[0]!.blocked!.map(({ task, holds, waitsFor }) => [task, holds, waitsFor])).toEqual([
      ['waiter', [], 'a'],
      ['middle', ['a'], 'the event'],
      ['end', ['the event'], 'nothing'],
    ]);
    expect(findings[0]!.bystanders).toMatchObject([{ task: 'aside', holds: ['b'] }]);
  });

  test.each([
    ['nobody wakes', M, true],
    ['that may be as long as it likes', IDLE, false],
  ] as const)('a sleep %s', async (_case, cls, found) => {
    const world = make();
    const dog = watch(world);
    const { rt, locks, findings } = world;
    const queue = locks.waitQueue(locks.map(cls, 'the event'));
    rt.spawn('sleeper', async (task) => void (await queue.wait(task, () => false)));
    const awake = rt.spawn('awake', async (task) => rt.sleep(task, 1));
    const rest = world.play({ joiner: async (task) => rt.join(task, awake), ticker: ticker(world, 3 * LIMIT) });
    // The sleeper never ends, so in the live runtime the run does not either.
    if (stuck === 'deadlock') expect(await rest).toBe('deadlock');
    else await new Promise((resolve) => rt.timer('enough', 4 * LIMIT, () => resolve(undefined)));
    expect(dog.lastLook()).toBe(found);
    if (!found) {
      expect(findings).toEqual([]);
      return;
    }
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ kind: 'hung-task', tasks: ['sleeper'] });
    expect(findings[0]!.notes!.join()).toContain('nobody is known to hold; a wake-up was lost');
  });

  test('woken again and again in vain it has waited all the time', async () => {
    const world = make();
    watch(world);
    const { rt, locks, play, findings } = world;
    const queue = locks.waitQueue(locks.map(M, 'the event'));
    let over = false;
    await play({
      sleeper: async (task) => void (await queue.wait(task, () => over)),
      waker: async (task) => {
        for (let i = 0; i < 30; i++) {
          await rt.sleep(task, LIMIT / 10);
          queue.wakeAll(task);
        }
        over = true;
        queue.wakeAll(task);
      },
    });
    expect(findings).toHaveLength(1);
    expect(findings[0]!.blocked![0]).toMatchObject({ task: 'sleeper', waitsFor: 'the event', detail: { state: 'blocked' } });
    expect(findings[0]!.blocked![0]!.detail!.attempts).toBeGreaterThan(4);
  });

  test('a sleeper that gets what it wants each time is never reported', async () => {
    const world = make();
    watch(world, generous);
    const { rt, locks, play, findings } = world;
    const queue = locks.waitQueue(locks.map(M, 'the event'));
    let count = 0;
    await play({
      consumer: async (task) => {
        for (let i = 1; i <= 30; i++) await queue.wait(task, () => count >= i);
      },
      producer: async (task) => {
        for (let i = 0; i < 60; i++) {
          await rt.sleep(task, LIMIT / 10);
          if (i % 2 === 1) count++;
          queue.wakeAll(task);
        }
      },
    });
    expect(findings).toEqual([]);
  });

  test.each([
    ['each in the way of the other', true],
    ['one of them gets through now and then', false],
  ] as const)('two tasks that try and give back, %s', async (_case, livelock) => {
    const world = make({ validate: false });
    watch(world, { attempts: 10 });
    const { rt, locks, play, findings } = world;
    const [a, b] = [locks.mutex(A, 'a'), locks.mutex(B, 'b')];
    const outcome = await play({
      one: async (task) => {
        for (let i = 0; i < 60; i++) {
          using _ = await a.acquire(task);
          await rt.sleep(task, LIMIT / 10);
          (await b.tryAcquire(task))?.release();
        }
      },
      two: async (task) => {
        if (!livelock) await rt.sleep(task, LIMIT / 20);
        for (let i = 0; i < 60; i++) {
          const held = await b.acquire(task);
          await rt.sleep(task, LIMIT / 10);
          (await a.tryAcquire(task))?.release();
          held.release();
          // Away for longer than the other sleeps: that one gets through.
          if (!livelock && i % 4 === 3) await rt.sleep(task, LIMIT / 3);
        }
      },
    });
    expect(outcome).toBe('done');
    if (!livelock) {
      expect(findings).toEqual([]);
      return;
    }
    expect(findings.map(({ kind, tasks }) => [kind, tasks.toSorted()])).toEqual([['hung-task', ['one', 'two']]]);
    expect(findings[0]!.title).toMatch(/^livelock of 2 tasks/);
    expect(findings[0]!.blocked!.every(({ detail }) => detail!.attempts >= 10)).toBe(true);
  });

  test('a task that alone tries in vain may take the refusal for an answer', async () => {
    const world = make();
    watch(world);
    const { rt, locks, play, findings } = world;
    const a = locks.mutex(A, 'a');
    await play({
      holder: async (task) => {
        using _ = await a.acquire(task);
        await rt.sleep(task, 4 * LIMIT);
      },
      asks: async (task) => {
        for (let i = 0; i < 30; i++) {
          await rt.sleep(task, LIMIT / 10);
          (await a.tryAcquire(task))?.release();
        }
      },
    });
    expect(findings).toEqual([]);
  });

  test('a daemon that waits long is nobody whose work is missing', async () => {
    const world = make();
    watch(world);
    const { rt, locks, play, findings } = world;
    const a = locks.mutex(A, 'a');
    const daemon = async (task: Task): Promise<void> => {
      await rt.sleep(task, 2);
      using _ = await a.acquire(task);
    };
    rt.spawn('daemon', daemon, { daemon: true });
    await play({
      holder: async (task) => {
        using _ = await a.acquire(task);
        await rt.sleep(task, 4 * LIMIT);
      },
      ticker: ticker(world, 3 * LIMIT),
    });
    expect(findings).toEqual([]);
  });

  test('a deadlock is found when it happens, and not again', async () => {
    const world = make({ validate: false });
    const dog = watch(world);
    const { locks, play, findings } = world;
    const a = locks.mutex(A, 'a');
    expect(
      await play({
        only: async (task) => {
          using _ = await a.acquire(task);
          using __ = await a.acquire(task);
        },
      }),
    ).toBe(stuck);
    dog.lastLook();
    expect(hung(findings)).toEqual([]);
    expect(findings).toHaveLength(1);
  });
});

test('controlled: without a limit only the last look reports, and it does so once', async () => {
  const world = controlledWorld();
  const dog = watch(world, { limitMs: Number.POSITIVE_INFINITY });
  const { rt, locks, play, findings } = world;
  const [queue, doze] = [locks.waitQueue(locks.map(M, 'the event')), locks.waitQueue(locks.map(IDLE, 'tick'))];
  const outcome = await play({
    sleeper: async (task) => void (await queue.wait(task, () => false)),
    awake: async (task) => {
      for (let i = 0; i < 100; i++) {
        await rt.sleep(task, 100_000);
        await doze.wait(task, () => false, { timeoutMs: 100_000 });
      }
    },
  });
  expect([outcome, findings]).toEqual(['deadlock', []]);
  expect([dog.lastLook(), dog.lastLook()]).toEqual([true, true]);
  expect(findings.map(({ tasks }) => tasks)).toEqual([['sleeper']]);
});

test('controlled: a wait with a time limit ends by itself', async () => {
  const world = controlledWorld();
  watch(world);
  const { locks, play, findings } = world;
  const queue = locks.waitQueue(locks.map(M, 'the event'));
  const outcome = await play({
    sleeper: async (task) => void (await queue.wait(task, () => false, { timeoutMs: 4 * LIMIT })),
    ticker: ticker(world, 6 * LIMIT),
  });
  expect([outcome, findings]).toEqual(['done', []]);
});

test('live: the watchdog does not keep the process alive, and a stopped one looks no more', async () => {
  const world = liveWorld();
  const dog = watch(world);
  dog.stop();
  const { rt, locks, play, findings } = world;
  const a = locks.mutex(A, 'a');
  await play({
    holder: async (task) => {
      using _ = await a.acquire(task);
      await rt.sleep(task, 3 * LIMIT);
    },
    waiter: async (task) => {
      await rt.sleep(task, 2);
      using _ = await a.acquire(task);
    },
  });
  expect(findings).toEqual([]);
});
