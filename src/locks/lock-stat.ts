/**
 * Statistics per class and mode row (kernel: lock_stat, Documentation/locking/lockstat.rst). Times in milliseconds. What the kernel counts
 * as a move to another CPU is here the move to another task; every contention would be one, so only acquisitions have that column.
 */
import type { Task } from '../runtime/task.ts';
import { ContentionSites } from './contention-sites.ts';
import type { LockClass } from './lock-class.ts';
import type { LockMode } from './modes.ts';
import { TimeHistogram } from './time-histogram.ts';

export interface LockStatRow {
  readonly lock: string;
  readonly mode: 'write' | 'read';
  readonly acquisitions: number;
  /** Acquisitions by another task than the one before, of the same lock. */
  readonly bounces: number;
  readonly contentions: number;
  readonly waitMsTotal: number;
  readonly waitMsMin: number;
  readonly waitMsMax: number;
  readonly waitMsP50: number;
  readonly waitMsP99: number;
  readonly holdMsTotal: number;
  readonly holdMsMin: number;
  readonly holdMsMax: number;
  readonly holdMsP50: number;
  readonly holdMsP99: number;
  /** Longest queue of waiters seen, the newcomer included; and the average one. */
  readonly queueMax: number;
  readonly queueMean: number;
}

class Row {
  readonly lock: string;
  readonly mode: 'write' | 'read';
  acquisitions = 0;
  bounces = 0;
  contentions = 0;
  queueMax = 0;
  queueTotal = 0;
  readonly wait = new TimeHistogram();
  readonly hold = new TimeHistogram();

  constructor(lock: string, mode: 'write' | 'read') {
    this.lock = lock;
    this.mode = mode;
  }

  snapshot(): LockStatRow {
    const { lock, mode, acquisitions, bounces, contentions, wait, hold } = this;
    return {
      lock,
      mode,
      acquisitions,
      bounces,
      contentions,
      waitMsTotal: wait.totalMs,
      waitMsMin: wait.minMs,
      waitMsMax: wait.maxMs,
      waitMsP50: wait.quantileMs(0.5),
      waitMsP99: wait.quantileMs(0.99),
      holdMsTotal: hold.totalMs,
      holdMsMin: hold.minMs,
      holdMsMax: hold.maxMs,
      holdMsP50: hold.quantileMs(0.5),
      holdMsP99: hold.quantileMs(0.99),
      queueMax: this.queueMax,
      queueMean: contentions === 0 ? 0 : this.queueTotal / contentions,
    };
  }
}

export class LockStatistics {
  readonly sites = new ContentionSites();
  private readonly byKey: (Row | undefined)[] = [];
  private readonly lastTask = new WeakMap<object, Task>();
  private readonly pending = new Map<Task, { lock: object; since: number }>();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  time(): number {
    return this.now();
  }

  /** `lock` is the instance, by whose history it is known whether `task` is another one than before. */
  acquired(cls: LockClass, mode: LockMode, lock: object, task: Task): void {
    const row = this.row(cls, mode);
    row.acquisitions++;
    const last = this.lastTask.get(lock);
    if (last !== task) {
      this.lastTask.set(lock, task);
      if (last !== undefined) row.bounces++;
    }
    if (this.pending.size > 0) this.endWait(row, lock, task);
  }

  contended(cls: LockClass, mode: LockMode, queueLength: number): void {
    const row = this.row(cls, mode);
    row.contentions++;
    row.queueTotal += queueLength;
    if (queueLength > row.queueMax) row.queueMax = queueLength;
  }

  waited(cls: LockClass, mode: LockMode, ms: number): void {
    this.row(cls, mode).wait.add(ms);
  }

  /** Controlled runtime, where nobody measures the wait: it ends with the acquisition of this lock. */
  waitBegins(task: Task, lock: object): void {
    this.pending.set(task, { lock, since: this.now() });
  }

  held(cls: LockClass, mode: LockMode, since: number): void {
    this.row(cls, mode).hold.add(this.now() - since);
  }

  /** Most contended first. */
  rows(): LockStatRow[] {
    const rows = this.byKey.filter((row): row is Row => row !== undefined && row.acquisitions + row.contentions > 0);
    return rows.map((row) => row.snapshot()).toSorted((a, b) => b.contentions - a.contentions || b.acquisitions - a.acquisitions);
  }

  private endWait(row: Row, lock: object, task: Task): void {
    const wait = this.pending.get(task);
    if (wait === undefined) return;
    // A wait for another lock was given up.
    this.pending.delete(task);
    if (wait.lock === lock) row.wait.add(this.now() - wait.since);
  }

  private row(cls: LockClass, mode: LockMode): Row {
    const read = (mode & 3) !== 0;
    const key = cls.id * 2 + (read ? 1 : 0);
    return (this.byKey[key] ??= new Row(cls.name, read ? 'read' : 'write'));
  }
}
