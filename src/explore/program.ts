/**
 * What can be explored: something that builds a fresh world and spawns tasks in it. The engine knows nothing else of it.
 * No kernel counterpart; the nearest are a KUnit test and a litmus test.
 */
import type { LockLayer } from '../locks/lock-layer.ts';
import type { ControlledRuntime } from '../runtime/controlled.ts';
import type { Task } from '../runtime/task.ts';

/** One world: a runtime, and the lock layer over it. Made anew for each execution; nothing survives it. */
export interface World {
  readonly rt: ControlledRuntime;
  readonly layer: LockLayer;
}

/**
 * A liveness property: hot while something is owed (a reply nobody was interrupted for, a reset that was begun), cold when it is done.
 * To be hot for a while is no error; to be hot when everything is over is (Coyote calls these hot and cold states).
 */
export interface Monitor {
  readonly name: string;
  /** What is owed now, for the report; null when nothing is. */
  hot(): string | null;
}

export interface ProgramRun {
  /** Brings the world to where exploration begins, as a task of its own. What it chooses is neither explored nor recorded. */
  readonly setup?: (task: Task) => Promise<void>;
  /** Spawns the tasks whose schedules are explored. The execution ends when all foreground tasks have ended. */
  start(): void;
  /** Looks at the quiet world afterwards, as a task of its own, like `setup`. Only after an execution that came to its end. */
  readonly finish?: (task: Task) => Promise<void>;
  /** What must happen sooner or later. Asked when the execution has come to its end, or has had every chance to. */
  readonly monitors?: readonly Monitor[];
  /** The state at the end as text. Schedules of one trace must lead to equal states: see `commutation.ts`. */
  readonly digest?: () => string;
}

export interface Program {
  readonly name: string;
  /** Builds everything but tasks; reports of checks go to `world.layer.findings`. Deterministic. */
  build(world: World): ProgramRun;
}
