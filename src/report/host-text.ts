/**
 * The crypto users of the host in the report of a run, as text. No kernel counterpart.
 */
import type { HostReport } from '../scenario/run-report.ts';
import { millis } from './layout.ts';
import { tableLines, type Column } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'users', elastic: true },
  ...['tasks', 'operations', 'retries', 'errors', 'p50 ms', 'p99 ms'].map((title): Column => ({ title, align: 'right' })),
];

/** A line for each kind of user, and one for all of them where there are several. */
export function hostLines(host: HostReport): string[] {
  const tasks = host.users.reduce((sum, user) => sum + user.tasks, 0);
  const rows = host.users.length === 1 ? host.users : [...host.users, { ...host, kind: 'all', tasks }];
  return tableLines(
    COLUMNS,
    rows.map((row) => [
      row.kind,
      `${row.tasks}`,
      `${row.operations}/${row.expected}`,
      `${row.retries}`,
      `${row.errors}`,
      millis(row.p50Ms),
      millis(row.p99Ms),
    ]),
  );
}
