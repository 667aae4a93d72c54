/**
 * What exploration says of a design in each scenario of the history: all that is expected, searched until it is found; a proof where nothing is.
 */
import { exploreUnit } from '../../src/campaign/explore-unit.ts';
import type { CampaignUnit } from '../../src/campaign/unit.ts';
import type { ExploreResult, FailingSchedule } from '../../src/explore/result.ts';
import { DEFAULT_STRATEGY } from '../../src/explore/strategies/registry.ts';
import type { FindingKind } from '../../src/locks/finding.ts';
import { expectedKinds } from '../../src/scenario/expectation.ts';
import { historyNames, loadHistory } from '../../src/scenario/history.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { designNames } from '../../src/vfio-ap/locking/designs.ts';
import { zpciDesignNames } from '../../src/zpci/locking/designs.ts';

export const SEED = 1;
/** Explores every trace, once: for scenarios in which nothing is expected. */
export const PROOF = 'dpor';
/** Most scenarios need fewer for that. */
export const PROOF_SCHEDULES = 1000;
/** What is expected is met in one of a thousand schedules, or the scenario would not say so. */
const SEARCH_SCHEDULES = 3000;

export interface HistoryCell {
  readonly scenario: Scenario;
  readonly unit: CampaignUnit;
  readonly expected: readonly FindingKind[];
  readonly result: ExploreResult;
}

/** What a scenario says of itself is checked by its own test; here it only tells how long to search. */
export async function historyCells(design: string): Promise<HistoryCell[]> {
  const forPci = zpciDesignNames().includes(design);
  const scenarios = historyNames().map((name) => loadHistory(name, designNames()));
  const cells: HistoryCell[] = [];
  for (const scenario of scenarios) if ((scenario.zpci !== undefined) === forPci) cells.push(await cellOf(scenario, design));
  return cells;
}

async function cellOf(scenario: Scenario, design: string): Promise<HistoryCell> {
  const { name, text, source, expect } = scenario;
  const expected = expectedKinds(expect, design);
  const strategy = expected.length === 0 ? PROOF : DEFAULT_STRATEGY;
  const seeds = { seed: SEED, searchSeed: SEED };
  const unit = { scenario: { text, source }, design, quirks: null, strategy, ...seeds, wanted: 'all', collect: true } as const;
  const budget = { schedules: expected.length === 0 ? PROOF_SCHEDULES : SEARCH_SCHEDULES };
  const { result } = await exploreUnit(unit, budget, { enough: (failures) => expected.every((kind) => kindsOf(failures).includes(kind)) });
  if (result.unstable.length > 0) throw new Error(`${name} under ${design}: ${result.unstable.join('; ')}`);
  return { scenario, unit, expected, result };
}

/** Each once, in the order in which they were found. */
export const kindsOf = (failures: readonly FailingSchedule[]): FindingKind[] => [...new Set(failures.map(({ finding }) => finding.kind))];
