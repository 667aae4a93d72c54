/**
 * A held lock: entry of the task's held stack, scope guard and pending release in one object (kernel: struct held_lock).
 */
import { Access, type AccessKind } from '../runtime/access.ts';
import type { Effect, Task } from '../runtime/task.ts';
import type { ChainNode } from './chain.ts';
import type { LockClass } from './lock-class.ts';
import { EXCLUSIVE, heldMode, TRY, type LockMode } from './modes.ts';

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
  /** Somebody asked for something who may not, or not now: a task for the release, or the owner to take off a pin that is none. */
  refuse?(guard: Guard, by: Task | 'unpin'): void;
}

/** Says that the lock must not be given back before it is taken off again (kernel: lockdep_pin_lock). */
export interface Pin {
  readonly guard: Guard;
}

export class Guard implements Disposable, Effect {
  readonly lock: Held;
  readonly task: Task;
  mode: LockMode;
  /** Next outer entry of the held stack. */
  prev: Guard | null = null;
  /** Chain of the task before and after this acquisition. */
  before: ChainNode | null = null;
  after: ChainNode | null;
  live = false;
  /** How often it was given back: a wait that drops a lock takes it again with the same guard. */
  releases = 0;
  /** Time of the acquisition, for statistics; 0 when they are off. */
  since = 0;
  nextEffect: Effect | null = null;
  pins: Set<Pin> | null = null;

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

  /** The class under which it was taken: that of the lock, or a subclass of it. */
  get cls(): LockClass {
    return this.after?.cls ?? this.lock.cls;
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
    this.releases++;
    if (task.held === this) {
      this.live = false;
      task.held = this.prev;
      task.chain = this.before;
      return;
    }
    const above = this.liftAbove();
    this.live = false;
    task.held = this.prev;
    task.chain = this.before;
    putBack(above);
  }

  /** The entry goes on in another mode, at its place in the stack (kernel: lock_downgrade). */
  changeMode(mode: LockMode): void {
    const above = this.liftAbove();
    this.task.held = this.prev;
    this.task.chain = this.before;
    this.mode = mode;
    putBack([this, ...above]);
  }

  /** Back on the stack after a wait that had dropped it: this time it was waited for. */
  again(node: ChainNode | null): void {
    this.mode = heldMode(this.mode) & ~TRY;
    this.after = node;
    this.push();
  }

  /** What its release touches. */
  get object(): Held {
    return this.lock;
  }

  get access(): AccessKind {
    return (this.mode & 3) === EXCLUSIVE ? Access.RELEASE : Access.RELEASE_SHARED;
  }

  takeEffect(): void {
    this.lock.free(this);
  }

  /** Early release; the end of the scope then does nothing. `by` is the task that asks for it, where that is known. */
  release(by: Task = this.task): void {
    if (this.live && this.pins === null && by === this.task) this.lock.unlock(this);
    else this.lock.refuse?.(this, by);
  }

  [Symbol.dispose](): void {
    if (this.live) this.release();
  }

  /** From here to `unpin` nobody may give the lock back, not even for a moment. */
  pin(): Pin {
    const pin: Pin = { guard: this };
    (this.pins ??= new Set()).add(pin);
    return pin;
  }

  /** Reported when the pin is not one of this acquisition, or was taken off before. */
  unpin(pin: Pin): void {
    if (this.pins === null || !this.pins.delete(pin)) this.lock.refuse?.(this, 'unpin');
    else if (this.pins.size === 0) this.pins = null;
  }

  /** Entries above this one, next one first. */
  private liftAbove(): Guard[] {
    const above: Guard[] = [];
    let entry = this.task.held as Guard | null;
    while (entry !== null && entry !== this) {
      above.unshift(entry);
      entry = entry.prev;
    }
    if (entry === null) throw new Error(`${this.lock.name} is not held by ${this.task.name}`);
    return above;
  }
}

function putBack(entries: readonly Guard[]): void {
  for (const guard of entries) {
    if (guard.after !== null) guard.after = guard.lock.dep!.rebase(guard.task, guard);
    guard.push();
  }
}

/** The innermost entry of this lock on the task's held stack, or null. */
export function findHeld(task: Task, lock: Held): Guard | null {
  for (let guard = task.held as Guard | null; guard !== null; guard = guard.prev) if (guard.lock === lock) return guard;
  return null;
}

/** What the task holds, innermost first. States of the task that are kept on the same stack are left out. */
export function* heldGuards(task: Task): IterableIterator<Guard> {
  for (let guard = task.held as Guard | null; guard !== null; guard = guard.prev) if (guard.lock.cls.context === null) yield guard;
}

/** Names of what the task holds, outermost first. */
export function heldNames(task: Task): string[] {
  const names: string[] = [];
  for (const guard of heldGuards(task)) names.unshift(guard.lock.name);
  return names;
}
