/**
 * Goal: a scenario says whether the ultravisor of its host virtualizes adapter interruptions, and guests in Secure Execution behave accordingly.
 */
import { expect, test } from 'vitest';
import { loadScenario } from '../../src/scenario/load.ts';
import { ScenarioRun } from '../../src/scenario/run-scenario.ts';
import { scenarioText } from '../../src/scenario/scenario-text.ts';

const text = (host: string): string => `host: { ${host}adapters: [{ id: 5, type: CEX8C }], domains: [4], apmask: "-5", serviceScale: 0 }
mdevs: [{ name: m1, adapters: [5], domains: [4] }]
guests:
  - name: g1
    mdev: m1
    workload: { instructions: [${Array.from({ length: 40 }, () => 'aqic 05.0004').join(', ')}] }
events: [{ at: { op: 1 }, task: pv, do: pv-start, guest: g1, expect: ok }]
`;
const WITH = 'ultravisorAiv: true, ';

test('it does not unless the scenario says so, and is written as it was read', () => {
  expect(loadScenario(text(''), 't.yaml').host).not.toHaveProperty('ultravisorAiv');
  const scenario = loadScenario(text(WITH), 't.yaml');
  expect(scenario.host.ultravisorAiv).toBe(true);
  expect(loadScenario(scenarioText(scenario), 't.yaml').host).toEqual(scenario.host);
});

test('anything but true and false is refused with its place', () => {
  expect(() => loadScenario(text('ultravisorAiv: yes please, '), 't.yaml')).toThrow(/1:\d+: host\.ultravisorAiv/);
});

test.each([
  ['without it AQIC of a protected guest is an operation exception', '', 'aqic exception'],
  ['with it AQIC is done, and refused where the page is not shared', WITH, 'aqic 06'],
])('%s', async (_what, host, answer) => {
  const options = { design: 'guests-lock', seed: 1, runtime: 'controlled', mode: 'run', logger: { level: 'silent' } } as const;
  const run = new ScenarioRun({ ...options, scenario: loadScenario(text(host), 't.yaml') });
  const report = await run.start();
  expect(report.findings).toEqual([]);
  expect(report.guests[0]!.answers).toHaveProperty([answer]);
});
