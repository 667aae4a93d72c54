/**
 * Goal: a nested guest of a scenario file becomes what the machine is built from, is written back, shrinks, and is refused with a place
 * where it cannot be.
 */
import { describe, expect, test } from 'vitest';
import type { GuestSpec } from '../../src/machine/host-spec.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { scenarioText } from '../../src/scenario/scenario-text.ts';
import { withoutNested } from '../../src/scenario/smaller-guests.ts';
import { scenarioText as small } from '../campaign/small-scenario.ts';
import { refusal } from './refusal.ts';

const guest = (fields: string): string => small({ guests: `{ name: guest1, mdev: m1, ${fields} }` });
const load = (fields: string): Scenario => loadScenario(guest(fields), 'small.yaml');
const guestOf = ({ host }: Scenario): GuestSpec => host.guests[0]!;
const workOf = ({ workload }: GuestSpec): unknown =>
  workload?.kind === 'instructions' ? workload.cpus.map((list) => list.map(({ text }) => text)) : workload;

const ALL = 'format: 1, adapters: [63], domains: [15], controlDomains: [0], apie: false, crycb: 0x50008, instructions: [qci]';

describe('a nested guest', () => {
  test('is in format 2, interpreted, in a page of its own and without anything to do unless the file says otherwise', () => {
    const { nested } = guestOf(load('nested: {}'));
    expect(nested).toEqual({ format: 2, adapters: [], domains: [], controlDomains: [], apie: true, crycb: null, instructions: [] });
  });

  test('has all that a file can say of it', () => {
    const { nested } = guestOf(load(`nested: { ${ALL} }`));
    expect(nested).toMatchObject({ format: 1, adapters: [63], domains: [15], controlDomains: [0], apie: false, crycb: 0x50008 });
    expect(nested?.instructions.map(({ text }) => text)).toEqual(['qci']);
  });

  test('is run once by each vCPU of a guest that has nothing else to do, otherwise where its instructions say so', () => {
    expect(workOf(guestOf(load('vcpus: 2, nested: {}')))).toEqual([['sie'], ['sie']]);
    expect(workOf(guestOf(load('workload: { instructions: [qci, sie, sie] }, nested: {}')))).toEqual([['qci', 'sie', 'sie']]);
    expect(guestOf(load('vcpus: 2')).nested).toBeUndefined();
  });

  test.each([`nested: { ${ALL} }`, 'nested: {}', 'vcpus: 2, workload: { cpus: [[sie expect wait], [qci]] }, nested: { adapters: [5] }'])(
    'is written as it was read: %s',
    (fields) => {
      const scenario = load(fields);
      const again = loadScenario(scenarioText(scenario), 'small.yaml');
      expect(again.host).toEqual(scenario.host);
      expect(scenarioText(again)).toBe(scenarioText(scenario));
    },
  );

  test('and what runs it go together, or it does less; every smaller scenario can be loaded', () => {
    const scenario = load('vcpus: 2, workload: { instructions: [qci, sie] }, nested: { instructions: [qci, tapq 05.0004] }');
    const candidates = [...withoutNested(scenario)].map(({ scenario: smaller }) => smaller);
    const guests = candidates.flatMap(({ host }) => host.guests);
    expect(guests.some((found) => found.nested === undefined && JSON.stringify(workOf(found)) === '[["qci"],["qci"]]')).toBe(true);
    expect(guests.some(({ nested }) => nested?.instructions.length === 1)).toBe(true);
    for (const candidate of candidates) expect(() => loadScenario(scenarioText(candidate), 'small.yaml')).not.toThrow();
  });
});

describe('is refused:', () => {
  const NO_SIE = 'expected no sie in a guest without a nested guest (nested: ...), got sie';
  const CRYCB = 'nested.crycb: expected an address: a multiple of 8 from 0 to 0x7ffffff8, got';

  test.each([
    ['sie without a nested guest', 'workload: { instructions: [qci, sie] }', `workload.instructions[1]: ${NO_SIE}`],
    ['the same in a list of one vCPU', 'workload: { cpus: [[sie]] }', `workload.cpus[0][0]: ${NO_SIE}`],
    ['sie of a nested guest', 'nested: { instructions: [qci, sie] }', 'nested.instructions[1]: expected an AP instruction: a nested guest'],
    [
      'PQAP by its registers in a nested guest',
      'nested: { instructions: [pqap 04000000 0 20000] }',
      'nested.instructions[0]: expected an instruction without registers',
    ],
    [
      'a kernel that runs one',
      'workload: { rsa: { operations: 1 } }, nested: {}',
      'nested: expected no nested guest where the workload is rsa',
    ],
    ['a format that there is not', 'nested: { format: 3 }', 'nested.format: expected a CRYCB format: 0, 1 or 2, got 3'],
    [
      'an adapter that a small block has not',
      'nested: { format: 1, adapters: [5, 64] }',
      'nested.adapters[1]: expected a number from 0 to 63',
    ],
    ['a domain that a small block has not', 'nested: { format: 0, domains: [16] }', 'nested.domains[0]: expected a number from 0 to 15'],
    [
      'a control domain likewise',
      'nested: { format: 0, controlDomains: [255] }',
      'nested.controlDomains[0]: expected a number from 0 to 15',
    ],
    ['an address between two words', 'nested: { crycb: 4 }', `${CRYCB} 4`],
    ['an address beyond 2 GiB', 'nested: { crycb: 0x80000000 }', `${CRYCB} 0x80000000`],
    ['an adapter that is none', 'nested: { adapters: [256] }', 'nested.adapters[0]: expected an adapter number from 0 to 255'],
    ['a key that is unknown', 'nested: { adaptors: [5] }', 'did you mean "adapters"?'],
  ])('%s', (_name, fields, message) => {
    const error = refusal(guest(fields));
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/^t\.yaml:3:\d+: guests\[0\]\./);
  });
});
