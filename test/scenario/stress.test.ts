/**
 * Goal: a stress run is about guests at work: whatever the scenario, its churn goes on as long as was asked for, every guest gets work done,
 * and nothing is found. Method: short runs of scenarios that come with apemu, without the defects that they are about.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadDefaultScenario, loadScenario, loadScenarioFile } from '../../src/scenario/load.ts';
import type { RunReport } from '../../src/scenario/run-report.ts';
import { ScenarioRun, type RunOptions } from '../../src/scenario/run-scenario.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { ROOT } from '../tidy/tree.ts';

async function stress(scenario: Scenario, options: Partial<RunOptions> = {}): Promise<RunReport> {
  const defaults = { design: 'guests-lock', seed: 1, runtime: 'controlled', mode: 'stress', quirks: [] } as const;
  return await new ScenarioRun({ ...defaults, scenario, logger: { level: 'silent' }, ...options }).start();
}

const file = (...path: string[]): Scenario => loadScenarioFile(join(ROOT, 'scenarios', ...path));

const SCENARIOS: readonly (readonly [string, () => Scenario])[] = [
  ['the default one', loadDefaultScenario],
  ['a nested guest', () => file('nested.yaml')],
  ['bare instructions', () => file('corpus', '20-siblings-not-reset.yaml')],
];

function expectClean({ findings, quiescence, guests }: RunReport): void {
  expect(findings.map(({ title }) => title)).toEqual([]);
  expect(quiescence).toMatchObject({ clean: true });
  for (const { name, operations, errors } of guests) expect([name, operations > 0, errors]).toEqual([name, true, 0]);
}

describe.each(SCENARIOS)('stress of %s', (_name, load) => {
  test('goes on for as many steps, and every guest works', async () => {
    const report = await stress(load(), { steps: 12_000 });
    expectClean(report);
    expect(report.stress!.steps).toBeGreaterThan(12_000);
  });

  test('goes on for as long as its pauses add up, however the clock of a random walk jumps', async () => {
    const report = await stress(load(), { limitMs: 120 });
    expectClean(report);
    // Each of five tasks pauses for less than 6 ms between two verbs.
    const verbs = Object.values(report.stress!.verbs).reduce((sum, count) => sum + count, 0);
    expect(verbs).toBeGreaterThan(50);
  });
});

const WORK =
  'workload: { instructions: [qci expect 00, sie expect wait] }, nested: { instructions: [qci expect 00, tapq 05.0004 expect 00] }';
const HOST = 'host: { adapters: [{ id: 5, type: CEX8C }], domains: [4], apmask: "-5", serviceScale: 0 }';

test('what a scenario expects of instructions, nested ones included, does not hold in the middle of a churn', async () => {
  const scenario = loadScenario(
    `${HOST}\nmdevs: [{ name: m1, adapters: [5], domains: [4] }]\nguests: [{ name: g, mdev: m1, ${WORK} }]`,
    'g.yaml',
  );
  for (const seed of [1, 2, 3]) {
    const report = await stress(scenario, { steps: 8000, seed });
    expectClean(report);
    // There was something else than what they expect.
    expect(Object.keys(report.guests[0]!.answers!)).toEqual(expect.arrayContaining(['nested tapq 01']));
  }
});

test.each([
  ['a host without anything', 'host: { adapters: [], domains: [] }'],
  ['cards and nobody who wants them', HOST],
  ['mdevs without guests', `${HOST}\nmdevs: [{ name: m1, adapters: [5], domains: [4] }]`],
  ['guests without mdevs', `${HOST}\nguests: [{ name: g }]`],
  ['places that may fail', `${HOST}\nmdevs: [{ name: m1, adapters: [5], domains: [4] }]\nfaults: [probe-allocation]`],
])('%s can be stressed, too', async (_what, text) => {
  const report = await stress(loadScenario(text, 'small.yaml'), { steps: 4000 });
  expect(report).toMatchObject({ findings: [], outcome: 'done', quiescence: { clean: true } });
});

test('a removal ends although its guest has taken back the eventfd that asks for the device', async () => {
  const scenario = loadScenario(
    `${HOST}\nmdevs: [{ name: m1, adapters: [5], domains: [4] }]\nguests: [{ name: g, mdev: m1, workload: { instructions: [tapq 05.0004] } }]`,
    'g.yaml',
  );
  const log: string[] = [];
  const destination = { write: (line: string): void => void log.push(line) };
  const said = (): boolean => log.some((line) => line.includes('the task is blocked until it is released'));
  // Not in each run does a removal meet somebody who has the device open for so long.
  for (let seed = 1; seed <= 8 && !said(); seed++)
    expectClean(await stress(scenario, { steps: 20_000, seed, logger: { level: 'warn', destination } }));
  expect(said()).toBe(true);
});
