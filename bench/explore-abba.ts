/**
 * Schedules per second of the program in which n tasks take n locks in order, two each: the controlled runtime against fast-check's scheduler
 * (`waitIdle`) on the same program with the same four points a task. Rounds alternate in one process; ratios are medians over rounds.
 */
import { asyncProperty, assert, scheduler, type Scheduler } from 'fast-check';
import { execute, type ExecutionOptions } from '../src/explore/execution.ts';
import type { Program } from '../src/explore/program.ts';
import { TraceHash } from '../src/explore/trace-hash.ts';
import { LockClass } from '../src/locks/lock-class.ts';
import { Lockdep } from '../src/locks/lockdep.ts';
import { RandomStrategy } from '../src/runtime/random-strategy.ts';
import { median, type Figure } from './measure.ts';

const OURS = 30_000;
const THEIRS = 2000;
const ROUNDS = 9;
const MAX_STEPS = 100_000;
const CLASSES = [0, 1, 2, 3].map((i) => new LockClass(`bench lock ${i}`));

/** The lower lock first: nobody deadlocks. */
const ordered = (i: number, n: number): readonly [number, number] => (i === n - 1 ? [0, i] : [i, i + 1]);

function abba(n: number): Program {
  return {
    name: `abba ${n}`,
    build({ rt, layer }) {
      const locks = CLASSES.slice(0, n).map((cls) => layer.mutex(cls, cls.name));
      return {
        start(): void {
          for (let i = 0; i < n; i++) {
            const [a, b] = ordered(i, n);
            const outer = locks[a]!;
            const inner = locks[b]!;
            rt.spawn('t', async (task) => {
              const first = await outer.acquire(task);
              try {
                const second = await inner.acquire(task);
                try {
                  // Nothing to do inside: the locks are the program.
                } finally {
                  second.release();
                }
              } finally {
                first.release();
              }
            });
          }
        },
      };
    },
  };
}

/** Of CPU time, the collector's threads included: other processes disturb that least. */
function perSecond(schedules: number, since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (schedules / (user + system)) * 1e6;
}

async function ours(n: number, options: Partial<ExecutionOptions>, hashed = false): Promise<number> {
  const program = abba(n);
  const strategy = new RandomStrategy(1);
  const since = process.cpuUsage();
  for (let i = 0; i < OURS; i++) {
    await execute(program, {
      strategy,
      seed: 1,
      maxSteps: MAX_STEPS,
      releaseSteps: 'all',
      // Four points a task, as on the other side.
      starts: 'eager',
      ...options,
      recorder: hashed ? new TraceHash() : null,
    });
  }
  return perSecond(OURS, since);
}

/** A mutex that its waiters poll when it is given back; the points are the scheduler's. */
class PlainMutex {
  private held = false;
  private waiters: (() => void)[] = [];

  async lock(): Promise<void> {
    while (this.held) {
      await new Promise<void>((resolve) => {
        this.waiters.push(resolve);
      });
    }
    this.held = true;
  }

  unlock(): void {
    this.held = false;
    for (const wake of this.waiters.splice(0)) wake();
  }
}

async function theirs(n: number): Promise<number> {
  const since = process.cpuUsage();
  const run = async (s: Scheduler): Promise<void> => {
    const locks = Array.from({ length: n }, () => new PlainMutex());
    const work = async (i: number): Promise<void> => {
      const [a, b] = ordered(i, n);
      await s.schedule(Promise.resolve('lock'));
      await locks[a]!.lock();
      await s.schedule(Promise.resolve('lock'));
      await locks[b]!.lock();
      await s.schedule(Promise.resolve('unlock'));
      locks[b]!.unlock();
      await s.schedule(Promise.resolve('unlock'));
      locks[a]!.unlock();
    };
    for (let i = 0; i < n; i++) void work(i);
    await s.waitIdle();
  };
  await assert(asyncProperty(scheduler(), run), { numRuns: THEIRS });
  return perSecond(THEIRS, since);
}

async function forTasks(n: number): Promise<Figure[]> {
  const rows: Record<'bare' | 'full' | 'hashed' | 'declared', number[]> = { bare: [], full: [], hashed: [], declared: [] };
  const lockdep = new Lockdep({ places: false });
  let last = '';
  for (let round = 0; round <= ROUNDS; round++) {
    const bare = await ours(n, { lockdep: false, waitFor: false, record: false });
    const full = await ours(n, { lockdep });
    const hashed = await ours(n, { lockdep }, true);
    const declared = await ours(n, { lockdep, releaseSteps: 'declared' });
    const other = await theirs(n);
    // The first round warms up.
    if (round === 0) continue;
    rows.bare.push(bare / other);
    rows.full.push(full / other);
    rows.hashed.push(hashed / other);
    rows.declared.push(declared / other);
    last = `last round: ${[bare, full, hashed, declared].map((rate) => `${(rate / 1000).toFixed(0)} k/s`).join(', ')} against ${(other / 1000).toFixed(1)} k/s`;
  }
  const name = `schedules, ABBA of ${n} tasks, times fast-check`;
  return [
    { name: `${name}, bare`, value: median(rows.bare), goal: { atLeast: 20 }, note: last },
    { name: `${name}, lockdep, wait-for, choices`, value: median(rows.full), goal: { atLeast: 15 } },
    { name: `${name}, and distinct traces counted`, value: median(rows.hashed) },
    { name: `${name}, default release rule`, value: median(rows.declared) },
  ];
}

export async function exploreAbba(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const n of [2, 3, 4]) figures.push(...(await forTasks(n)));
  return figures;
}
