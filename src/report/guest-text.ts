/**
 * The report of `apemu guest`: one program and what came of it, then whatever went wrong on the host around it. No kernel counterpart.
 */
import type { CodeReport } from '../guest/guest-program.ts';
import type { FindingKind } from '../locks/finding.ts';
import type { GuestReport, RunReport } from '../scenario/run-report.ts';
import { codeLine, countedLines } from './code-text.ts';
import { findingLines } from './finding-text.ts';
import { seconds, wrapText } from './layout.ts';
import { PLAIN, type Paint } from './paint.ts';
import { runJson } from './run-json.ts';
import { judge, type Verdict } from './verdict.ts';

/** The guest that ran the program. */
export interface GuestSession {
  readonly report: RunReport;
  readonly verdict: Verdict;
  /** Of what happened around the program, whatever came of it. */
  readonly around: Verdict;
  readonly guest: GuestReport & { readonly code: CodeReport };
}

/** The verdict on a run, and on what is left of it without the program of this guest. */
export function verdictsOf(report: RunReport, name: string, expected: readonly FindingKind[]): Pick<GuestSession, 'verdict' | 'around'> {
  const guests = report.guests.map((guest) => (guest.name === name ? { ...guest, errors: 0, expected: guest.operations } : guest));
  const findings = othersOf(report, name);
  // Whatever else was not right is told by its own reason.
  return { verdict: judge(report, expected), around: judge({ ...report, ok: true, guests, findings }, expected) };
}

/** Findings besides that the program has failed, which the last line tells. */
const othersOf = ({ findings }: RunReport, name: string): RunReport['findings'] =>
  findings.filter(({ kind, tasks }) => kind !== 'guest-error' || !tasks.includes(name));

/** The last line is what a script may look for: `passed`, `failed`, `skipped` or `open`, and why. */
export function guestText({ report, verdict, around, guest }: GuestSession, paint: Paint = PLAIN): string {
  const { design, quirks, runtime, seed, durationMs } = report;
  const { code } = guest;
  const context = `design ${design}, ${quirks === undefined ? '' : `with ${quirks.join(', ')}, `}${runtime} runtime, seed ${seed}`;
  const others = othersOf(report, guest.name);
  const last = codeLine(code);
  const lines = [
    ...others.flatMap((finding, i) => [
      paint.bold(`Finding ${i + 1} of ${others.length}: ${finding.kind}`),
      ...findingLines(finding, context),
      '',
    ]),
    ...wrapText(`apemu guest ${report.scenario}/${guest.name}: ${seconds(durationMs)} (${context})`, ''),
    ...countedLines('AP instructions', guest.answers ?? {}),
    ...countedLines('interruptions', code.interruptions),
    ...countedLines('not provided', code.unimplemented),
    ...around.reasons.flatMap((reason) => wrapText(reason, '  - ', '    ')),
    code.result === 'passed' && verdict.passed ? paint.good(last) : code.result === 'skipped' ? paint.bold(last) : paint.bad(last),
  ];
  return `${lines.join('\n')}\n`;
}

/** The report of the run, with the guest that is meant by name. */
export function guestJson({ report, verdict, guest }: GuestSession): string {
  const { code, answers = {} } = guest;
  const head = { guest: guest.name, ...code, apInstructions: answers };
  return `${JSON.stringify({ ...head, run: JSON.parse(runJson(report, verdict)) as unknown }, null, 2)}\n`;
}
