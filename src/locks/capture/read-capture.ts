/**
 * Reads what a kernel developer has at hand: a log with reports of lockdep or of khungtaskd, or a trace of the lock events. Judging is up
 * to others; here the text becomes data.
 */
import type { CapturedReport } from './captured-report.ts';
import { readTrace, type CapturedTrace } from './lock-trace.ts';
import { logLines } from './log-lines.ts';
import { readCycle } from './splat-cycle.ts';
import { readHung } from './splat-hung.ts';
import { readIrq } from './splat-irq.ts';
import { readMisuse } from './splat-misuse.ts';
import { scanSplats, type SplatText } from './splat-scan.ts';

export interface CapturedSplats {
  readonly kind: 'splat';
  /** In the order of the text. */
  readonly reports: readonly CapturedReport[];
  /** Reports that begin in the text but do not say enough. */
  readonly notes: readonly string[];
}

export type Capture = CapturedSplats | CapturedTrace;

/** The text is neither, or too damaged to say anything. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
}

/** `name` is what the program of a trace is called: the file, usually. */
export function readCapture(text: string, name = 'lock trace'): Capture {
  const splats = scanSplats(logLines(text));
  if (splats.length === 0) {
    const trace = readTrace(text, name);
    if (trace !== null) return trace;
    throw new CaptureError('expected a report of lockdep or of khungtaskd, or lines of the events lock:lock_*, found neither');
  }
  const reports: CapturedReport[] = [];
  const notes: string[] = [];
  for (const splat of splats) {
    const report = readSplat(splat);
    if (report !== null) reports.push(report);
    else notes.push(`a report (${splat.kind}) is cut off before it names its locks: ${splat.text(0)}`);
  }
  if (reports.length === 0) throw new CaptureError(`expected a whole report, got only its beginning: ${splats[0]!.text(0)}`);
  return { kind: 'splat', reports, notes };
}

function readSplat(splat: SplatText): CapturedReport | null {
  switch (splat.kind) {
    case 'circular':
    case 'recursive':
      return readCycle(splat);
    case 'inconsistent-state':
    case 'irq-order':
    case 'irq-inversion':
      return readIrq(splat);
    case 'hung-task':
      return readHung(splat);
    default:
      return readMisuse(splat);
  }
}
