/**
 * `apemu replay`: the schedule of a token or of a saved file once more, to its end or up to one of its steps. No kernel counterpart.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setEngineFlags } from '../campaign/engine-flags.ts';
import { programOf } from '../campaign/explore-unit.ts';
import { replay as replaySchedule, replayUntil, type ReplayOutcome } from '../campaign/replay.ts';
import { fromFile, fromToken, type Replayable } from '../campaign/replayable.ts';
import { readReplay, ReplayFileError } from '../explore/replay-file.ts';
import { TokenError } from '../explore/token.ts';
import { replayJson, replayText, stateJson, stateText, type ReplayReport } from '../report/replay-report.ts';
import { designOf, isDesignFile, loadDesign } from '../scenario/design-file.ts';
import { expectedKinds, isCorrected } from '../scenario/expectation.ts';
import { EMBEDDED, loadDefaultScenario, loadScenario, loadScenarioFile } from '../scenario/load.ts';
import { bootProblem } from '../scenario/scenario-program.ts';
import { designNames } from '../vfio-ap/locking/designs.ts';
import { QUIRK_NAMES } from '../vfio-ap/quirks.ts';
import type { CommandBody } from './command.ts';
import { EXIT_FOUND, EXIT_OK, EXIT_UNDECIDED } from './exit-code.ts';
import { STEPS } from './option-values.ts';
import { paintFor, writeOut, type Terminal } from './terminal.ts';
import { UsageError, wrongWord } from './usage-error.ts';

const WHERE = 'apemu replay';

export const replay: CommandBody = async (options, terminal) => {
  const [argument] = options.positionals;
  if (argument === undefined) throw new UsageError(`${WHERE}: expected a replay token or a file, got nothing`);
  const what = isToken(argument) ? tokenOf(argument) : fileOf(argument);
  const lenient = options.has('lenient');
  const until = options.get('until', STEPS);
  if (lenient && what.recording === null)
    throw new UsageError(`${WHERE}: --lenient: expected a file that explore --save has written, got a token, which names no steps`);
  if (lenient && until !== undefined) throw new UsageError(`${WHERE}: --lenient: expected it without --until, got both`);
  const { design, scenario } = what.unit;
  if (isDesignFile(design)) await loadDesign(design, dirname(scenario.source));
  const report = reportOn(what);
  setEngineFlags();
  const problem = await bootProblem(programOf(what.unit));
  if (problem !== null) throw new UsageError(`${what.unit.scenario.source}: ${problem.message}`);
  const json = options.has('json');
  if (until !== undefined) return await showState(report, until, { json, terminal });
  const outcome = await replaySchedule(what, { lenient });
  await writeOut(terminal.stdout, json ? replayJson(report, outcome) : replayText(report, outcome, paintFor(terminal)));
  return exitCode(report, outcome);
};

async function showState(report: ReplayReport, until: number, { json, terminal }: { json: boolean; terminal: Terminal }): Promise<number> {
  const state = await replayUntil(report.what, until);
  await writeOut(terminal.stdout, json ? stateJson(report, state) : stateText(report, state, paintFor(terminal)));
  return state.diverged === null ? EXIT_OK : EXIT_UNDECIDED;
}

/** Checks what a token or a file says of designs and defects: both may come from another version. */
function reportOn(what: Replayable): ReplayReport {
  const { scenario: file, design, quirks: chosen } = what.unit;
  const designs = designNames();
  const scenario = loadScenario(file.text, file.source, { designs });
  if (designOf(design) === undefined) throw wrongWord(WHERE, `a locking design (${designs.join(', ')})`, { word: design, known: designs });
  const quirks = chosen ?? scenario.quirks;
  const unknown = quirks.find((name) => !QUIRK_NAMES.includes(name));
  if (unknown !== undefined) throw wrongWord(WHERE, `a known defect (${QUIRK_NAMES.join(', ')})`, { word: unknown, known: QUIRK_NAMES });
  return { what, quirks, expected: expectedKinds(scenario.expect, design, isCorrected(scenario.quirks, quirks)) };
}

const isToken = (argument: string): boolean => /^apemu\d+\./.test(argument.trim());

function tokenOf(token: string): Replayable {
  const read = (source: string): string => (source === EMBEDDED ? loadDefaultScenario() : loadScenarioFile(source)).text;
  try {
    return fromToken(token, read);
  } catch (error) {
    if (error instanceof TokenError) throw new UsageError(`${WHERE}: ${error.message}`);
    throw error;
  }
}

function fileOf(path: string): Replayable {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${WHERE}: expected a replay token or a readable file, got ${(error as Error).message}`);
  }
  try {
    return fromFile(readReplay(text));
  } catch (error) {
    if (error instanceof ReplayFileError || error instanceof TypeError) throw new UsageError(`${WHERE}: ${path}: ${error.message}`);
    throw error;
  }
}

function exitCode({ expected, what }: ReplayReport, { verdict }: ReplayOutcome): number {
  if (verdict !== 'reproduced') return EXIT_UNDECIDED;
  return expected.includes(what.kind as (typeof expected)[number]) ? EXIT_OK : EXIT_FOUND;
}
