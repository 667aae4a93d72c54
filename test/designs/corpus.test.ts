/**
 * Goal: the cases of the bug corpus that a locking design stands for are found under that design, and not under those that do better.
 * Method: random walks of each scenario, until every kind that it expects has been found; some where it expects a clean run.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadScenarioFile } from '../../src/scenario/load.ts';
import { ScenarioRun } from '../../src/scenario/run-scenario.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { designNames } from '../../src/vfio-ap/locking/designs.ts';
import { ROOT } from '../tidy/tree.ts';

const FOLDER = join(ROOT, 'scenarios', 'corpus');
const SEEDS = 600;
const CLEAN_SEEDS = 15;

const scenarios = readdirSync(FOLDER)
  .map((file) => loadScenarioFile(join(FOLDER, file), { designs: designNames() }))
  .filter(({ quirks }) => quirks.length === 0)
  .map((scenario) => [scenario.name, scenario] as const);

/** Every kind found in walks from the seed 1 on; they end when all that are looked for have been found. */
async function kindsFound(scenario: Scenario, design: string, looksFor: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (let seed = 1; seed <= (looksFor.length === 0 ? CLEAN_SEEDS : SEEDS); seed++) {
    const options = { scenario, design, seed, runtime: 'controlled', mode: 'run', logger: { level: 'silent' } } as const;
    const { findings, ok, outcome } = await new ScenarioRun(options).start();
    for (const { kind } of findings) found.add(kind);
    if (!ok && findings.length === 0) throw new Error(`seed ${seed}: the run ended as ${outcome}, not ok, without a finding`);
    if (looksFor.length > 0 && looksFor.every((kind) => found.has(kind))) break;
  }
  return found;
}

test('the corpus has a scenario for each case that a design stands for', () => {
  expect(scenarios.map(([name]) => Number(name.slice(0, 2)))).toEqual([1, 2, 3, 4, 5, 7, 9, 25, 26]);
});

describe.each(scenarios)('%s', (_name, scenario) => {
  const verdicts = Object.entries({ [scenario.design]: scenario.expect.verdict, ...scenario.expect.designs });
  test.each(verdicts)('comes out under %s as it expects', async (design, kinds) => {
    expect([...(await kindsFound(scenario, design, kinds))].toSorted()).toEqual([...kinds].toSorted());
  });
});
