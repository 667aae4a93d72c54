/**
 * Statistics per class and mode row (kernel: lock_stat, Documentation/locking/lockstat.rst). Times in milliseconds.
 */
import type { LockClass } from './lock-class.ts';
import type { LockMode } from './modes.ts';

export interface LockStatRow {
  readonly lock: string;
  readonly mode: 'write' | 'read';
  acquisitions: number;
  contentions: number;
  waitMsTotal: number;
  waitMsMax: number;
  holdMsTotal: number;
  holdMsMax: number;
  /** Longest queue of waiters seen, the newcomer included. */
  queueMax: number;
}

export class LockStatistics {
  private readonly byKey: (LockStatRow | undefined)[] = [];
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  time(): number {
    return this.now();
  }

  acquired(cls: LockClass, mode: LockMode): void {
    this.row(cls, mode).acquisitions++;
  }

  contended(cls: LockClass, mode: LockMode, queueLength: number): void {
    const row = this.row(cls, mode);
    row.contentions++;
    if (queueLength > row.queueMax) row.queueMax = queueLength;
  }

  waited(cls: LockClass, mode: LockMode, ms: number): void {
    const row = this.row(cls, mode);
    row.waitMsTotal += ms;
    if (ms > row.waitMsMax) row.waitMsMax = ms;
  }

  held(cls: LockClass, mode: LockMode, since: number): void {
    const row = this.row(cls, mode);
    const ms = this.now() - since;
    row.holdMsTotal += ms;
    if (ms > row.holdMsMax) row.holdMsMax = ms;
  }

  /** Most contended first. */
  rows(): LockStatRow[] {
    const rows = this.byKey.filter((row): row is LockStatRow => row !== undefined && row.acquisitions + row.contentions > 0);
    return rows.toSorted((a, b) => b.contentions - a.contentions || b.acquisitions - a.acquisitions);
  }

  private row(cls: LockClass, mode: LockMode): LockStatRow {
    const read = (mode & 3) !== 0;
    const key = cls.id * 2 + (read ? 1 : 0);
    return (this.byKey[key] ??= {
      lock: cls.name,
      mode: read ? 'read' : 'write',
      acquisitions: 0,
      contentions: 0,
      waitMsTotal: 0,
      waitMsMax: 0,
      holdMsTotal: 0,
      holdMsMax: 0,
      queueMax: 0,
    });
  }
}
