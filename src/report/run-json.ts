/**
 * The report of a run as JSON: the fields that scripts rely on, in a fixed order. No kernel counterpart.
 */
import { apqnText } from '../base/apqn.ts';
import type { RunReport } from '../scenario/run-report.ts';
import type { Verdict } from './verdict.ts';

/** One document and a newline. Times are milliseconds with microseconds as fraction; a figure that does not exist is null. */
export function runJson(report: RunReport, verdict: Verdict): string {
  const { command, ok, outcome, scenario, design, quirks = [], runtime, seed, durationMs } = report;
  const { passed, expected, reasons } = verdict;
  const document = {
    command,
    ok,
    outcome,
    verdict: { passed, expected, reasons },
    scenario,
    design,
    quirks,
    runtime,
    seed,
    durationMs,
    guests: report.guests.map(({ name, operations, retries, errors, p50Ms, p99Ms, ...more }) => {
      return { name, operations, retries, errors, p50Ms, p99Ms, ...more };
    }),
    ...(report.host === undefined ? {} : { host: report.host }),
    events: report.events,
    topology: {
      adapters: report.topology.adapters,
      domains: report.topology.domains,
      queues: report.topology.cells.map(({ apqn, owner }) => ({ queue: apqnText(apqn), apqn, owner })),
    },
    lockStat: report.lockStat,
    findings: report.findings,
    quiescence: report.quiescence,
    ...(report.stress === undefined ? {} : { stress: report.stress }),
    ...(report.faults === undefined ? {} : { faults: report.faults }),
  };
  return `${JSON.stringify(document, rounded, 2)}\n`;
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Math.round(value * 1000) / 1000 : value;
}
