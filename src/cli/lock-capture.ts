/**
 * `apemu locks check` on what a kernel developer has at hand: a log with lockdep reports is redrawn and its cycle graded, a trace of lock
 * events becomes a lock program and is judged. No kernel counterpart.
 */
import type { CapturedReport, ReportKind } from '../locks/capture/captured-report.ts';
import { CaptureError, readCapture } from '../locks/capture/read-capture.ts';
import { checkPrograms, type CheckOptions } from '../locks/program/check.ts';
import type { ProgramVerdict } from '../locks/program/verdict.ts';
import { findingLines } from '../report/finding-text.ts';
import { UsageError } from './usage-error.ts';

/** A report that holds no cycle to judge again: it counts as the kernel said it. */
export interface CapturedVerdict {
  readonly name: string;
  readonly verdict: 'report';
  readonly type: ReportKind;
  readonly message: string;
}

export interface JudgedCapture {
  readonly verdicts: readonly ProgramVerdict[];
  readonly captured: readonly CapturedVerdict[];
  /** What stands before the verdicts: the reports redrawn, and what the text could not say. */
  readonly lines: readonly string[];
}

/** Throws UsageError when the text is neither a report nor a trace. */
export function judgeCapture(text: string, file: string, options: CheckOptions): JudgedCapture {
  try {
    const capture = readCapture(text, file);
    const notes = capture.notes.map((note) => `note: ${note}`);
    if (capture.kind === 'trace') return { verdicts: checkPrograms(capture.program, options), captured: [], lines: notes };
    const lines = capture.reports.flatMap(({ finding }) => [...findingLines(finding), '']);
    const verdicts: ProgramVerdict[] = [];
    const captured: CapturedVerdict[] = [];
    for (const [n, report] of capture.reports.entries()) {
      const name = `${file} report ${n + 1}`;
      const verdict = rejudge(report, name, options);
      if (verdict === null) captured.push({ name, verdict: 'report', type: report.report, message: report.finding.title });
      else verdicts.push(verdict);
    }
    return { verdicts, captured, lines: [...lines, ...notes] };
  } catch (error) {
    if (error instanceof CaptureError)
      throw new UsageError(`${file}: expected lock programs as JSON, a lockdep report or a lock trace: ${error.message}`);
    throw error;
  }
}

/** Null when there is no cycle, or it does not close by the rules here: then the kernel's word stands alone. */
function rejudge({ program }: CapturedReport, name: string, options: CheckOptions): ProgramVerdict | null {
  const judged = program === null ? undefined : checkPrograms(program, options)[0];
  return judged?.verdict === 'report' ? { ...judged, name } : null;
}
