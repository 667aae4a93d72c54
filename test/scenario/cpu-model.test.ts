/**
 * Goal: a scenario chooses what the host and the CPU model of a guest have of AP, is refused where that cannot be, is written as it was
 * read, and its guests behave accordingly.
 */
import { describe, expect, test } from 'vitest';
import { loadScenario } from '../../src/scenario/load.ts';
import { ScenarioRun } from '../../src/scenario/run-scenario.ts';
import type { RunReport } from '../../src/scenario/run-report.ts';
import { scenarioText } from '../../src/scenario/scenario-text.ts';
import { refusal } from './refusal.ts';

const HOST = `host: { adapters: [{ id: 5, type: CEX8C }], domains: [4], apmask: "-5", serviceScale: 0 }
mdevs: [{ name: m1, adapters: [5], domains: [4] }]
`;
const SMALL = HOST.replace('host: {', 'host: { apxa: false,');
const guest = (fields: string, host = HOST): string => `${host}guests: [{ name: g1, mdev: m1, ${fields} }]\n`;
const program = (cpu: string, ...instructions: string[]): string =>
  guest(`cpu: { ${cpu} }, workload: { instructions: [${instructions.join(', ')}] }`);

async function run(text: string): Promise<RunReport> {
  const options = { design: 'guests-lock', seed: 1, runtime: 'controlled', mode: 'run', logger: { level: 'silent' } } as const;
  return await new ScenarioRun({ ...options, scenario: loadScenario(text, 't.yaml') }).start();
}

describe('is read', () => {
  test('with everything on by default', () => {
    const { host } = loadScenario(guest('cpu: {}'), 't.yaml');
    expect(host).not.toHaveProperty('apxa');
    expect(host.guests[0]).toMatchObject({ apie: true });
    expect(host.guests[0]).not.toHaveProperty('cpu');
  });

  test('with the words that are off', () => {
    const { host } = loadScenario(guest('cpu: { ap: false, apqci: false, msa3: false }', SMALL), 't.yaml');
    expect(host.apxa).toBe(false);
    expect(host.guests[0]).toMatchObject({ apie: false, cpu: { apft: true, apqci: false, apqi: true, msa3: false } });
  });

  test.each(['cpu: { apft: false }', 'cpu: { ap: false }', 'cpu: { apqci: false, apqi: false, msa3: false }, vcpus: 2'])(
    'and written the same: %s',
    (fields) => {
      const scenario = loadScenario(guest(fields, SMALL), 't.yaml');
      const again = loadScenario(scenarioText(scenario), 't.yaml');
      expect(again.host).toEqual(scenario.host);
      expect(scenarioText(again)).toBe(scenarioText(scenario));
    },
  );
});

test.each([
  ['an unknown word', guest('cpu: { apx: false }'), /guests\[0\]\.cpu\.apx: expected one of the keys ap, apft, apqci, apqi, msa3/],
  ['a word that is neither on nor off', guest('cpu: { apft: maybe }'), /guests\[0\]\.cpu\.apft: expected true or false/],
  ['no map', guest('cpu: apft'), /guests\[0\]\.cpu: expected the CPU model: a map with ap, apft/],
  [
    'adapter 64 without APXA',
    SMALL.replace('id: 5', 'id: 64'),
    /host\.adapters\[0\]\.id: expected adapters from 0 to 63, as the host has no APXA, got 64/,
  ],
  [
    'a range up to adapter 64 without APXA',
    SMALL.replace('[{ id: 5, type', '[{ range: [5, 64], type'),
    /host\.adapters\[0\]\.range: expected adapters from 0 to 63, as the host has no APXA/,
  ],
  [
    'domain 16 without APXA',
    SMALL.replace('domains: [4], ap', 'domains: [4, 16], ap'),
    /host\.domains\[1\]: expected domains from 0 to 15/,
  ],
  [
    'control domain 16 without APXA',
    SMALL.replace('domains: [4], ap', 'domains: [4], controlDomains: [16], ap'),
    /host\.controlDomains\[0\]: expected domains from 0 to 15/,
  ],
  [
    'an event that plugs adapter 64 without APXA',
    `${SMALL}events: [{ task: a, do: host-config, plug: [{ id: 64, type: CEX8C }] }]\n`,
    /events\[0\]\.plug\[0\]: expected a number from 0 to 63, as the host has no APXA/,
  ],
  [
    'an event that adds domain 16 without APXA',
    `${SMALL}events: [{ task: a, do: host-config, domains: [4, 16] }]\n`,
    /events\[0\]\.domains\[1\]: expected a number from 0 to 15, as the host has no APXA/,
  ],
  [
    'a driver in a guest without apft',
    guest('cpu: { apft: false }, workload: { rsa: { operations: 1 } }'),
    /guests\[0\]\.workload: expected no workload .* its kernel cannot tell one card from another/,
  ],
  [
    'a driver in a guest without ap',
    guest('cpu: { ap: false }, workload: { rsa: { operations: 1 } }'),
    /guests\[0\]\.workload: expected no workload .*cpu: \{ ap: false \}/,
  ],
  ['PQAP without registers', program('', 'pqap 05.0004'), /guests\[0\]\.workload\.instructions\[0\]: expected an AP instruction/],
])('is refused with %s', (_what, text, message) => {
  expect(refusal(text).message).toMatch(message);
});

describe('runs', () => {
  test.each([
    ['with everything', '', ['qci expect 00', 'pqap 00800504 0 0 expect 00', 'aqic 05.0004 expect 00', 'pqap 03000504 0 0 expect 00']],
    ['without ap', 'ap: false', ['tapq 05.0004 expect exception', 'aqic 05.0004 expect exception', 'pqap 03000504 0 0 expect exception']],
    [
      'without apft',
      'apft: false',
      ['pqap 00800504 0 0 expect exception', 'pqap 00000504 0 0 expect 00', 'pqap 03800504 0 0 expect exception'],
    ],
    ['without apqci', 'apqci: false', ['qci expect exception', 'pqap 04000000 0 20000 expect exception', 'tapq 05.0004 expect 00']],
    ['without apqi', 'apqi: false', ['aqic 05.0004 expect exception', 'tapq 05.0004 expect 00']],
    ['without msa3', 'msa3: false', ['tapq 05.0004 expect 00', 'aqic 05.0004 expect 00', 'pqap 03004004 0 0 expect exception']],
  ])('%s', async (_what, cpu, instructions) => {
    const report = await run(program(cpu, ...instructions));
    expect(report).toMatchObject({ ok: true, findings: [] });
    expect(report.guests[0]).toMatchObject({ operations: instructions.length, errors: 0 });
  });

  test('a host without APXA serves a guest', async () => {
    const report = await run(guest('workload: { rsa: { operations: 3, bits: [1024] } }', SMALL));
    expect(report).toMatchObject({ ok: true, findings: [] });
    expect(report.guests[0]).toMatchObject({ operations: 3, errors: 0 });
  });

  test('a guest without apqi or apqci does its work by polling, in domains that it tries one by one', async () => {
    const report = await run(guest('cpu: { apqi: false, apqci: false }, workload: { rsa: { operations: 3, bits: [1024] } }'));
    expect(report).toMatchObject({ ok: true, findings: [] });
    expect(report.guests[0]).toMatchObject({ operations: 3, errors: 0 });
  });
});
