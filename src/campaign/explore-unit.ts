/**
 * Explores a unit, or a batch of it, in this thread. No kernel counterpart.
 */
import { dirname } from 'node:path';
import { Explorer, MAX_STEPS, type Budget, type Progress } from '../explore/explorer.ts';
import type { Program } from '../explore/program.ts';
import type { ExploreResult, FailingSchedule, Seen } from '../explore/result.ts';
import { strategyByName } from '../explore/strategies/registry.ts';
import { isDesignFile, loadDesign } from '../scenario/design-file.ts';
import { loadScenario } from '../scenario/load.ts';
import { scenarioProgram } from '../scenario/scenario-program.ts';
import { counts, type CampaignUnit } from './unit.ts';

export interface Hooks {
  readonly onProgress?: (progress: Progress) => void;
  /** Asked between executions: true ends the exploration. */
  readonly interrupted?: () => boolean;
  /** Asked after a finding where findings are collected; true ends the exploration. Not asked of threads. */
  readonly enough?: (failures: readonly FailingSchedule[]) => boolean;
}

/** Plain data: it passes between threads. */
export interface UnitResult {
  readonly result: ExploreResult;
  readonly seen: Seen;
}

/** Share of the clean executions that are made twice: a program that comes out otherwise is not under control. */
const RECHECK = 0.01;

/** RangeError when there is no such design or strategy. */
export async function exploreUnit(unit: CampaignUnit, budget: Budget, hooks: Hooks = {}): Promise<UnitResult> {
  const factory = strategyByName(unit.strategy);
  if (factory === null) throw new RangeError(`expected the name of a strategy, got ${unit.strategy}`);
  // A thread of its own knows no design files but those that it has loaded itself.
  if (isDesignFile(unit.design)) await loadDesign(unit.design, dirname(unit.scenario.source));
  const { seed, searchSeed, wanted, collect } = unit;
  const search = factory({ seed: searchSeed, maxSteps: MAX_STEPS });
  const explorer = new Explorer({
    ...{ program: programOf(unit), search, seed, budget, collect, counts: counts(wanted), maps: wanted !== 'lockdep', recheck: RECHECK },
    ...hooks,
  });
  const result = await explorer.explore();
  return { result, seen: explorer.seen };
}

export type ProgramParts = Pick<CampaignUnit, 'scenario' | 'design' | 'quirks' | 'seed'>;

let lastKey = '';
let lastProgram: Program | null = null;

/** The program that a unit means. Batches of one campaign share what executions may share: a program keeps results of its cards. */
export function programOf({ scenario, design, quirks, seed }: ProgramParts): Program {
  const key = JSON.stringify([scenario, design, quirks, seed]);
  if (lastProgram === null || key !== lastKey) {
    lastProgram = scenarioProgram(loadScenario(scenario.text, scenario.source), { design, seed, ...(quirks === null ? {} : { quirks }) });
    lastKey = key;
  }
  return lastProgram;
}
