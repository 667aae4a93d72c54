/**
 * A held lock: entry of the task's held stack, scope guard and pending release in one object (kernel: struct held_lock).
 */
import type { Effect, Task } from '../runtime/task.ts';
import type { ChainNode } from './chain.ts';
import type { LockClass } from './lock-class.ts';
import type { LockMode } from './modes.ts';

/** What a guard needs of the validator: the chain node of an entry after something below it was released. */
interface Rebaser {
  rebase(task: Task, guard: Guard): ChainNode;
}

/** What a guard needs of the lock it holds. */
export interface Held {
  readonly cls: LockClass;
  readonly name: string;
  readonly dep: Rebaser | null;
  /** Called by the guard's owner: takes it off the held stack and makes the lock available. */
  unlock(guard: Guard): void;
  /** The release becomes visible to others. */
  free(guard: Guard): void;
  /** Takes the lock again after a wait that dropped it. */
  retake(guard: Guard): Promise<void> | void;
}

export class Guard implements Disposable, Effect {
  readonly lock: Held;
  readonly task: Task;
  readonly mode: LockMode;
  /** Next outer entry of the held stack. */
  prev: Guard | null = null;
  /** Chain of the task before and after this acquisition. */
  before: ChainNode | null = null;
  after: ChainNode | null;
  live = false;
  /** Time of the acquisition, for statistics; 0 when they are off. */
  since = 0;
  nextEffect: Effect | null = null;

  constructor(lock: Held, task: Task, mode: LockMode, node: ChainNode | null) {
    this.lock = lock;
    this.task = task;
    this.mode = mode;
    this.after = node;
    this.push();
  }

  get effectName(): string {
    return 'release';
  }

  /** Puts the entry on top of the held stack. */
  push(): void {
    const task = this.task;
    this.prev = task.held as Guard | null;
    this.before = task.chain as ChainNode | null;
    this.live = true;
    task.held = this;
    if (this.after !== null) task.chain = this.after;
  }

  /** Takes the entry off the held stack, from any depth; the entries above it form a new sequence. */
  pop(): void {
    const task = this.task;
    this.live = false;
    if (task.held === this) {
      task.held = this.prev;
      task.chain = this.before;
      return;
    }
    const above: Guard[] = [];
    let entry = task.held as Guard | null;
    while (entry !== null && entry !== this) {
      above.push(entry);
      entry = entry.prev;
    }
    if (entry === null) throw new Error(`${this.lock.name} is not held by ${task.name}`);
    task.held = this.prev;
    task.chain = this.before;
    for (const guard of above.toReversed()) {
      if (guard.after !== null) guard.after = guard.lock.dep!.rebase(task, guard);
      guard.push();
    }
  }

  takeEffect(): void {
    this.lock.free(this);
  }

  /** Early release; the end of the scope then does nothing. */
  release(): void {
    if (this.live) this.lock.unlock(this);
  }

  [Symbol.dispose](): void {
    if (this.live) this.lock.unlock(this);
  }
}

/** The innermost entry of this lock on the task's held stack, or null. */
export function findHeld(task: Task, lock: Held): Guard | null {
  for (let guard = task.held as Guard | null; guard !== null; guard = guard.prev) if (guard.lock === lock) return guard;
  return null;
}

/** Names of what the task holds, outermost first. */
export function heldNames(task: Task): string[] {
  const names: string[] = [];
  for (let guard = task.held as Guard | null; guard !== null; guard = guard.prev) names.unshift(guard.lock.name);
  return names;
}
