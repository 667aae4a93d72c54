/**
 * Does a run count as passed? It does when it is clean, or when it found what its scenario expects of the design, and nothing else.
 * No kernel counterpart.
 */
import type { FindingKind } from '../locks/finding.ts';
import { count } from './layout.ts';
import type { Quiescence, RunReport } from '../scenario/run-report.ts';

export interface Verdict {
  readonly passed: boolean;
  /** Kinds of findings that the scenario expects under this design; empty: none. */
  readonly expected: readonly FindingKind[];
  /** Why it did not pass, most telling first. */
  readonly reasons: readonly string[];
}

/** The reason that an interrupted run always has. */
export const INTERRUPTED = 'interrupted';

/** At least one finding of the expected kinds, and none of another kind. */
export function judge(report: RunReport, expected: readonly FindingKind[]): Verdict {
  const reasons = [...findingReasons(report, expected), ...workReasons(report, expected), ...restReasons(report, expected)];
  if (report.outcome === 'interrupted') reasons.push(INTERRUPTED);
  else if (expected.length === 0 && !report.ok && reasons.length === 0) reasons.push(`the run ended as not ok (${report.outcome})`);
  return { passed: reasons.length === 0, expected, reasons };
}

function findingReasons({ findings }: RunReport, expected: readonly FindingKind[]): string[] {
  const other = findings.filter(({ kind }) => !expected.includes(kind));
  if (other.length > 0) {
    const kinds = [...new Set(other.map(({ kind }) => kind))].join(', ');
    return [`${count(other.length, 'finding')}${expected.length > 0 ? ' of a kind that is not expected' : ''} (${kinds})`];
  }
  if (expected.length > 0 && findings.length === 0) return [`expected a finding (${expected.join(' or ')}), found none`];
  return [];
}

function workReasons(report: RunReport, expected: readonly FindingKind[]): string[] {
  const reasons: string[] = [];
  const sum = (figure: 'operations' | 'expected' | 'errors'): number =>
    report.guests.reduce((total, guest) => total + guest[figure], report.host?.[figure] ?? 0);
  if (report.outcome === 'stuck' && !expected.some((kind) => kind === 'deadlock' || kind === 'hung-task'))
    reasons.push('no task can go on');
  const errors = sum('errors');
  if (errors > 0 && !expected.includes('guest-error')) reasons.push(`${count(errors, 'operation')} wrong or given up`);
  const missing = sum('expected') - sum('operations') - errors;
  if (report.outcome === 'done' && report.command === 'run' && missing > 0) reasons.push(`${count(missing, 'operation')} not done`);
  const otherwise = report.events.filter(({ ok }) => !ok).length;
  if (otherwise > 0) reasons.push(`${count(otherwise, 'event')} ended otherwise than expected`);
  return reasons;
}

function restReasons({ quiescence }: RunReport, expected: readonly FindingKind[]): string[] {
  // A blocked task keeps what it holds, and what leaks is a finding of its own.
  if (quiescence === null || quiescence.clean || expected.length > 0) return [];
  return [`not at rest in the end: ${leftovers(quiescence)}`];
}

const LEFT: readonly (readonly [Exclude<keyof Quiescence, 'clean'>, string, string])[] = [
  ['pins', 'pinned page', 'pinned pages'],
  ['iscReferences', 'ISC reference', 'ISC references'],
  ['kvmReferences', 'KVM reference', 'KVM references'],
  ['eventfds', 'open eventfd', 'open eventfds'],
  ['locksHeld', 'lock held', 'locks held'],
  ['foregroundTasks', 'task left', 'tasks left'],
  ['requests', 'request unanswered', 'requests unanswered'],
];

/** `2 pinned pages, 1 lock held`. */
export function leftovers(quiescence: Quiescence): string {
  const parts = LEFT.filter(([key]) => quiescence[key] !== 0).map(([key, one, many]) => count(quiescence[key], one, many));
  return parts.length === 0 ? 'nothing is left, yet the check failed' : parts.join(', ');
}
