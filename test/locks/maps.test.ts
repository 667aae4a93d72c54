/**
 * Goal: without lock maps the validator sees what Linux lockdep sees: locks, work items and active references, no waits made by hand.
 */
import { expect, test } from 'vitest';
import { Findings, type Finding } from '../../src/locks/finding.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import type { Task } from '../../src/runtime/task.ts';

const [LOCK, OTHER, FLAG, QUEUE, WORK] = ['lock', 'other', 'flag', 'queue', 'work'].map((name) => new LockClass(name)) as [
  LockClass,
  LockClass,
  LockClass,
  LockClass,
  LockClass,
];

/** What is found when the tasks run one after another. */
async function found(maps: boolean, bodies: (layer: LockLayer) => ((task: Task) => Promise<void>)[]): Promise<readonly Finding[]> {
  const rt = new ControlledRuntime({ seed: 1 });
  const findings = new Findings();
  const layer = new LockLayer(rt, { findings, maps });
  const tasks = bodies(layer);
  rt.spawn('main', async (task) => {
    for (const [i, body] of tasks.entries()) await rt.join(task, rt.spawn(`task ${i}`, body));
  });
  expect(await rt.run()).toBe('done');
  return findings.list;
}

/** A flag is set under the lock, and waited for with the lock held. */
const flagUnderLock = (layer: LockLayer): ((task: Task) => Promise<void>)[] => {
  const lock = layer.mutex(LOCK, 'lock');
  const map = layer.map(FLAG, 'flag');
  const queue = layer.waitQueue(map);
  return [
    async (task) => {
      const flag = map.hold(task);
      {
        using _ = await lock.acquire(task);
      }
      flag.release();
    },
    async (task) => {
      using _ = await lock.acquire(task);
      await queue.wait(task, () => true);
    },
  ];
};

test('a flag that is waited for closes a ring with its map, and none without', async () => {
  expect((await found(true, flagUnderLock)).map(({ kind }) => kind)).toEqual(['lock-order']);
  expect(await found(false, flagUnderLock)).toEqual([]);
});

test('locks in the wrong order are seen without maps, also with a flag held between them', async () => {
  const wrong = (layer: LockLayer): ((task: Task) => Promise<void>)[] => {
    const [a, b, map] = [layer.mutex(LOCK, 'lock'), layer.mutex(OTHER, 'other'), layer.map(FLAG, 'flag')];
    return [
      async (task) => {
        using _ = await a.acquire(task);
        using __ = map.hold(task);
        using ___ = await b.acquire(task);
      },
      async (task) => {
        using _ = await b.acquire(task);
        using __ = await a.acquire(task);
      },
    ];
  };
  expect((await found(false, wrong)).map(({ kind }) => kind)).toEqual(['lock-order']);
});

test('a flushed work item is one of the maps that Linux has, too', async () => {
  const flush = (layer: LockLayer): ((task: Task) => Promise<void>)[] => {
    const lock = layer.mutex(LOCK, 'lock');
    const item = layer.workItem(layer.workQueue(QUEUE, 'queue'), WORK, {
      name: 'work',
      body: async (task) => {
        using _ = await lock.acquire(task);
      },
    });
    return [
      async (task) => {
        item.queueWork(task);
        await item.flush(task);
      },
      async (task) => {
        using _ = await lock.acquire(task);
        await item.flush(task);
      },
    ];
  };
  expect((await found(false, flush)).map(({ kind }) => kind)).toEqual(['lock-order']);
});

test('a declared order is no part of what Linux knows', async () => {
  const declared = (layer: LockLayer): ((task: Task) => Promise<void>)[] => {
    layer.declareOrder(['other', 'lock'], 'the test');
    const [a, b] = [layer.mutex(LOCK, 'lock'), layer.mutex(OTHER, 'other')];
    return [
      async (task) => {
        using _ = await a.acquire(task);
        using __ = await b.acquire(task);
      },
    ];
  };
  expect((await found(true, declared)).map(({ kind }) => kind)).toEqual(['lock-order']);
  expect(await found(false, declared)).toEqual([]);
});
