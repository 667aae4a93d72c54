/**
 * Small random programs over two mutexes, and two fields that nobody has declared a guard for, with a trace of what one schedule of them
 * did: what an independent judge needs to say whether an update was lost, or whether two accesses were in no order.
 */
import type { Prng } from '../../src/base/prng.ts';
import type { Guard } from '../../src/locks/guard.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { Task } from '../../src/runtime/task.ts';
import { RandomStrategy } from '../../src/runtime/random-strategy.ts';
import { controlledWorld } from './lock-world.ts';

export type TraceKind = 'lock' | 'unlock' | 'read' | 'write';

export interface TraceEvent {
  readonly task: number;
  readonly kind: TraceKind;
  /** Which mutex or field. */
  readonly i: number;
  /** A write of what is there already. */
  readonly idle?: boolean;
}

export type TraceProgram = readonly (readonly { readonly kind: TraceKind | 'pause'; readonly i: number }[])[];

interface Field {
  get(task: Task): number;
  set(task: Task, value: number): void;
  inspect(): number;
}

const CLASSES = [0, 1].map((i) => new LockClass(`trace-m${i}`));
const KINDS = ['lock', 'lock', 'unlock', 'read', 'read', 'write', 'write', 'pause', 'pause'] as const;

export function randomTraceProgram(random: Prng, steps: number): TraceProgram {
  return Array.from({ length: 2 + random.below(2) }, () =>
    Array.from({ length: steps }, () => ({ kind: random.pick(KINDS), i: random.below(2) })),
  );
}

export interface TraceOutcome {
  readonly trace: readonly TraceEvent[];
  readonly found: readonly string[];
}

/** Runs one schedule of the program; `fields` says which kind of field is tried. */
export async function runTrace(program: TraceProgram, seed: number, fields: 'guarded' | 'shared'): Promise<TraceOutcome> {
  const { locks, play, found } = controlledWorld({ validate: false }, { strategy: new RandomStrategy(seed) });
  const mutexes = CLASSES.map((cls) => locks.mutex(cls, cls.name));
  const shared: Field[] = ['x', 'y'].map((label) =>
    fields === 'shared' ? locks.state.shared({ name: 'o' }, label, 0) : locks.field({ name: 'o' }, label, 0),
  );
  const trace: TraceEvent[] = [];
  const body = async (task: Task, t: number): Promise<void> => {
    const held: (Guard | null)[] = [null, null];
    const unlock = (i: number): void => {
      if (held[i] === null) return;
      trace.push({ task: t, kind: 'unlock', i });
      held[i]!.release();
      held[i] = null;
    };
    for (const { kind, i } of program[t]!) {
      if (kind === 'pause') await locks.rt.sleep(task, 0);
      else if (kind === 'unlock') unlock(i);
      // In one order only: this is about data, not about deadlocks.
      else if (kind === 'lock' && held[i] === null && !(i === 0 && held[1] !== null)) {
        held[i] = await mutexes[i]!.acquire(task);
        trace.push({ task: t, kind, i });
      } else if (kind === 'read') {
        shared[i]!.get(task);
        trace.push({ task: t, kind, i });
      } else if (kind === 'write') {
        const value = (shared[i]!.inspect() + (trace.length % 3)) % 5;
        trace.push({ task: t, kind, i, idle: value === shared[i]!.inspect() });
        shared[i]!.set(task, value);
      }
    }
    for (const i of [1, 0]) unlock(i);
  };
  const outcome = await play(Object.fromEntries(program.map((_steps, t) => [`t${t}`, (task: Task) => body(task, t)])));
  if (outcome !== 'done') throw new Error(`expected the program to end, got ${outcome}`);
  return { trace, found: found() };
}
