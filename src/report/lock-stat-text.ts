/**
 * Lock statistics as text (kernel: /proc/lock_stat): its columns but for one (a waiter is always another task than the holder, so there is
 * no con-bounces), in microseconds, with percentiles and queue lengths; below each class who waited for whom where.
 */
import type { ContentionSite } from '../locks/contention-sites.ts';
import type { LockStatRow } from '../locks/lock-stat.ts';
import { tableLines, type Column } from './table.ts';

const right = (title: string): Column => ({ title, align: 'right' });

/** Pairs of places shown for a class; the kernel shows four of each. */
const SITES = 4;

/** Both tables and the places; nothing when nothing was counted. */
export function lockStatLines(rows: readonly LockStatRow[], sites: readonly ContentionSite[]): string[] {
  if (rows.length === 0) return ['  no statistics'];
  const contended = rows.filter(({ contentions }) => contentions > 0);
  const waits = tableLines(
    [lock, ...['contentions', 'min', 'max', 'total', 'avg', 'p50', 'p99', 'queue-max', 'queue-avg'].map(right)],
    contended.map((row) => [
      nameOf(row),
      `${row.contentions}`,
      ...times(row.contentions, [
        row.waitMsMin,
        row.waitMsMax,
        row.waitMsTotal,
        row.waitMsTotal / row.contentions,
        row.waitMsP50,
        row.waitMsP99,
      ]),
      `${row.queueMax}`,
      row.queueMean.toFixed(1),
    ]),
  );
  const holds = tableLines(
    [lock, ...['acq-bounces', 'acquisitions', 'min', 'max', 'total', 'avg', 'p50', 'p99'].map(right)],
    rows.map((row) => [
      nameOf(row),
      `${row.bounces}`,
      `${row.acquisitions}`,
      ...times(row.acquisitions, [
        row.holdMsMin,
        row.holdMsMax,
        row.holdMsTotal,
        row.holdMsTotal / row.acquisitions,
        row.holdMsP50,
        row.holdMsP99,
      ]),
    ]),
  );
  return [
    'Waiting, in microseconds',
    ...(contended.length === 0 ? ['  nobody had to wait'] : waits),
    '',
    'Holding, in microseconds',
    ...holds,
    ...siteLines(rows, sites),
  ];
}

const lock: Column = { title: 'class', elastic: true };

const nameOf = (row: LockStatRow): string => `${row.lock}-${row.mode === 'write' ? 'W' : 'R'}`;

const times = (samples: number, values: readonly number[]): string[] => values.map((ms) => (samples === 0 ? '-' : (ms * 1000).toFixed(2)));

function siteLines(rows: readonly LockStatRow[], sites: readonly ContentionSite[]): string[] {
  const order = [...new Set(rows.map((row) => row.lock))];
  const shown = order.flatMap((name) => sites.filter((site) => site.lock === name).slice(0, SITES));
  if (shown.length === 0) return [];
  return [
    '',
    'Who waited for whom (about how often, where the waiter asked, where the holder had taken it)',
    ...tableLines(
      [{ title: 'class', elastic: true }, right('times'), { title: 'waiter', elastic: true }, { title: 'holder', elastic: true }],
      shown.map((site) => [site.lock, `${site.count}`, site.waiter, site.holder]),
    ),
  ];
}
