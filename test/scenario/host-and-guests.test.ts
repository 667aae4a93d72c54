/**
 * Goal: four guests and the host's own users get through whatever happens to the hardware: what a driver accepted ends once, every result is
 * verified, nothing is left, no checker has anything to say. Method: the scenario with its faults, and random churn with faults of every
 * kind, from seeds, under the controlled runtime; `apemu stress scenarios/host-and-guests.yaml --for 5m` is the long version of it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadScenario } from '../../src/scenario/load.ts';
import type { RunReport } from '../../src/scenario/run-report.ts';
import { ScenarioRun, type RunOptions } from '../../src/scenario/run-scenario.ts';
import { ROOT } from '../tidy/tree.ts';

const TEXT = readFileSync(join(ROOT, 'scenarios', 'host-and-guests.yaml'), 'utf8');
/** A tenth of the work. */
const LESS = TEXT.replaceAll('operations: 300', 'operations: 30').replaceAll('operations: 200', 'operations: 20');
const STEPS = 30_000;

async function run(more: Pick<RunOptions, 'mode' | 'runtime' | 'seed'> & { readonly steps?: number }): Promise<RunReport> {
  const scenario = loadScenario(LESS, 'host-and-guests.yaml');
  return await new ScenarioRun({ scenario, design: 'guests-lock', logger: { level: 'silent' }, ...more }).start();
}

const found = ({ findings }: RunReport): string[] => findings.map(({ title, notes = [] }) => [title, ...notes].join('; '));

describe.each(['live', 'controlled'] as const)('on the %s runtime', (runtime) => {
  test('all operations of guests and host are done and verified while hardware fails and comes back', async () => {
    const report = await run({ mode: 'run', runtime, seed: 1 });
    expect(found(report)).toEqual([]);
    expect(report.events.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.guests.map(({ operations }) => operations)).toEqual([40, 40, 40, 40]);
    expect(report.host).toMatchObject({ operations: 210, expected: 210, errors: 0 });
  });
});

test.each([1, 2, 3])('churn with faults at random leaves nothing behind and finds nothing, seed %i', async (seed) => {
  const report = await run({ mode: 'stress', runtime: 'controlled', seed, steps: STEPS });
  expect(found(report)).toEqual([]);
  expect(report.quiescence?.clean).toBe(true);
  expect(report.host!.operations).toBeGreaterThan(0);
  expect(Object.keys(report.stress!.verbs)).toEqual(expect.arrayContaining(['fault', 'online', 'restore host']));
});

test('the same churn is the same run', async () => {
  const [one, other] = [
    await run({ mode: 'stress', runtime: 'controlled', seed: 4, steps: 5000 }),
    await run({ mode: 'stress', runtime: 'controlled', seed: 4, steps: 5000 }),
  ];
  expect(one.host).toEqual(other.host);
  expect(one.stress).toEqual(other.stress);
});
