/**
 * `apemu locks check FILE`: judges lock programs, by the product's own rules or as Linux lockdep would. No kernel counterpart.
 */
import { readFileSync } from 'node:fs';
import { judgeCapture } from './lock-capture.ts';
import { checkPrograms } from '../locks/program/check.ts';
import type { ProgramVerdict, Report } from '../locks/program/verdict.ts';
import { count } from '../report/layout.ts';
import type { Paint } from '../report/paint.ts';
import type { CommandBody } from './command.ts';
import { EXIT_FOUND, EXIT_OK, EXIT_USAGE } from './exit-code.ts';
import { paintFor, writeOut } from './terminal.ts';
import { UsageError, wrongWord } from './usage-error.ts';

export const locks: CommandBody = async (options, terminal) => {
  const [verb, file] = options.positionals;
  if (verb !== 'check')
    throw verb === undefined ? new UsageError(NO_VERB) : wrongWord('apemu locks', 'check', { word: verb, known: ['check'] });
  if (file === undefined) throw new UsageError('apemu locks check: expected a file with lock programs, got nothing');
  const text = readText(file);
  const check = { strict: options.has('strict') };
  // Programs are JSON; anything else is what a kernel wrote.
  const judged =
    /^\s*[[{]/.test(text) && !/^\s*\[\s*\d+\.\d+\]/.test(text)
      ? { verdicts: checkPrograms(parse(text, file), check), captured: [], lines: [] }
      : judgeCapture(text, file, check);
  const { verdicts, captured, lines } = judged;
  const told = lines.map((line) => `${line}\n`).join('');
  const out = options.has('json')
    ? `${JSON.stringify([...verdicts, ...captured], null, 2)}\n`
    : told + verdictText(verdicts, captured.length, paintFor(terminal));
  await writeOut(terminal.stdout, out);
  return captured.length > 0 && exitCode(verdicts) === EXIT_OK ? EXIT_FOUND : exitCode(verdicts);
};

const NO_VERB = 'apemu locks: expected check FILE, got nothing';

/** An error outranks a report: what was not judged may hide anything. */
function exitCode(verdicts: readonly ProgramVerdict[]): number {
  if (verdicts.some(({ verdict }) => verdict === 'error')) return EXIT_USAGE;
  return verdicts.some(({ verdict }) => verdict === 'report') ? EXIT_FOUND : EXIT_OK;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: expected a readable file with lock programs, got ${(error as Error).message}`);
  }
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The message quotes the text, line ends included.
    throw new UsageError(`${file}: expected lock programs as JSON, got ${(error as Error).message.replaceAll(/\s+/g, ' ')}`);
  }
}

/** One line a program; under a report what was found, each dependency with the operation that showed it. */
function verdictText(verdicts: readonly ProgramVerdict[], captured: number, paint: Paint): string {
  const tally = { ok: 0, report: 0, error: 0 };
  const lines: string[] = [];
  for (const verdict of verdicts) {
    tally[verdict.verdict]++;
    lines.push(...verdictLines(verdict, paint));
  }
  if (captured > 0) lines.push(`${count(captured, 'report')} without a cycle to judge again`);
  const total = count(verdicts.length, 'program');
  lines.push(`${total}: ${tally.ok} ok, ${count(tally.report, 'report')}, ${count(tally.error, 'error')}`);
  return `${lines.join('\n')}\n`;
}

function verdictLines({ name, verdict, error, grade, guards, reports }: ProgramVerdict, paint: Paint): string[] {
  if (verdict === 'ok') return [`${name}: ${paint.good('ok')}`];
  if (verdict === 'error') return [`${paint.bad('error')}: ${error!.message}`];
  const by = guards === undefined ? '' : ` by ${guards.join(', ')}`;
  const [first, ...rest] = reports!;
  const head = `${name}: ${paint.bad('report')} at op ${first!.atOp}, ${headline(first!)}${grade === undefined ? '' : ` [${grade}${by}]`}`;
  const more = rest.flatMap((report) => [`  also at op ${report.atOp}, ${headline(report)}`, ...detailLines(report, paint)]);
  return [head, ...detailLines(first!, paint), ...more];
}

const headline = ({ type, cycle }: Report): string => `${type}${cycle === undefined ? '' : `: ${[...cycle, cycle[0]!].join(' -> ')}`}`;

function detailLines({ message, dependencies }: Report, paint: Paint): string[] {
  if (dependencies === undefined) return [`  ${message}`];
  return dependencies.map(({ from, to, fromMode, toMode, op, task }) => {
    return paint.faint(`  ${from} -> ${to}: op ${op}, task ${task} holds ${from} (${fromMode}) and asks for ${to} (${toMode})`);
  });
}
