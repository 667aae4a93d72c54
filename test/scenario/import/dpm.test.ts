/**
 * DPM exports, written after the object model of the HMC Web Services API.
 */
import { describe, expect, test } from 'vitest';
import { essence, imported, refusalOf } from './foreign-files.ts';

const adapter = (number: number, type: string, card = 'crypto-express-7s'): object => ({
  'adapter-family': 'crypto',
  'adapter-id': `13${number}`,
  class: 'adapter',
  'crypto-number': number,
  'crypto-type': type,
  'detected-card-type': card,
  name: `Crypto ${number}`,
  'object-uri': `/api/adapters/${number}`,
  type: 'crypto',
});

const domains = (usage: readonly number[], control: readonly number[] = []): object[] => [
  ...usage.map((index) => ({ 'access-mode': 'control-usage', 'domain-index': index })),
  ...control.map((index) => ({ 'access-mode': 'control', 'domain-index': index })),
];

const partition = (name: string, adapters: readonly number[], list: readonly object[], more: object = {}): object => ({
  class: 'partition',
  name,
  status: 'active',
  'cp-processors': 0,
  'ifl-processors': 3,
  'crypto-configuration': { 'crypto-adapter-uris': adapters.map((id) => `/api/adapters/${id}`), 'crypto-domain-configurations': list },
  ...more,
});

const machine = (partitions: readonly object[], adapters?: readonly object[]): string =>
  JSON.stringify(
    {
      adapters: adapters ?? [
        { 'adapter-family': 'osa', 'detected-card-type': 'osa-express-7s-25gb', type: 'osd', 'object-uri': '/api/adapters/99' },
        adapter(0, 'cca-coprocessor'),
        adapter(1, 'ep11-coprocessor', 'crypto-express-8s'),
        adapter(2, 'accelerator', 'crypto-express-6s'),
        { ...adapter(3, 'not-configured') },
      ],
      'cpc-properties': {},
      partitions,
      'se-version': '2.16.0',
    },
    null,
    2,
  );

test('the machine is the host, each partition with crypto a guest', () => {
  const found = imported({
    'm.json': machine([
      partition('LNX 01', [0, 1], domains([4, 5], [6])),
      partition('ssc', [0, 2], domains([7])),
      partition('plain', [], []),
      { class: 'partition', name: 'none', 'crypto-configuration': null },
    ]),
  });
  expect(essence(found)).toEqual({
    adapters: ['0 CEX7C', '1 CEX8P', '2 CEX6A'],
    domains: [4, 5, 7],
    controlDomains: [4, 5, 6, 7],
    apmask: '-0-2',
    mdevs: ['LNX-01: 0,1 x 4,5 x 4,5,6', 'ssc: 0,2 x 7 x 7'],
    guests: ['LNX-01 LNX-01 3', 'ssc ssc 3'],
  });
  expect(found.text).toMatch(/# m\.json:\d+:\d+; partition LNX 01, status active\n/);
});

test('partitions that share a queue cannot run together: one of them may be chosen', () => {
  const text = machine([partition('a', [0], domains([4])), partition('b', [0], domains([4, 5]), { 'ifl-processors': 80 })]);
  expect(refusalOf({ 'm.json': text })).toMatch(
    /^m\.json:\d+:\d+: mdevs\.\S+: expected what m\.json:\d+:\d+ says \(00\.0004 in a\), got 00\.0004 in b$/,
  );
  const found = imported({ 'm.json': text }, { partitions: ['b'] });
  expect(essence(found)).toMatchObject({ domains: [4, 5], guests: ['b b 64'] });
  expect(found.text).toContain('80 processors: a guest has 64 at most');
  expect(refusalOf({ 'm.json': text }, { partitions: ['c'] })).toBe(
    'm.json:1:1: partitions: expected a partition with crypto (a, b), got "c"',
  );
});

describe('what cannot be expressed is refused with its place', () => {
  test.each([
    [
      machine([partition('a', [3], domains([4]))]),
      'partitions[0].crypto-configuration.crypto-adapter-uris[0]: expected an adapter with a mode, got one that is not configured',
    ],
    [
      machine([partition('a', [99], domains([4]))]),
      'partitions[0].crypto-configuration.crypto-adapter-uris[0]: expected the URI of a crypto adapter of this file, got "/api/adapters/99"',
    ],
    [
      machine([partition('a', [0], domains([256]))]),
      'partitions[0].crypto-configuration.crypto-domain-configurations[0].domain-index: expected a domain number from 0 to 255, got "256"',
    ],
    [
      machine([partition('a', [0], [{ 'access-mode': 'usage', 'domain-index': 1 }])]),
      'crypto-domain-configurations[0].access-mode: expected control or control-usage, got "usage"',
    ],
    [
      machine([], [adapter(0, 'magic')]),
      'adapters[0].crypto-type: expected a mode: accelerator, cca-coprocessor, ep11-coprocessor or not-configured, got "magic"',
    ],
    [
      machine([], [adapter(0, 'accelerator', 'crypto-express-9s')]),
      'adapters[0].detected-card-type: expected a card from crypto-express-4s to crypto-express-8s, got "crypto-express-9s"',
    ],
    [machine([], [adapter(0, 'accelerator', 'crypto-express-3')]), 'expected'],
    [machine([], []), 'm.json:1:1: adapters: expected an adapter of type crypto, got none'],
  ])('(%#)', (text, message) => {
    if (message === 'expected') expect(essence(imported({ 'm.json': text }))).toMatchObject({ adapters: ['0 CEX3A'] });
    else expect(refusalOf({ 'm.json': text })).toContain(message);
  });
});
