/**
 * The port between the model and what runs it. Model code uses spawn, join, sleep, timer and choose, and what src/locks builds on
 * point and effect. Two implementations: live (native promises and timers) and controlled (one task at a time, a strategy picks).
 */
import type { Prng } from '../base/prng.ts';
import type { AccessKind } from './access.ts';
import type { Effect, Op, SpawnOptions, Task, TaskBody } from './task.ts';

/** Result of a call that is synchronous where it can be. */
export type MaybePromise<T> = T | Promise<T>;

/** An armed timer of the hardware or of the kernel's timer wheel. */
export interface Timer {
  readonly name: string;
  /** No effect once it has fired. */
  cancel(): void;
}

/** Is told what orders the events of tasks; the lock layer sets one when it has something to order. */
export interface TaskObserver {
  /** `by` is null when the runtime does not know who spawned it. */
  spawned(task: Task, by: Task | null): void;
  /** Told at the call: the task does nothing else before `other` has ended. */
  joining(task: Task, other: Task): void;
  /** `wake` of the task by somebody the runtime does not know. */
  woken(task: Task): void;
}

export interface Runtime {
  /** Asked in src/runtime and src/locks only. */
  readonly controlled: boolean;
  /** Seeded; every random decision of the model draws from it or from a fork of it. */
  readonly random: Prng;
  /** Tasks that have not ended, in no particular order. */
  readonly tasks: Iterable<Task>;
  observer: TaskObserver | null;
  /** Milliseconds since the start of the run. */
  now(): number;
  /** The body starts after the caller has stopped, never inside this call. */
  spawn(name: string, body: TaskBody, options?: SpawnOptions): Task;
  /** Waits until `other` has ended. */
  join(task: Task, other: Task): MaybePromise<void>;
  sleep(task: Task, ms: number): MaybePromise<void>;
  /** Stops the task until `wake`; a wake-up that came first is not lost. */
  park(task: Task): MaybePromise<void>;
  wake(task: Task): void;
  /** Calls `fire` once, outside any task, `ms` milliseconds from now. `fire` must not sleep. */
  timer(name: string, ms: number, fire: () => void): Timer;
  /** Announces `op`, answers when it was performed. Live: performs it at once. */
  point(task: Task, op: Op, mode: number, arg?: unknown): unknown;
  /** Makes `effect` visible: at once, or before the task's next operation when somebody could observe the difference. */
  effect(task: Task, effect: Effect, visible: boolean): void;
  /** Tells an explorer that what runs now touches `object` outside of any announced operation. */
  touch(object: object, access: AccessKind): void;
  /** A decision of the environment (response code, fault, waiter stealing): a number from 0 to n - 1. */
  choose(task: Task | null, site: string, n: number): number;
  /** Called for each task that ends; `error` when its body threw. */
  onTaskEnd(listener: (task: Task, error: unknown) => void): void;
  /** Called when a task begins to wait for the end of another: the lock layer looks whether that closes a cycle. */
  onTaskBlock(listener: (task: Task) => void): void;
}
