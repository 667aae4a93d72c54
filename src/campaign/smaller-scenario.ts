/**
 * The scenario of a campaign with everything left out that a failure does not need, and the failing schedule of what is left.
 * No kernel counterpart.
 */
import { basename, extname } from 'node:path';
import { MAX_STEPS } from '../explore/explorer.ts';
import type { FailingSchedule } from '../explore/result.ts';
import { asFailing } from '../explore/shrink-schedule.ts';
import { shrinkWorkload } from '../explore/shrink-workload.ts';
import { DEFAULT_STRATEGY, strategyByName } from '../explore/strategies/registry.ts';
import { loadScenario } from '../scenario/load.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { scenarioProgram } from '../scenario/scenario-program.ts';
import { ScenarioShrinker } from '../scenario/scenario-shrinker.ts';
import { figuresOf, type ScenarioFigures } from '../scenario/scenario-figures.ts';
import type { ReplayUnit } from './replayable.ts';
import { asGraded } from './shrunk.ts';

export interface SmallerScenario {
  /** The same with another scenario, whose source is the name of a file that is not there yet. */
  readonly unit: ReplayUnit;
  readonly failure: FailingSchedule;
  readonly figures: ScenarioFigures;
  /** Of the scenario that it was made from. */
  readonly from: ScenarioFigures;
  /** What was left out, in that order; empty: everything is needed. */
  readonly dropped: readonly string[];
  /** Executions that this took. */
  readonly executions: number;
}

/** Schedules to be searched for each candidate, after the known one was tried on it. */
const PER_CANDIDATE = 100;

/** Null when the schedule does not fail by itself, as with a lock order that several executions have taught together. */
export async function smallerScenario(
  unit: ReplayUnit,
  failing: FailingSchedule,
  interrupted: () => boolean,
): Promise<SmallerScenario | null> {
  const { scenario: file, design, quirks, seed, wanted } = unit;
  const scenario: Scenario = { ...loadScenario(file.text, file.source), design };
  const shrinker = new ScenarioShrinker({
    ...{ scenario, finding: failing.finding, source: smallerSource(file.source) },
    programOf: (smaller) => scenarioProgram(smaller, { design, seed, ...(quirks === null ? {} : { quirks }) }),
  });
  const settings = { seed, maxSteps: MAX_STEPS, maps: wanted !== 'lockdep' };
  const options = { ...settings, search: strategyByName(DEFAULT_STRATEGY)!, perCandidate: PER_CANDIDATE, interrupted };
  const found = await shrinkWorkload(shrinker, { program: shrinker.start, failing }, options);
  if (found === null) return null;
  const { program, shrunk, dropped, executions } = found;
  const left = shrinker.scenarioOf(program);
  return {
    unit: { ...unit, scenario: { text: left.text, source: left.source } },
    failure: asGraded(failing, asFailing(failing, shrunk)),
    figures: figuresOf(left),
    from: figuresOf(scenario),
    ...{ dropped, executions },
  };
}

/** `three.yaml`, also of another folder: `three.smaller.yaml`. */
function smallerSource(source: string): string {
  const name = basename(source, extname(source)).replaceAll(/[<>]/g, '');
  return `${name}.smaller.yaml`;
}
