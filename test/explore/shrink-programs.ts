/**
 * Programs with known bugs, for the tests of replay and shrinking: small ones, and one that hides an inversion in a lot of harmless work.
 */
import type { Finding } from '../../src/locks/finding.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { Mutex } from '../../src/locks/mutex.ts';
import { execute } from '../../src/explore/execution.ts';
import type { Program, World } from '../../src/explore/program.ts';
import { RandomWalk } from '../../src/explore/strategies/random-walk.ts';
import type { Task } from '../../src/runtime/task.ts';

export const SETTINGS = { seed: 1, maxSteps: 20_000 };

type Body = (task: Task) => Promise<void>;

const CLASSES = new Map<string, LockClass>();

/** The mutex of that name, of a class of the same name. */
function mutexOf({ layer }: World, name: string): Mutex {
  let cls = CLASSES.get(name);
  if (cls === undefined) CLASSES.set(name, (cls = new LockClass(name)));
  return layer.mutex(cls, name);
}

/** A program of named tasks that take locks by name. */
export function lockProgram(name: string, bodies: (locks: (name: string) => Mutex, world: World) => Record<string, Body>): Program {
  return {
    name,
    build(world) {
      const locks = new Map<string, Mutex>();
      const lock = (of: string): Mutex => {
        if (!locks.has(of)) locks.set(of, mutexOf(world, of));
        return locks.get(of)!;
      };
      const tasks = bodies(lock, world);
      return {
        start() {
          for (const [task, body] of Object.entries(tasks)) world.rt.spawn(task, body);
        },
      };
    },
  };
}

/** Takes the locks one inside the other, in this order. */
export async function nest(task: Task, [first, ...others]: readonly Mutex[]): Promise<void> {
  if (first === undefined) return;
  using _ = await first.acquire(task);
  await nest(task, others);
}

/** Two tasks, two locks, two orders. */
export const abba = (): Program =>
  lockProgram('abba', (lock) => ({
    t1: (task) => nest(task, [lock('A'), lock('B')]),
    t2: (task) => nest(task, [lock('B'), lock('A')]),
  }));

/** `n` philosophers, each with the next one's fork. */
export const ring = (n: number): Program =>
  lockProgram(`ring of ${n}`, (lock) =>
    Object.fromEntries(
      Array.from({ length: n }, (_, i) => [`p${i}`, (task: Task) => nest(task, [lock(`fork${i}`), lock(`fork${(i + 1) % n}`)])]),
    ),
  );

/** `tasks` tasks that take locks of their own `loops` times; the first two take A and B in opposite orders in the middle of that. */
export const noisyInversion = (tasks: number, loops: number): Program =>
  lockProgram(`${tasks} tasks, ${loops} loops`, (lock) =>
    Object.fromEntries(
      Array.from({ length: tasks }, (_, i) => [
        `w${i}`,
        async (task: Task) => {
          for (let loop = 0; loop < loops; loop++) {
            await nest(task, [lock(`own${i}`)]);
            await nest(task, [lock('shared')]);
            if (i > 1 || loop !== loops >> 1) await nest(task, [lock('shared')]);
            else await nest(task, i === 0 ? [lock('A'), lock('B')] : [lock('B'), lock('A')]);
          }
        },
      ]),
    ),
  );

/** Looks whether it is set, then waits without looking again: a wake-up in between is lost. */
export const lostWakeUp = (): Program => ({
  name: 'lost wake-up',
  build({ rt, layer }) {
    const set = layer.state.shared({ name: 'device' }, 'ready', false);
    let sleeper: Task | null = null;
    return {
      start() {
        rt.spawn('waiter', async (task) => {
          if (await set.read(task)) return;
          await set.read(task);
          sleeper = task;
          await rt.park(task);
        });
        rt.spawn('waker', async (task) => {
          await set.write(task, true);
          if (sleeper !== null) rt.wake(sleeper);
        });
      },
    };
  },
});

export interface Found {
  readonly finding: Finding;
  readonly choices: readonly number[];
}

/** Failing random runs, found one after another. */
export async function* failures(program: Program, kind: string, seed = 7): AsyncGenerator<Found> {
  const search = new RandomWalk({ seed });
  for (;;) {
    const { findings, choices } = await execute(program, {
      ...SETTINGS,
      strategy: search.next(),
      lockdep: false,
      stopAt: (finding) => finding.kind === kind,
    });
    const finding = findings.find((one) => one.kind === kind);
    if (finding !== undefined) yield { finding, choices };
  }
}

export async function firstFailure(program: Program, kind = 'deadlock', seed = 7): Promise<Found> {
  for await (const found of failures(program, kind, seed)) return found;
  throw new Error('unreachable');
}
