/**
 * Runs the conformance program, or some of its checks, in the guest of a small host, and says what it printed by check.
 */
import { apConformance } from '../../../../src/guest/s390x/programs/ap-conformance.ts';
import { AP_CHECKS } from '../../../../src/guest/s390x/programs/ap-checks.ts';
import type { ApCheck } from '../../../../src/guest/s390x/programs/ap-check-rows.ts';
import type { RunReport } from '../../../../src/scenario/run-report.ts';
import { dataOf, runScenario, type RunSettings } from '../program-run.ts';

export interface Conformance {
  readonly passed: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
  readonly console: string;
  readonly status: number | null;
  readonly report: RunReport;
}

/** Machines by what their guest is not offered, or has. */
export const MACHINES = {
  accelerator: { type: 'CEX8A', cpu: '{}' },
  coprocessor: { type: 'CEX7C', cpu: '{}' },
  'without facility 12': { type: 'CEX8A', cpu: '{ apqci: false }' },
  'without facility 15': { type: 'CEX8C', cpu: '{ apft: false }' },
  'without facility 65': { type: 'CEX8A', cpu: '{ apqi: false }' },
  'without APXA': { type: 'CEX8A', cpu: '{ msa3: false }' },
  'without AP': { type: 'CEX8A', cpu: '{ ap: false }' },
} as const;
export type MachineName = keyof typeof MACHINES;

export async function runConformance(
  machine: MachineName,
  { checks = AP_CHECKS, ...settings }: RunSettings & { readonly checks?: readonly ApCheck[] } = {},
): Promise<Conformance> {
  const { type, cpu } = MACHINES[machine];
  const text = [
    `host: { adapters: [{ id: 5, type: ${type} }, { id: 6, type: CEX6P }], domains: [4, 5], apmask: "-5,-6" }`,
    'mdevs: [{ name: m0, adapters: [5], domains: [4, 5] }]',
    `guests: [{ name: g0, mdev: m0, cpu: ${cpu}, workload: { elf: ${dataOf(apConformance(checks))} } }]`,
  ].join('\n');
  const report = await runScenario(text, settings);
  const { console, status } = report.guests[0]!.code!;
  return { passed: named(console, 'PASS'), failed: named(console, 'FAIL'), console, status, report };
}

/** Names of checks that have ended so; what is printed behind the name of a failed one begins with `: interruption`. */
function named(console: string, end: 'PASS' | 'FAIL'): ReadonlySet<string> {
  const lines = console.split('\n').filter((line) => line.startsWith(`${end}: `));
  return new Set(lines.map((line) => line.slice(6).replace(/: interruption [0-9a-f]{8}, cc .*$/, '')));
}
