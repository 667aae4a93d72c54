/**
 * Judges lock programs: Linux lockdep's verdict (strict) or the product's own with a grade. No kernel counterpart.
 */
import { gradeProgram } from './grade.ts';
import { judge } from './judge.ts';
import type { LockProgram } from './lock-program.ts';
import { parsePrograms } from './parse.ts';
import { strictReport } from './strict.ts';
import type { ProgramVerdict } from './verdict.ts';

export interface CheckOptions {
  /** Linux lockdep's verdict. */
  readonly strict: boolean;
}

/** One verdict for each program of the parsed JSON. */
export function checkPrograms(json: unknown, options: CheckOptions): ProgramVerdict[] {
  return parsePrograms(json).map(({ name, program, error }) => {
    if (program === null) return { name, verdict: 'error', error: error! };
    return options.strict ? strictVerdict(program) : ownVerdict(program);
  });
}

function strictVerdict(program: LockProgram): ProgramVerdict {
  const { name } = program;
  const report = strictReport(program);
  if (report === null) return { name, verdict: 'ok' };
  const { atOp, type, cycle } = report;
  return { name, verdict: 'report', atOp, type, ...(cycle === undefined ? {} : { cycle }), reports: [report] };
}

function ownVerdict(program: LockProgram): ProgramVerdict {
  const { name } = program;
  const reports = judge(program);
  const first = reports[0];
  if (first === undefined) return { name, verdict: 'ok' };
  const { atOp, type, cycle } = first;
  if (cycle === undefined) return { name, verdict: 'report', atOp, type, reports };
  const { grade, guards } = gradeProgram(program);
  return { name, verdict: 'report', atOp, type, grade, cycle, ...(guards.length === 0 ? {} : { guards }), reports };
}
