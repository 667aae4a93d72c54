/**
 * Errors of what YAML and JSON themselves get wrong, and numbers that YAML and sysfs read differently: each with its exact place and words.
 */
import { describe, expect, it } from 'vitest';
import { ScenarioError } from '../../src/scenario/place.ts';
import { EXAMPLE, example, withEvent } from './example.ts';
import { refusal } from './refusal.ts';

const CASES: readonly (readonly [name: string, text: string, message: string])[] = [
  [
    'YAML syntax',
    example('[4, 0x47, 0xab]', '[4, 0x47'),
    '4:3: (document): expected YAML or JSON of one document, got a YAML error: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  ['second document', EXAMPLE + '---\na: 1\n', '14:1: (document): expected YAML or JSON of one document, got a second document'],
  ['empty', '', '1:1: (document): expected a scenario: a map with host, mdevs, guests, events, got nothing'],
  [
    'tag',
    example('name: g2', 'name: !x g2'),
    '10:13: (document): expected YAML or JSON of one document, got a YAML error: Unresolved tag: !x',
  ],
  ['root list', '- 1\n', '1:1: (document): expected a scenario: a map with host, mdevs, guests, events, got a list of 1'],
  [
    'dup key',
    example('domains: [4, 0x47, 0xab]', 'domains: [4, 0x47, 0xab]\n  domains: [1]'),
    '4:3: host.domains: expected each key once, got a second "domains"',
  ],
  ['number key', example('events:', '5: 1\nevents:'), '11:1: (document): expected a name as key, got 5'],
  ['alias cycle', example('events:', 'faults: &a [*a]\nevents:'), '11:13: faults[0]: expected an alias of a finished anchor, got *a'],
  ['unknown alias', example('mdev: m2', 'mdev: *nope'), '10:23: guests[1].mdev: expected an alias of a finished anchor, got *nope'],
  [
    'leading zero',
    example('[4, 0x47, 0xab]', '[4, 010]'),
    '3:16: host.domains[1]: expected a whole number, decimal or 0x, or quoted text, got 010; a leading zero is ambiguous: write 10, or "010" in quotes, which is 8 as in sysfs (base 0)',
  ],
  [
    'leading zero not octal',
    example('[4, 0x47, 0xab]', '[4, 08]'),
    '3:16: host.domains[1]: expected a whole number, decimal or 0x, or quoted text, got 08; a leading zero is ambiguous: write 8',
  ],
  [
    'float queue',
    withEvent('{ task: t, do: unbind, queue: 05.0004 }'),
    '14:35: events[2].queue: expected a whole number, decimal or 0x, or quoted text, got 05.0004; YAML may read it as a decimal fraction: write "05.0004"',
  ],
  [
    'hex queue',
    withEvent('{ task: t, do: unbind, queue: 05.00ab }'),
    '14:35: events[2].queue: expected a whole number, decimal or 0x, or quoted text, got 05.00ab; YAML may read it as a decimal fraction: write "05.00ab"',
  ],
  [
    'float id',
    example('id: 5', 'id: 6.0'),
    '2:20: host.adapters[0].id: expected a whole number, decimal or 0x, or quoted text, got 6.0; write 6',
  ],
  [
    'exp',
    example('id: 5', 'id: 5e0'),
    '2:20: host.adapters[0].id: expected a whole number, decimal or 0x, or quoted text, got 5e0; write 5',
  ],
  [
    'plus',
    example('id: 5', 'id: +5'),
    '2:20: host.adapters[0].id: expected a whole number, decimal or 0x, or quoted text, got +5; write 5',
  ],
  [
    '0X',
    example('id: 5', 'id: 0X5'),
    '2:20: host.adapters[0].id: expected a whole number, decimal or 0x, or quoted text, got 0X5; write "0X5" if it is text',
  ],
  [
    'octal 0o',
    example('id: 5', 'id: 0o5'),
    '2:20: host.adapters[0].id: expected a whole number, decimal or 0x, or quoted text, got 0o5; write 5',
  ],
  [
    'yaml 1.1',
    '%YAML 1.1\n---\n' + example('id: 5', 'id: 010'),
    '4:20: host.adapters[0].id: expected a whole number, decimal or 0x, or quoted text, got 010; a leading zero is ambiguous: write 10, or "010" in quotes, which is 8 as in sysfs (base 0)',
  ],
  [
    'kernel 6.0',
    example('host:', 'host:\n  kernel: 6.0'),
    '2:11: host.kernel: expected a kernel profile in quotes, got 6.0; YAML reads it as a number: write "6.0"',
  ],
  [
    'kernel 6',
    example('host:', 'host:\n  kernel: 6'),
    '2:11: host.kernel: expected a kernel profile, a version in quotes: current, 6.0, 5.15, got 6',
  ],
  [
    'mask number',
    example('"-5,-6"', '0xffff'),
    '4:11: host.apmask: expected a mask as apmask and aqmask take it, in quotes, like "-5,-6" or "0xf9ff", got 0xffff',
  ],
  [
    'write zero',
    withEvent('{ task: t, write: [/sys/x, 010] }'),
    '14:32: events[2].write[1]: expected a whole number, decimal or 0x, or quoted text, got 010; a leading zero is ambiguous: write 10, or "010" in quotes, which is 8 as in sysfs (base 0)',
  ],
  [
    'json',
    '{\n  "host": {\n    "adapters": [],\n    "domains": [256]\n  }\n}\n',
    '4:17: host.domains[0]: expected a domain number from 0 to 255, got 256',
  ],
  [
    'json syntax',
    '{\n  "host": {,\n}\n',
    '2:12: (document): expected YAML or JSON of one document, got a YAML error: Unexpected , in flow map',
  ],
  [
    'nul proto',
    example('events:', '__proto__: 1\nevents:'),
    '11:1: __proto__: expected one of the keys name, host, design, mdevs, guests, events, quirks, faults, expect, got "__proto__"',
  ],
  [
    'first',
    example('[4, 0x47, 0xab]', '[4, 0x47, 300]').replace('vcpus: 2', 'vcpus: 99'),
    '3:22: host.domains[2]: expected a domain number from 0 to 255, got 300',
  ],
  ['bom ok', '\uFEFF' + example('id: 5', 'id: 256'), '2:20: host.adapters[0].id: expected an adapter number from 0 to 255, got 256'],
  [
    'crlf',
    example('id: 5', 'id: 256').replaceAll('\n', '\r\n'),
    '2:20: host.adapters[0].id: expected an adapter number from 0 to 255, got 256',
  ],
];

describe('scenario errors: text', () => {
  it.each(CASES)('%s', (_name, text, message) => {
    const error = refusal(text);
    expect(error).toBeInstanceOf(ScenarioError);
    expect(error.message).toBe(`t.yaml:${message}`);
    expect(error.message.startsWith(`${error.file}:${error.line}:${error.column}: ${error.path}: expected `)).toBe(true);
  });
});
