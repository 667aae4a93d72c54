/**
 * Goal: the scenarios of the history say of every design what exploration finds. Method: each loads; cells of the table are explored with a
 * small budget. The whole table is `apemu designs`.
 */
import { describe, expect, test } from 'vitest';
import { differences, exploreCell } from '../../src/campaign/design-cell.ts';
import { expectedKinds } from '../../src/scenario/expectation.ts';
import { historyNames, loadHistory } from '../../src/scenario/history.ts';
import { designNames } from '../../src/vfio-ap/locking/designs.ts';

/** For a cell where nothing is expected. */
const CLEAN_SCHEDULES = 25;
/** `exploreCell` gives what is expected ten times as many. */
const SCHEDULES = 150;
const SEED = 11;

const scenarios = historyNames()
  .map((name) => loadHistory(name, designNames()))
  .filter(({ zpci }) => zpci === undefined);

test('every thread about AP has scenarios, which are named for it and tell what they show', () => {
  expect([...new Set(scenarios.map(({ name }) => name.slice(0, 3)))]).toEqual(['000', '001', '002', '004']);
  for (const { name, text } of scenarios) {
    expect([name, text.startsWith('# ') && text.includes(`hread ${name.slice(0, 3)}`)]).toEqual([name, true]);
  }
});

test('the merged design is clean in all of them, and every other one fails in at least one', () => {
  const clean = designNames().filter((design) => scenarios.every((scenario) => expectedKinds(scenario.expect, design).length === 0));
  expect(clean).toEqual(['guests-lock']);
});

describe.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (name, { text, source, expect: said }) => {
  test.each(designNames())('comes out under %s as it says', async (design) => {
    const expected = expectedKinds(said, design);
    const unit = { scenario: { text, source }, design, quirks: null, strategy: 'portfolio', seed: SEED, searchSeed: SEED };
    const cell = await exploreCell({
      ...{ name, unit, expected },
      budget: { schedules: expected.length === 0 ? CLEAN_SCHEDULES : SCHEDULES },
    });
    expect(differences(cell)).toEqual([]);
  });
});
