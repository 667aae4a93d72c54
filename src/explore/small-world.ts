/**
 * A world for programs of one's own: locks by name, tasks by name, and checks at the end, for tests that explore a few tasks.
 * The nearest relatives are Shuttle's and Loom's models.
 */
import type { Completion } from '../locks/completion.ts';
import type { GuardedField, GuardRule } from '../locks/guarded-field.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import { LockClass, type LockClassOptions } from '../locks/lock-class.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { RwSemaphore, RwSemaphoreOptions } from '../locks/rw-semaphore.ts';
import type { SharedField } from '../locks/shared-field.ts';
import type { WaitQueue } from '../locks/wait-queue.ts';
import type { ControlledRuntime } from '../runtime/controlled.ts';
import type { SpawnOptions, Task, TaskBody } from '../runtime/task.ts';
import type { Monitor, Program, ProgramRun, World } from './program.ts';

/** Builds the program in a fresh world: called once for each execution, so it keeps no state outside. */
export type ProgramText = (world: SmallWorld) => void;

export class SmallWorld {
  readonly rt: ControlledRuntime;
  readonly layer: LockLayer;
  private readonly classes: ClassesByName;
  private readonly bodies: { name: string; body: TaskBody; options: SpawnOptions }[] = [];
  private readonly checks: ((task: Task) => void | Promise<void>)[] = [];
  private readonly monitors: Monitor[] = [];
  private readonly states: (() => unknown)[] = [];

  constructor({ rt, layer }: World, classes: ClassesByName) {
    this.rt = rt;
    this.layer = layer;
    this.classes = classes;
  }

  /** Each name is a lock class of its own, unless `cls` says which class it belongs to. */
  mutex(name: string, options: LockClassOptions & { readonly cls?: string } = {}): Mutex {
    return this.layer.mutex(this.classes.get(options.cls ?? name, options), name);
  }

  rwSemaphore(name: string, options: LockClassOptions & RwSemaphoreOptions & { readonly cls?: string } = {}): RwSemaphore {
    return this.layer.rwSemaphore(this.classes.get(options.cls ?? name, options), name, options);
  }

  /** Waits on it are seen by the validator as if it were a lock. */
  waitQueue(name: string): WaitQueue {
    return this.layer.waitQueue(this.layer.map(this.classes.get(name, {}), name));
  }

  completion(name: string): Completion {
    return this.layer.completion(this.classes.get(name, {}), name);
  }

  /** State with a guard: locks that must be held, or `unguarded` for visible reads and writes in the open. */
  field<T>(name: string, value: T, guard: GuardRule): GuardedField<T> {
    const field = this.layer.field({ name: 'program' }, name, value);
    field.guardedBy(guard);
    return field;
  }

  /** State of which nobody says how it is guarded: accesses in no order and without a common lock are a race. */
  shared<T>(name: string, value: T): SharedField<T> {
    return this.layer.state.shared({ name: 'program' }, name, value);
  }

  task(name: string, body: TaskBody, options: SpawnOptions = {}): void {
    this.bodies.push({ name, body, options });
  }

  /** A choice of the environment, a number from 0 to n - 1: every one is explored. */
  choose(task: Task, site: string, n: number): number {
    return this.rt.choose(task, site, n);
  }

  /** Looked at when every task has ended; what it throws is a finding. */
  atEnd(check: (task: Task) => void | Promise<void>): void {
    this.checks.push(check);
  }

  /** Something that must have happened by the end: `hot` says what is owed, or null. */
  eventually(name: string, hot: () => string | null): void {
    this.monitors.push({ name, hot });
  }

  /** Part of the state at the end by which executions are compared. */
  state(read: () => unknown): void {
    this.states.push(read);
  }

  /** What the engine runs. */
  run(): ProgramRun {
    const { rt, bodies, checks, monitors, states } = this;
    return {
      monitors,
      start(): void {
        for (const { name, body, options } of bodies) rt.spawn(name, body, options);
      },
      async finish(task): Promise<void> {
        for (const check of checks) await check(task);
      },
      digest: () => JSON.stringify(states.map((read) => read())),
    };
  }
}

/** Lock classes live as long as the program: what one execution teaches about them holds for the next. */
class ClassesByName {
  private readonly known = new Map<string, LockClass>();

  get(name: string, options: LockClassOptions): LockClass {
    let cls = this.known.get(name);
    if (cls === undefined) this.known.set(name, (cls = new LockClass(name, options)));
    return cls;
  }
}

export function programOf(name: string, text: ProgramText): Program {
  const classes = new ClassesByName();
  return {
    name,
    build(world) {
      const small = new SmallWorld(world, classes);
      text(small);
      return small.run();
    },
  };
}
