/**
 * Goal: exactly what the tasks' own synchronisation puts in order is in order: spawn, join, locks, wake-ups, completions and work. A field
 * without a guard is the probe: two accesses that are in no order race.
 */
import { describe, expect, test } from 'vitest';
import type { TaskClock } from '../../src/locks/happens-before.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { LockLayer } from '../../src/locks/lock-layer.ts';
import type { Task } from '../../src/runtime/task.ts';
import { WORLDS, controlledWorld, liveWorld } from '../helpers/lock-world.ts';

const [A, B, RW, Q, W, MAP] = ['order-a', 'order-b', 'order-rw', 'order-wq', 'order-work', 'order-map'].map(
  (name) => new LockClass(name),
) as [LockClass, LockClass, LockClass, LockClass, LockClass, LockClass];
const OWNER = { name: 'vm' };

/** A field, and an access that reads and writes it. */
function shared(locks: LockLayer) {
  const field = locks.state.shared(OWNER, 'users', 0);
  return { field, later: (task: Task) => locks.rt.sleep(task, 5), add: (task: Task) => field.set(task, field.get(task) + 1) };
}

describe.each(WORLDS)('%s', (_name, make) => {
  test('spawn and join order; what a parent does beside its child does not', async () => {
    const { locks, play, found } = make();
    const { field, add } = shared(locks);
    let child: Task | null = null;
    await play({
      parent: async (task) => {
        add(task);
        child = locks.rt.spawn('child', async (mine) => {
          await locks.rt.sleep(mine, 5);
          add(mine);
        });
        await locks.rt.join(task, child);
        add(task);
        // It has ended: joining it again orders as well as the first time.
        await locks.rt.join(task, child);
        add(task);
        expect(found()).toEqual([]);
        locks.rt.spawn('second', async (mine) => add(mine));
        add(task);
        await locks.rt.sleep(task, 5);
      },
    });
    expect(field.inspect()).toBe(6);
    expect(found()).not.toEqual([]);
    expect(found().every((text) => text.includes('second') && text.includes('parent'))).toBe(true);
  });

  test.each([true, false])('a lock orders what lies before its release and after its next acquire: %s', async (ordered) => {
    const { locks, play, found } = make();
    const { add, later } = shared(locks);
    const [a, b] = [locks.mutex(A, 'a'), locks.mutex(B, 'b')];
    await play({
      first: async (task) => {
        add(task);
        using _ = await a.acquire(task);
      },
      // It carries the order from one lock to the other.
      between: async (task) => {
        await locks.rt.sleep(task, 2);
        {
          using _ = await a.acquire(task);
        }
        using _ = await b.acquire(task);
      },
      second: async (task) => {
        if (ordered) await later(task);
        {
          using _ = await b.acquire(task);
        }
        await later(task);
        add(task);
      },
    });
    expect(found().length > 0).toBe(!ordered);
  });

  test('a writer that becomes a reader lets in readers who see what it wrote', async () => {
    const { locks, play, found } = make();
    const { field, later } = shared(locks);
    const rw = locks.rwSemaphore(RW, 'rw');
    await play({
      writer: async (task) => {
        using guard = await rw.write(task);
        field.set(task, 1);
        rw.downgrade(guard);
        await locks.rt.sleep(task, 10);
        // Unordered with the reader, and two readers' locks do not keep apart.
        field.set(task, 2);
      },
      reader: async (task) => {
        await later(task);
        using _ = await rw.read(task);
        field.get(task);
        expect(found()).toEqual([]);
      },
    });
    expect(found()).toEqual([
      'data-race: vm.users is written by writer and was read by reader, in no order, and no lock keeps the two apart',
    ]);
  });

  test('a wake-up, a completion, queued work and its flush order', async () => {
    const { locks, play, found } = make();
    const { field, add } = shared(locks);
    const queue = locks.waitQueue(locks.map(MAP, 'flag'));
    const done = locks.completion(MAP, 'done');
    let flag = false;
    const item = locks.workItem(locks.workQueue(Q, 'events'), W, { name: 'work', body: async (task) => add(task) });
    await play({
      sleeper: async (task) => {
        await queue.wait(task, () => flag);
        add(task);
        done.completeAll(task);
      },
      waker: async (task) => {
        await locks.rt.sleep(task, 5);
        add(task);
        flag = true;
        queue.wakeAll(task);
        await done.wait(task);
        add(task);
        // It is complete already: nobody wakes, and the order is the same.
        await done.wait(task);
        item.queueWork(task);
        await item.flush(task);
        add(task);
        item.queueWork(task);
        await item.flush(task);
        add(task);
      },
    });
    expect([found(), field.inspect()]).toEqual([[], 7]);
  });

  test('what a task does after it has woken another one is in no order with that one', async () => {
    const { locks, play, found } = make();
    const { add } = shared(locks);
    const queue = locks.waitQueue(locks.map(MAP, 'flag'));
    let flag = false;
    await play({
      sleeper: async (task) => {
        await queue.wait(task, () => flag);
        await locks.rt.sleep(task, 10);
        add(task);
      },
      waker: async (task) => {
        await locks.rt.sleep(task, 5);
        flag = true;
        queue.wakeAll(task);
        add(task);
      },
    });
    expect(found()).not.toEqual([]);
  });

  test('a wake-up by a timer comes after everything before it', async () => {
    const { locks, play, found } = make();
    const { field, add } = shared(locks);
    const queue = locks.waitQueue(locks.map(MAP, 'flag'));
    let flag = false;
    await play({
      sleeper: async (task) => {
        await queue.wait(task, () => flag);
        add(task);
      },
      armer: async (task) => {
        add(task);
        locks.rt.timer('alarm', 5, () => {
          flag = true;
          queue.wakeAll(null);
        });
      },
    });
    expect([found(), field.inspect()]).toEqual([[], 2]);
  });

  test.each(['read', 'write'] as const)(
    'between two sections of an rw semaphore, one of them a writer’s, there is an order: first %s',
    async (first) => {
      const { locks, play, found } = make();
      const { field, add, later } = shared(locks);
      const rw = locks.rwSemaphore(RW, 'rw');
      await play({
        one: async (task) => {
          add(task);
          using _ = await rw[first](task);
        },
        two: async (task) => {
          await later(task);
          {
            using _ = await rw[first === 'read' ? 'write' : 'read'](task);
          }
          add(task);
        },
      });
      expect([found(), field.inspect()]).toEqual([[], 2]);
    },
  );

  test('a wait that ran out of time orders nothing', async () => {
    const { locks, play, found } = make();
    const { add } = shared(locks);
    const queue = locks.waitQueue(locks.map(MAP, 'flag'));
    await play({
      sleeper: async (task) => {
        expect(await queue.wait(task, () => false, { timeoutMs: 10 })).toBe(false);
        add(task);
      },
      waker: async (task) => {
        await locks.rt.sleep(task, 5);
        add(task);
        queue.wakeAll(task);
      },
    });
    expect(found()).not.toEqual([]);
  });

  test('work that is not waited for runs beside who queued it', async () => {
    const { locks, play, found } = make();
    const { add } = shared(locks);
    const item = locks.workItem(locks.workQueue(Q, 'events'), W, { name: 'work', body: async (task) => add(task) });
    await play({
      user: async (task) => {
        item.queueWork(task);
        await locks.rt.sleep(task, 5);
        add(task);
      },
    });
    expect(found()).not.toEqual([]);
  });

  test('work that is queued again while it runs comes after that, too', async () => {
    const { locks, play, found } = make();
    const { field, add } = shared(locks);
    let runs = 0;
    const item = locks.workItem(locks.workQueue(Q, 'events'), W, {
      name: 'work',
      body: async (task) => {
        if (runs++ === 0) await locks.rt.sleep(task, 10);
        else add(task);
      },
    });
    await play({
      first: async (task) => void item.queueWork(task),
      second: async (task) => {
        await locks.rt.sleep(task, 5);
        add(task);
        expect(item.queueWork(task)).toBe(true);
      },
      // The run is no work left of its own: somebody has to wait for it.
      third: async (task) => {
        await locks.rt.sleep(task, 7);
        await item.flush(task);
      },
    });
    expect([found(), field.inspect(), runs]).toEqual([[], 2, 2]);
  });

  test('a vector is as long as there are tasks at a time, however many come and go', async () => {
    const { locks, play, found } = make();
    const { field, add } = shared(locks);
    let length = 0;
    await play({
      parent: async (task) => {
        for (let i = 0; i < 200; i++)
          await locks.rt.join(
            task,
            locks.rt.spawn(`child${i}`, async (mine) => add(mine)),
          );
        length = (task.clock as TaskClock).times.length;
      },
    });
    expect([found(), field.inspect()]).toEqual([[], 200]);
    expect(length).toBeLessThanOrEqual(4);
  });
});

test('without such a field nothing is watched', async () => {
  for (const make of [liveWorld, () => controlledWorld()]) {
    const { locks, play, rt } = make();
    const a = locks.mutex(A, 'a');
    await play({
      only: async (task) => {
        using _ = await a.acquire(task);
        expect(task.clock).toBe(null);
      },
    });
    expect(rt.observer).toBe(null);
  }
});
