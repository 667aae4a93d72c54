/**
 * What a lock costs: lock + unlock in the live runtime with everything on against bare async-mutex on the same workload, the validator on
 * against off in both runtimes, and one acquisition as a run gets longer. Rounds alternate, ratios are medians over rounds.
 */
import { Mutex as BareMutex, Semaphore } from 'async-mutex';
import { LockClass } from '../src/locks/lock-class.ts';
import { LockLayer } from '../src/locks/lock-layer.ts';
import { ControlledRuntime } from '../src/runtime/controlled.ts';
import { LiveRuntime } from '../src/runtime/live.ts';
import type { Task } from '../src/runtime/task.ts';
import { median, type Figure } from './measure.ts';

const OPERATIONS = 100_000;
const ROUNDS = 9;
const OUTER = new LockClass('bench outer');
const INNER = new LockClass('bench inner');

/** One task of a workload: `times` sections, each with a suspension inside when there are others. */
type Worker = (task: Task, times: number) => Promise<void>;

async function live(tasks: number, worker: (locks: LockLayer) => Worker, validate = true): Promise<number> {
  const rt = new LiveRuntime(1);
  const work = worker(new LockLayer(rt, { validate }));
  const since = performance.now();
  for (let i = 0; i < tasks; i++) rt.spawn(`t${i}`, (task) => work(task, OPERATIONS / tasks));
  await rt.settled();
  const ns = ((performance.now() - since) * 1e6) / OPERATIONS;
  rt.shutdown();
  return ns;
}

const withFinally =
  (suspend: boolean) =>
  (locks: LockLayer): Worker => {
    const lock = locks.mutex(OUTER, 'm');
    return async (task, times) => {
      for (let i = 0; i < times; i++) {
        const guard = await lock.acquire(task);
        try {
          if (suspend) await undefined;
        } finally {
          guard.release();
        }
      }
    };
  };

const withUsing =
  (suspend: boolean) =>
  (locks: LockLayer): Worker => {
    const lock = locks.mutex(OUTER, 'm');
    return async (task, times) => {
      for (let i = 0; i < times; i++) {
        using _ = await lock.acquire(task);
        if (suspend) await undefined;
      }
    };
  };

/** The same loop over async-mutex alone; `acquire` answers the function that releases. */
async function bare(tasks: number, acquire: () => Promise<() => void>): Promise<number> {
  const since = performance.now();
  const work = async (): Promise<void> => {
    for (let i = 0; i < OPERATIONS / tasks; i++) {
      const release = await acquire();
      try {
        if (tasks > 1) await undefined;
      } finally {
        release();
      }
    }
  };
  await Promise.all(Array.from({ length: tasks }, work));
  return ((performance.now() - since) * 1e6) / OPERATIONS;
}

async function bareSemaphore(tasks: number): Promise<number> {
  const lock = new Semaphore(1);
  const since = performance.now();
  const work = async (): Promise<void> => {
    for (let i = 0; i < OPERATIONS / tasks; i++) {
      const [, release] = await lock.acquire();
      try {
        if (tasks > 1) await undefined;
      } finally {
        release();
      }
    }
  };
  await Promise.all(Array.from({ length: tasks }, work));
  return ((performance.now() - since) * 1e6) / OPERATIONS;
}

async function againstBare(tasks: number): Promise<Figure[]> {
  const [toSemaphore, toMutex, usingToSemaphore]: [number[], number[], number[]] = [[], [], []];
  let [ours, semaphore, mutex] = [0, 0, 0];
  for (let round = 0; round <= ROUNDS; round++) {
    const lock = new BareMutex();
    ours = await live(tasks, withFinally(tasks > 1));
    semaphore = await bareSemaphore(tasks);
    mutex = await bare(tasks, () => lock.acquire());
    const scoped = await live(tasks, withUsing(tasks > 1));
    // The first round warms up.
    if (round === 0) continue;
    toSemaphore.push(ours / semaphore);
    toMutex.push(ours / mutex);
    usingToSemaphore.push(scoped / semaphore);
  }
  const name = `lock + unlock, live, ${tasks === 1 ? 'uncontended' : `${tasks} tasks`}`;
  const note = `last round: ${ours.toFixed(0)} ns against ${semaphore.toFixed(0)} and ${mutex.toFixed(0)} ns`;
  return [
    { name: `${name}, times async-mutex Semaphore`, value: median(toSemaphore), goal: { atMost: tasks === 1 ? 1 : 1.6 }, note },
    { name: `${name}, times async-mutex Mutex`, value: median(toMutex), goal: { atMost: tasks === 1 ? 0.1 : 0.33 } },
    { name: `${name}, with using, times Semaphore`, value: median(usingToSemaphore) },
  ];
}

async function validatorLive(tasks: number): Promise<number> {
  const ratios: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const on = await live(tasks, withFinally(tasks > 1));
    const off = await live(tasks, withFinally(tasks > 1), false);
    if (round > 0) ratios.push(on / off);
  }
  return median(ratios);
}

/** Nanoseconds of a step: three tasks that take two locks, one inside the other. */
async function controlled(validate: boolean): Promise<number> {
  const rt = new ControlledRuntime({ seed: 1, record: false });
  const locks = new LockLayer(rt, { validate });
  const [outer, inner] = [locks.mutex(OUTER, 'outer'), locks.mutex(INNER, 'inner')];
  for (let t = 0; t < 3; t++) {
    rt.spawn(`t${t}`, async (task) => {
      for (let i = 0; i < OPERATIONS / 6; i++) {
        using _ = await outer.acquire(task);
        using __ = await inner.acquire(task);
      }
    });
  }
  const since = performance.now();
  const outcome = await rt.run();
  if (outcome !== 'done') throw new Error(`expected the workload to be done, got ${outcome}`);
  return ((performance.now() - since) * 1e6) / rt.steps;
}

async function validatorControlled(): Promise<number> {
  const ratios: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const [on, off] = [await controlled(true), await controlled(false)];
    if (round > 0) ratios.push(on / off);
  }
  return median(ratios);
}

const WINDOWS = 20;
const WINDOW = 500_000;

/** Ten million acquisitions in one run: the last quarter against the second one, the first is warm-up. */
async function flatness(): Promise<Figure> {
  const rt = new LiveRuntime(1);
  const lock = new LockLayer(rt).mutex(OUTER, 'm');
  const windows: number[] = [];
  rt.spawn('long', async (task) => {
    for (let w = 0; w < WINDOWS; w++) {
      const since = performance.now();
      for (let i = 0; i < WINDOW; i++) (await lock.acquire(task)).release();
      windows.push(((performance.now() - since) * 1e6) / WINDOW);
    }
  });
  await rt.settled();
  rt.shutdown();
  const quarter = WINDOWS / 4;
  const [early, late] = [median(windows.slice(quarter, 2 * quarter)), median(windows.slice(-quarter))];
  const note = `${early.toFixed(0)} ns, then ${late.toFixed(0)} ns`;
  return { name: 'one acquisition after 10 million, times after warm-up', value: late / early, goal: { atMost: 1.1 }, note };
}

export async function locks(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const tasks of [1, 10, 100]) figures.push(...(await againstBare(tasks)));
  figures.push({ name: 'validator on / off, live, 10 tasks', value: await validatorLive(10), goal: { atMost: 1.1 } });
  figures.push({ name: 'validator on / off, live, uncontended', value: await validatorLive(1) });
  figures.push({ name: 'validator on / off, controlled, a step', value: await validatorControlled(), goal: { atMost: 1.2 } });
  figures.push(await flatness());
  return figures;
}
