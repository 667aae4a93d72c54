/**
 * A task: what the kernel calls task_struct, as far as scheduling and lock validation need it.
 * It is passed as a parameter to every function that may sleep or touches guarded state; nobody looks it up.
 */

import type { AccessKind } from './access.ts';

/** What a task announces before it stops. `enabled` and `perform` are called by the runtime only. */
export interface Op {
  readonly opName: string;
  /** The word for it in a schedule, where one operation has several; without this method: its name. */
  verb?(task: Task): string;
  /** May the announced operation be performed now? Asked by the controlled runtime only. */
  enabled(task: Task): boolean;
  /** Performs it and answers its result; AGAIN: a visible part of it is done and the task goes on waiting. */
  perform(task: Task): unknown;
  /** The task stopped here and cannot go on now. Called by the controlled runtime, for the wait-for check. */
  blocked?(task: Task): void;
  /** What performing it touches, for explorers; null: nothing that others can see. Without this method: the operation itself. */
  touches?(task: Task): object | null;
  /** How; without this method it is a change. */
  access?(task: Task): AccessKind;
}

/** Answer of `Op.perform`: announced part done, not through yet. */
export const AGAIN: unique symbol = Symbol('again');

/** Something synchronous in the code whose effect may become visible later: release, wake-up, complete. */
export interface Effect {
  readonly effectName: string;
  /** Intrusive list of the effects of one task that are not visible yet. */
  nextEffect: Effect | null;
  takeEffect(task: Task): void;
  /** What it touches, for explorers; default: the effect itself, and nobody else. */
  readonly object?: object;
  readonly access?: AccessKind | undefined;
}

/** Something a task can wait for. */
export interface Blocker {
  readonly name: string;
  /** Visits the tasks that must do something before `task` can go on; stops and answers true as soon as `visit` does. */
  blockers(task: Task, visit: (holder: Task) => boolean): boolean;
}

export type TaskBody = (task: Task) => Promise<void>;

export interface SpawnOptions {
  /** A scan, a poll loop: not counted as work left, ends with the run. Default false. */
  readonly daemon?: boolean;
}

export class Task {
  /** From 0 in the order of spawning. */
  readonly id: number;
  readonly name: string;
  readonly daemon: boolean;
  /** The same in every schedule: which child of which task it is. */
  key = 0;
  /** Tasks it has spawned so far. */
  children = 0;

  // --- lock layer: opaque here, owned by src/locks ---
  /** Innermost held guard. */
  held: unknown = null;
  /** Node of the chain cache for what is held. */
  chain: unknown = null;
  /** Work item that this task executes, if it is a worker. */
  work: unknown = null;
  /** What the task has read of shared state, bounded. */
  seen: unknown = null;
  /** What it has tried to get in vain so far, while somebody watches. */
  wants: unknown = null;
  /** Vector clock, while somebody watches the order of events. */
  clock: unknown = null;
  /** What the task waits for: set by the live runtime's waits, derived from `op` in the controlled one. */
  blockedOn: Blocker | null = null;

  // --- runtime ---
  body: TaskBody | null;
  op: Op | null = null;
  mode = 0;
  arg: unknown = undefined;
  /** Woken, or queued as a writer: owned by the operation announced. */
  flag = false;
  /** Time at which a sleep or timed wait ends; Infinity when there is none. */
  due: number = Number.POSITIVE_INFINITY;
  /** A wake-up that came before the park. */
  permit = false;
  firstEffect: Effect | null = null;
  lastEffect: Effect | null = null;
  resume: ((value: unknown) => void) | null = null;
  ended = false;

  constructor(id: number, name: string, body: TaskBody | null, daemon: boolean) {
    this.id = id;
    this.name = name;
    this.body = body;
    this.daemon = daemon;
  }

  /** Process id shown in dumps; a function of the id, so that a replay shows the same one. */
  get pid(): number {
    return 1000 + this.id;
  }
}

/** Key of the next task that `parent` spawns; `root` counts those that nobody spawned. */
export function childKey(parent: Task | null, root: number): number {
  const [from, nth] = parent === null ? [0x9e3779b9, root] : [parent.key, parent.children++];
  return Math.imul(from ^ (nth + 1), 0x85ebca6b) ^ Math.imul(nth + 1, 0xc2b2ae35);
}
