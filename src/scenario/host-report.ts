/**
 * What the crypto users of the host have done in a run. No kernel counterpart.
 */
import type { GuestStatistics } from '../guest/guest-statistics.ts';
import type { HostLoad } from '../machine/host-load.ts';
import type { HostReport } from './run-report.ts';

/** null: the host has none. Users that work until they are stopped: what was begun and ended is what was expected. */
export function hostReport(load: HostLoad | null, endless: boolean): HostReport | null {
  if (load === null) return null;
  const figures = (statistics: GuestStatistics, expected: number): Omit<HostReport, 'users' | 'stallMs'> => ({
    operations: statistics.verified,
    expected: endless ? statistics.operations : expected,
    retries: statistics.retries,
    errors: statistics.errors,
    p50Ms: statistics.p50Ms,
    p99Ms: statistics.p99Ms,
  });
  return {
    ...figures(load.statistics, load.expected),
    stallMs: load.statistics.stallMs,
    users: load.users.map(({ program: { kind, tasks, operations }, statistics }) => {
      return { kind, tasks, ...figures(statistics, tasks * operations) };
    }),
  };
}
