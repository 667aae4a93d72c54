/**
 * Random small programs over everything that a step can do: locks of all kinds, waits, work, fields, time, tasks, choices and findings.
 * For comparing one way to explore with another.
 */
import type { Prng } from '../../src/base/prng.ts';
import type { Program } from '../../src/explore/program.ts';
import { programOf, type SmallWorld } from '../../src/explore/small-world.ts';
import type { Guard } from '../../src/locks/guard.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { Task } from '../../src/runtime/task.ts';

const TRYABLE = { tryable: true } as const;
const RWLOCK = new LockClass('rwlock');
const WORK = new LockClass('work');
const WORK_QUEUE = new LockClass('work_queue');

/** What the tasks of one program share. */
function sharedState(world: SmallWorld) {
  const { layer } = world;
  const mutexes = ['m0', 'm1'].map((name) => world.mutex(name));
  const tried = world.mutex('t0', TRYABLE);
  const queue = layer.workQueue(WORK_QUEUE, 'wq');
  const open = ['x', 'y'].map((name) => world.field(name, 0, 'unguarded'));
  const work = layer.workItem(queue, WORK, { name: 'item', body: async (task) => void (await open[0]!.read(task)) });
  return {
    mutexes,
    tried,
    open,
    work,
    rwsem: world.rwSemaphore('rw'),
    batched: world.rwSemaphore('rwb', { batchedWake: true, stealing: true, tryable: true }),
    rwlock: layer.readerPreferringLock(RWLOCK, 'rwl'),
    guarded: world.field('g', 0, [mutexes[0]!]),
    waiters: world.waitQueue('wait'),
    done: world.completion('done'),
    flag: world.field('flag', false, 'unguarded'),
    waited: { ready: false },
    lifetime: layer.state.lifetime({ name: 'thing' }, 'thing'),
  };
}
type Shared = ReturnType<typeof sharedState>;

interface Actor {
  readonly world: SmallWorld;
  readonly shared: Shared;
  readonly task: Task;
  /** Different for each step of the program. */
  readonly mark: number;
  /** 0 or 1: which object. */
  readonly i: number;
  readonly held: Map<object, Guard>;
}

type Action = (actor: Actor) => Promise<void> | void;

async function toggle({ held }: Actor, lock: object, acquire: () => Promise<Guard | null> | Guard | null): Promise<void> {
  const guard = held.get(lock);
  if (guard !== undefined) {
    held.delete(lock);
    guard.release();
    return;
  }
  const taken = await acquire();
  if (taken !== null) held.set(lock, taken);
}

async function lockBriefly({ task, shared, i, held }: Actor, body: () => Promise<void> | void): Promise<void> {
  const mutex = shared.mutexes[i]!;
  if (held.has(mutex)) {
    await body();
    return;
  }
  using _held = await mutex.acquire(task);
  await body();
}

/** Only for who holds m0. */
const guarded = (actor: Actor, body: () => void): void => {
  if (actor.held.has(actor.shared.mutexes[0]!)) body();
};

export const ACTIONS = {
  lock: (a) => toggle(a, a.shared.mutexes[a.i]!, () => a.shared.mutexes[a.i]!.acquire(a.task)),
  section: (a) => lockBriefly(a, () => guarded(a, () => a.shared.guarded.set(a.task, a.mark))),
  look: (a) => lockBriefly(a, async () => void (await a.shared.open[a.i]!.read(a.task))),
  try: (a) => toggle(a, a.shared.tried, () => a.shared.tried.tryAcquire(a.task)),
  'lock-tryable': (a) => toggle(a, a.shared.tried, () => a.shared.tried.acquire(a.task)),
  timed: (a) => toggle(a, a.shared.tried, () => a.shared.tried.acquire(a.task, { timeoutMs: 1 + a.i })),
  read: (a) => toggle(a, a.shared.rwsem, () => a.shared.rwsem.read(a.task)),
  write: (a) => toggle(a, a.shared.rwsem, () => a.shared.rwsem.write(a.task)),
  downgrade: (a) => {
    const guard = a.held.get(a.shared.rwsem);
    if (guard !== undefined && guard.mode === 0) a.shared.rwsem.downgrade(guard);
  },
  'read-batched': (a) => toggle(a, a.shared.batched, () => a.shared.batched.read(a.task)),
  'write-batched': (a) => toggle(a, a.shared.batched, () => a.shared.batched.write(a.task)),
  'try-write': (a) => toggle(a, a.shared.batched, () => a.shared.batched.tryWrite(a.task)),
  'read-preferring': (a) => toggle(a, a.shared.rwlock, () => a.shared.rwlock.read(a.task)),
  'write-preferring': (a) => toggle(a, a.shared.rwlock, () => a.shared.rwlock.write(a.task)),
  get: (a) => guarded(a, () => void a.shared.guarded.get(a.task)),
  set: (a) => guarded(a, () => a.shared.guarded.set(a.task, a.mark)),
  inspect: (a) => void a.shared.guarded.inspect(),
  load: async (a) => {
    // What a step does may depend on what it has read.
    if ((await a.shared.open[a.i]!.read(a.task)) !== 0) a.shared.open[1 - a.i]!.inspect();
  },
  store: (a) => a.shared.open[a.i]!.write(a.task, a.mark),
  wait: async (a) => {
    const guard = a.held.get(a.shared.mutexes[0]!);
    const drop = guard === undefined ? {} : { drop: guard };
    await a.shared.waiters.wait(a.task, () => a.shared.waited.ready || a.shared.flag.inspect(), drop);
  },
  'wait-timed': async (a) =>
    void (await a.shared.waiters.wait(a.task, () => a.shared.waited.ready || a.shared.flag.inspect(), { timeoutMs: 1 + a.i })),
  wake: (a) => {
    a.shared.waited.ready = true;
    a.shared.waiters.wakeAll(a.task);
  },
  'racy-wake': async (a) => {
    await a.shared.flag.write(a.task, true);
    a.shared.waiters.wakeAll(a.task);
  },
  complete: (a) => a.shared.done.completeOne(a.task),
  'wait-done': async (a) => void (await a.shared.done.wait(a.task)),
  queue: (a) => void a.shared.work.queueWork(a.task),
  flush: (a) => a.shared.work.flush(a.task),
  sleep: (a) => a.world.rt.sleep(a.task, a.i + 1),
  timer: (a) => void a.world.rt.timer(`timer${a.mark}`, a.i + 1, () => void a.shared.open[a.i]!.inspect()),
  'timer-wakes': (a) =>
    void a.world.rt.timer(`timer${a.mark}`, a.i + 1, () => {
      a.shared.waited.ready = true;
      a.shared.waiters.wakeAll(null);
    }),
  choose: async (a) => {
    if (a.world.choose(a.task, `site${a.mark}`, 2) === 1) await a.shared.open[a.i]!.write(a.task, a.mark);
  },
  spawn: (a) => void a.world.rt.spawn(`child${a.mark}`, (task) => lockBriefly({ ...a, task, held: new Map() }, () => undefined)),
  'spawn-join': async (a) => {
    const child = a.world.rt.spawn(`child${a.mark}`, async (task) => void (await a.shared.open[a.i]!.read(task)));
    await a.world.rt.join(a.task, child);
  },
  daemon: (a) => void a.world.rt.spawn(`daemon${a.mark}`, async (task) => await a.shared.open[a.i]!.write(task, a.mark), { daemon: true }),
  use: (a) => a.shared.lifetime.use(a.task, 'used'),
  free: (a) => a.shared.lifetime.free(a.task),
  fail: (a) => {
    if (a.shared.open[a.i]!.inspect() !== 0) throw new Error(`open field ${a.i} is not 0`);
  },
} satisfies Record<string, Action>;
export type ActionName = keyof typeof ACTIONS;

export interface ActionProgram extends Program {
  /** Tasks apart by a bar, each a list of actions with the number of their object: `lock0 store1 | lock1`. */
  readonly text: string;
}

const isAction = (kind: string): kind is ActionName => Object.hasOwn(ACTIONS, kind);

function actionsOf(line: string): { kind: ActionName; i: number }[] {
  return line
    .trim()
    .split(' ')
    .map((word) => {
      const kind = word.slice(0, -1);
      if (!isAction(kind)) throw new Error(`expected an action and a number, got ${word}`);
      return { kind, i: Number(word.at(-1)) };
    });
}

/** Tasks give back at their end whatever they still hold. An action whose precondition does not hold does nothing. */
export function actionProgram(text: string): ActionProgram {
  const tasks = text.split('|').map(actionsOf);
  const program = programOf(text, (world) => {
    const shared = sharedState(world);
    tasks.forEach((steps, t) => {
      world.task(`t${t}`, async (task) => {
        const held = new Map<object, Guard>();
        for (const [k, { kind, i }] of steps.entries())
          await (ACTIONS[kind] as Action)({ world, shared, task, i, held, mark: t * 10 + k + 1 });
        for (const guard of [...held.values()].toReversed()) guard.release();
      });
    });
  });
  return { ...program, text };
}

/** Two tasks of four actions or three of three. */
export function randomProgram(random: Prng, kinds: readonly ActionName[]): ActionProgram {
  const n = 2 + random.below(2);
  const length = n === 2 ? 4 : 3;
  const line = (): string => Array.from({ length }, () => `${random.pick(kinds)}${random.below(2)}`).join(' ');
  return actionProgram(Array.from({ length: n }, line).join(' | '));
}
