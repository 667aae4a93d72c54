/**
 * Goal: crypto users of the host in a scenario file become what the machine is built from, are written back, shrink, and are refused with
 * a place where they make no sense.
 */
import { describe, expect, test } from 'vitest';
import { fewerHostUsers } from '../../src/scenario/host-workload.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { scenarioText } from '../../src/scenario/scenario-text.ts';
import { refusal } from './refusal.ts';

const text = (workload: string): string =>
  `host: { adapters: [{ id: 5, type: CEX8C }], domains: [4], serviceScale: 0, workload: ${workload} }\n`;
const load = (workload: string): Scenario => loadScenario(text(workload), 't.yaml');

const ALL = `{
  aes: { operations: 2, bytes: 32 }, hash: { operations: 3 }, random: { tasks: 2, operations: 4, bytes: 1 },
  rsa: { tasks: 3, operations: 5, bits: [1024], forms: [crt] } }`;

describe('the workload of the host', () => {
  test('is none unless the file says so', () => {
    expect(loadScenario('host: { adapters: [], domains: [] }\n', 't.yaml').host).not.toHaveProperty('workload');
  });

  test('has what a file can say of it, in one order', () => {
    expect(load(ALL).host.workload).toEqual([
      { kind: 'rsa', tasks: 3, operations: 5, bits: [1024], forms: ['crt'] },
      { kind: 'random', tasks: 2, operations: 4, bytes: 1 },
      { kind: 'hash', tasks: 1, operations: 3, bytes: 256 },
      { kind: 'aes', tasks: 1, operations: 2, bytes: 32 },
    ]);
    expect(load('{ rsa: { operations: 1 } }').host.workload).toEqual([
      { kind: 'rsa', tasks: 1, operations: 1, bits: [2048], forms: ['mex', 'crt'] },
    ]);
  });

  test.each([ALL, '{ rsa: { operations: 1 } }', '{ hash: { tasks: 64, operations: 1000000000, bytes: 8192 } }'])(
    'is written as it was read: %s',
    (workload) => {
      const scenario = load(workload);
      const again = loadScenario(scenarioText(scenario), 't.yaml');
      expect(again.host).toEqual(scenario.host);
      expect(scenarioText(again)).toBe(scenarioText(scenario));
    },
  );

  test('shrinks to fewer kinds, tasks and operations, down to none; every smaller scenario can be loaded', () => {
    const scenario = load(ALL);
    const candidates = [...fewerHostUsers(scenario)];
    for (const { scenario: smaller } of candidates) expect(loadScenario(scenarioText(smaller), 't.yaml').host).toEqual(smaller.host);
    const kinds = candidates.map(({ scenario: { host } }) => host.workload?.map(({ kind }) => kind).join(' '));
    expect(kinds).toContain('rsa random');
    expect(kinds).toContain('rsa random hash');
    expect(candidates.map(({ what }) => what)).toContain('users of the host: rsa, 2 of 3 tasks');
    expect(candidates.map(({ what }) => what)).toContain('users of the host: random, 3 of 4 operations');
    const [last] = [...fewerHostUsers(load('{ rsa: { operations: 1 } }'))];
    expect(last!.scenario.host).not.toHaveProperty('workload');
    expect([...fewerHostUsers(last!.scenario)]).toEqual([]);
  });
});

describe('is refused:', () => {
  test.each([
    ['no kind at all', '{}', 'host.workload', 'rsa, random, hash or aes, at least one of them'],
    ['a kind that is not there', '{ dh: { operations: 1 } }', 'host.workload', 'dh'],
    ['no operations', '{ rsa: { tasks: 2 } }', 'host.workload.rsa', 'the operations per task from 1'],
    ['too many tasks', '{ rsa: { tasks: 65, operations: 1 } }', 'host.workload.rsa.tasks', 'from 1 to 64'],
    ['keys that the pool has not', '{ rsa: { operations: 1, bits: [1000] } }', 'host.workload.rsa.bits[0]', 'a modulus size'],
    ['more bytes than a message has room for', '{ hash: { operations: 1, bytes: 8193 } }', 'host.workload.hash.bytes', 'from 1 to 8192'],
    ['a part of a block', '{ aes: { operations: 1, bytes: 24 } }', 'host.workload.aes.bytes', 'a multiple of 16 bytes'],
  ])('%s', (_what, workload, path, expected) => {
    const { message } = refusal(text(workload));
    expect(message).toContain(path);
    expect(message).toContain(expected);
    expect(message).toMatch(/t\.yaml:1:\d+/);
  });
});
