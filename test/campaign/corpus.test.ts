/**
 * Goal: every case of the bug corpus is found by a campaign from its scenario, as what the scenario expects, and not in the corrected model.
 * Method: the default strategy; the corrected model is the scenario without its defects, or under the designs of which it expects nothing.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCampaign, type CampaignResult } from '../../src/campaign/campaign.ts';
import { DEFAULT_STRATEGY } from '../../src/explore/strategies/registry.ts';
import { expectedKinds } from '../../src/scenario/expectation.ts';
import { loadScenarioFile } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { ROOT } from '../tidy/tree.ts';

const FOLDER = join(ROOT, 'scenarios', 'corpus');
const BUDGET = 2000;
const CLEAN_BUDGET = 40;

const scenarios = readdirSync(FOLDER).map((file) => loadScenarioFile(join(FOLDER, file)));

function campaign({ text, source }: Scenario, design: string, more: { quirks?: readonly []; schedules: number }): Promise<CampaignResult> {
  const { quirks = null, schedules } = more;
  const search = { strategy: DEFAULT_STRATEGY, seed: 1, searchSeed: 1 };
  const unit = { scenario: { text, source }, design, quirks, ...search, wanted: 'all' as const, collect: false };
  return runCampaign({ unit, budget: { schedules }, workers: 1, confirm: 0 });
}

const kinds = ({ result }: CampaignResult): string[] => result.failures.map(({ finding }) => finding.kind);

test('the corpus is there', () => {
  expect(scenarios.length).toBeGreaterThanOrEqual(22);
});

describe.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (_name, scenario) => {
  test('is found', async () => {
    const found = await campaign(scenario, scenario.design, { schedules: BUDGET });
    expect(found.result.unstable).toEqual([]);
    expect(kinds(found)).toHaveLength(1);
    expect(expectedKinds(scenario.expect, scenario.design)).toContain(kinds(found)[0]);
  });

  test('is not there in the corrected model', async () => {
    if (scenario.quirks.length > 0) {
      expect(kinds(await campaign(scenario, scenario.design, { quirks: [], schedules: CLEAN_BUDGET }))).toEqual([]);
    }
    const corrected = Object.entries(scenario.expect.designs).filter(([, expected]) => expected.length === 0);
    for (const [design] of corrected) expect(kinds(await campaign(scenario, design, { schedules: CLEAN_BUDGET })), design).toEqual([]);
    expect(scenario.quirks.length + corrected.length).toBeGreaterThan(0);
  });
});
