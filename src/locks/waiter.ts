/**
 * The queue of those who wait for a lock in the live runtime: intrusive and doubly linked, so that a waiter who gives up leaves it at
 * once, wherever it stands (kernel: struct rwsem_waiter, struct mutex_waiter). async-mutex parks each of them at a seat of its own.
 */
import { Semaphore } from 'async-mutex';
import type { Task } from '../runtime/task.ts';
import type { LockMode } from './modes.ts';

export class Waiter {
  task: Task;
  mode: LockMode;
  /** Null in the controlled runtime, which parks tasks itself. */
  readonly seat: Semaphore | null;
  next: Waiter | null = null;
  previous: Waiter | null = null;
  /** It was woken without the lock: its time is up, or a signal came. */
  gaveUp = false;

  constructor(task: Task, mode: LockMode, parks: boolean) {
    this.task = task;
    this.mode = mode;
    this.seat = parks ? new Semaphore(0) : null;
  }
}

/** Waiters that have been through: a seat costs more than the wait for a free lock, and is as good as new once its occupant was let in. */
export class WaiterPool {
  private free: Waiter | null = null;

  take(task: Task, mode: LockMode): Waiter {
    const waiter = this.free;
    if (waiter === null) return new Waiter(task, mode, true);
    this.free = waiter.next;
    waiter.next = null;
    waiter.gaveUp = false;
    waiter.task = task;
    waiter.mode = mode;
    return waiter;
  }

  giveBack(waiter: Waiter): void {
    waiter.next = this.free;
    this.free = waiter;
  }
}

export class WaiterQueue {
  first: Waiter | null = null;
  length = 0;
  private last: Waiter | null = null;

  push(waiter: Waiter): void {
    waiter.previous = this.last;
    if (this.last === null) this.first = waiter;
    else this.last.next = waiter;
    this.last = waiter;
    this.length++;
  }

  /** False when it has left before. */
  remove(waiter: Waiter): boolean {
    const { previous, next } = waiter;
    if (previous === null && this.first !== waiter) return false;
    if (previous === null) this.first = next;
    else previous.next = next;
    if (next === null) this.last = previous;
    else next.previous = previous;
    waiter.next = null;
    waiter.previous = null;
    this.length--;
    return true;
  }

  /** The place of this task, 1 for the next one; 0 when it does not wait here. */
  positionOf(task: Task): number {
    let position = 1;
    for (let waiter = this.first; waiter !== null; waiter = waiter.next, position++) if (waiter.task === task) return position;
    return 0;
  }

  find(task: Task): Waiter | null {
    for (let waiter = this.first; waiter !== null; waiter = waiter.next) if (waiter.task === task) return waiter;
    return null;
  }
}
