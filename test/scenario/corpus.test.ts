/**
 * Goal: every case of the bug corpus that a known defect stands for is found with the defect and not without it.
 * Method: random walks of its scenario, until one finds what the scenario expects; and some without the defect.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectedKinds } from '../../src/scenario/expectation.ts';
import { loadScenarioFile } from '../../src/scenario/load.ts';
import { firstFindings } from '../helpers/schedules.ts';
import { ROOT } from '../tidy/tree.ts';

const FOLDER = join(ROOT, 'scenarios', 'corpus');
/** A window of two steps is met by one random walk in a hundred or so; an engine that aims is much better. */
const SEEDS = 1000;
const CLEAN_SEEDS = 15;

const scenarios = readdirSync(FOLDER)
  .map((file) => loadScenarioFile(join(FOLDER, file)))
  .filter(({ quirks }) => quirks.length > 0)
  .map((scenario) => [scenario.name, scenario] as const);

test('the corpus has a scenario for each case that a defect stands for', () => {
  const cases = scenarios.map(([name]) => Number(name.slice(0, 2)));
  expect(cases).toEqual(expect.arrayContaining([10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 21, 22, 24, 32]));
});

describe.each(scenarios)('%s', (_name, scenario) => {
  test('is found with its defect, as what the scenario expects', async () => {
    const findings = await firstFindings(scenario, scenario.quirks, SEEDS);
    expect(findings).not.toEqual([]);
    const expected = expectedKinds(scenario.expect, scenario.design);
    expect(findings.filter(({ kind }) => !expected.includes(kind))).toEqual([]);
  });

  test('is clean without it', async () => {
    expect(await firstFindings(scenario, [], CLEAN_SEEDS)).toEqual([]);
  });
});

test('what a scenario expects because of its defects is not expected of a run without them', () => {
  const expectation = { verdict: ['invariant'], designs: { other: ['deadlock'] } } as const;
  expect(expectedKinds(expectation, 'guests-lock')).toEqual(['invariant']);
  expect(expectedKinds(expectation, 'guests-lock', true)).toEqual([]);
  expect(expectedKinds(expectation, 'other', true)).toEqual(['deadlock']);
});
