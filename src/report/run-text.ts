/**
 * The report at the end of a run, as text: guests, events, who owns which queue, lock statistics, findings, what is left, verdict.
 * No kernel counterpart.
 */
import { codeLines, countedLines } from './code-text.ts';
import { findingLines } from './finding-text.ts';
import { hostLines } from './host-text.ts';
import { count, millis, seconds, WIDTH, wrapText } from './layout.ts';
import { PLAIN, type Paint } from './paint.ts';
import type { GuestReport, RunReport, StressReport } from '../scenario/run-report.ts';
import { tableLines, type Column } from './table.ts';
import { topologyLines } from './topology-text.ts';
import { INTERRUPTED, leftovers, type Verdict } from './verdict.ts';

const MOST_EVENTS = 40;
const MOST_LOCKS = 12;

const ENDINGS = { done: 'done', stuck: 'stuck', interrupted: 'interrupted', limit: 'limit reached', stopped: 'stopped' } as const;

export function runText(report: RunReport, verdict: Verdict, paint: Paint = PLAIN): string {
  const { command, scenario, design, quirks, runtime, seed } = report;
  const context = `design ${design}, ${quirks === undefined ? '' : `with ${quirks.join(', ')}, `}${runtime} runtime, seed ${seed}`;
  const head = `apemu ${command} ${scenario}: ${ENDINGS[report.outcome]} after ${seconds(report.durationMs)} (${context})`;
  const section = (title: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', paint.bold(title), ...lines]);
  const lines = [
    ...wrapText(head, '').map((line) => paint.bold(line)),
    ...section('Guests', guestLines(report.guests)),
    ...(report.host === undefined ? [] : section('Crypto users of the host', hostLines(report.host))),
    ...section('Events', eventLines(report, paint)),
    ...(report.stress === undefined ? [] : section('Churn', stressLines(report.stress))),
    ...section('Queues: adapters x domains, and who owns them', topologyLines(report.topology)),
    ...section('Locks', lockLines(report)),
    ...report.findings.flatMap((finding, i) =>
      section(`Finding ${i + 1} of ${report.findings.length}: ${finding.kind}`, findingLines(finding, context)),
    ),
    ...section('At rest', restLines(report)),
    '',
    ...lastLines(report, verdict, paint),
  ];
  return `${lines.join('\n')}\n`;
}

const right = (title: string): Column => ({ title, align: 'right' });

function guestLines(guests: readonly GuestReport[]): string[] {
  if (guests.length === 0) return ['  none'];
  const columns: Column[] = [
    { title: 'guest', elastic: true },
    { title: 'mdev', elastic: true },
    ...['vcpus', 'operations', 'retries', 'errors', 'p50 ms', 'p99 ms', 'stall ms'].map(right),
    { title: 'queues' },
  ];
  const table = tableLines(
    columns,
    guests.map((guest) => [
      guest.name,
      guest.mdev ?? '-',
      `${guest.vcpus}`,
      `${guest.operations}/${guest.expected}`,
      `${guest.retries}`,
      `${guest.errors}`,
      millis(guest.p50Ms),
      millis(guest.p99Ms),
      millis(guest.stallMs),
      // A handful says more than their number.
      guest.queues.length <= 4 ? guest.queues.join(' ') || '-' : `${guest.queues.length} queues`,
    ]),
  );
  return [...table, ...guests.flatMap((guest) => [...countedLines(guest.name, guest.answers ?? {}), ...codeLines(guest)])];
}

function eventLines({ events }: RunReport, paint: Paint): string[] {
  if (events.length === 0) return [];
  // Those that went wrong are shown first when there is no room for all.
  const shown = events.length <= MOST_EVENTS ? events : events.toSorted((a, b) => Number(a.ok) - Number(b.ok)).slice(0, MOST_EVENTS);
  const [title, ...rows] = tableLines(
    [right('time'), { title: 'task' }, { title: 'event', elastic: true }, { title: 'result' }, { title: 'expected' }],
    shown.map(({ t, task, what, result, expected }) => [seconds(t), task, what, result, expected ?? 'any']),
  );
  const lines = [title!, ...rows.map((row, i) => (shown[i]!.ok ? row : paint.bad(row)))];
  if (shown.length < events.length) lines.push(`  ... and ${events.length - shown.length} more; --json has all of them`);
  return lines;
}

function stressLines({ verbs, checks, steps }: StressReport): string[] {
  const done = Object.entries(verbs).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const figures = [`${count(checks, 'check')} of the invariants`, ...(steps === undefined ? [] : [count(steps, 'step')])];
  const rows = done.map(([verb, times]) => [verb, `${times}`]);
  return [...tableLines([{ title: 'verb', elastic: true }, right('times')], rows), `  ${figures.join(', ')}`];
}

function lockLines({ lockStat }: RunReport): string[] {
  if (lockStat.length === 0) return ['  no statistics'];
  const columns: Column[] = [
    { title: 'lock', elastic: true },
    { title: 'mode' },
    ...['acquired', 'contended', 'wait ms', 'longest', 'held ms', 'longest', 'queue'].map(right),
  ];
  const rows = lockStat
    .slice(0, MOST_LOCKS)
    .map((row) => [
      row.lock,
      row.mode,
      `${row.acquisitions}`,
      `${row.contentions}`,
      millis(row.waitMsTotal),
      millis(row.waitMsMax),
      millis(row.holdMsTotal),
      millis(row.holdMsMax),
      `${row.queueMax}`,
    ]);
  const lines = tableLines(columns, rows);
  if (lockStat.length > MOST_LOCKS) lines.push(`  ... and ${lockStat.length - MOST_LOCKS} more; --json has all of them`);
  return lines;
}

function restLines({ quiescence }: RunReport): string[] {
  if (quiescence === null) return ['  not checked: the run did not come to rest'];
  if (quiescence.clean) return ['  clean: no page pinned, no reference, no lock, no task, no request left'];
  return wrapText(leftovers(quiescence), '  ');
}

/** The very last line is the verdict; reasons that do not fit into it stand above it, one a line. */
function lastLines(report: RunReport, verdict: Verdict, paint: Paint): string[] {
  const done = report.guests.reduce((sum, guest) => sum + guest.operations, report.host?.operations ?? 0);
  const whose = `${count(report.guests.length, 'guest')}${report.host === undefined ? '' : ' and the host'}`;
  const figures = `${count(done, 'operation')} of ${whose} verified, ${count(report.findings.length, 'finding')}`;
  const reasons = verdict.reasons.filter((reason) => reason !== INTERRUPTED);
  const problems = reasons.join('; ');
  const listed = reasons.flatMap((reason) => wrapText(reason, '  - ', '    '));
  const fitting = (full: string, brief: string, above: readonly string[]): string[] => (full.length <= WIDTH ? [full] : [...above, brief]);
  if (report.outcome === 'interrupted') {
    const head = `interrupted: ${figures}`;
    return fitting(reasons.length === 0 ? head : `${head}; so far: ${problems}`, head, listed).map((line) => paint.bad(line));
  }
  if (!verdict.passed)
    return fitting(`FAILED: ${problems}`, `FAILED: ${count(reasons.length, 'reason')}, listed above`, listed).map((line) =>
      paint.bad(line),
    );
  const asExpected =
    verdict.expected.length === 0 ? '' : `, as the scenario expects of ${report.design} (${verdict.expected.join(' or ')})`;
  const head = `ok: ${figures}`;
  return fitting(`${head}${asExpected}`, `${head}, as expected`, []).map((line) => paint.good(line));
}
