/**
 * Errors of the host, mdevs, guests, design and expectation of a scenario file: each with its exact place and words.
 */
import { describe, expect, it } from 'vitest';
import { INSTRUCTION_TEXT } from '../../src/guest/guest-instruction.ts';
import { QUIRK_NAMES } from '../../src/vfio-ap/quirks.ts';
import { ScenarioError } from '../../src/scenario/place.ts';
import { example } from './example.ts';
import { refusal } from './refusal.ts';

const CASES: readonly (readonly [name: string, text: string, message: string])[] = [
  [
    'unknown key near',
    example('domains: [4, 0x47', 'domain: [4, 0x47'),
    '3:3: host.domain: expected one of the keys kernel, apxa, ultravisorAiv, adapters, domains, controlDomains, apmask, aqmask, workload, serviceScale, got "domain"; did you mean "domains"?',
  ],
  [
    'unknown key far',
    example('events:', 'wombat: 1\nevents:'),
    '11:1: wombat: expected one of the keys name, host, design, mdevs, guests, events, quirks, faults, expect, got "wombat"',
  ],
  [
    'unknown key mdev',
    example('adapters: [5],', 'adaptors: [5],'),
    '7:17: mdevs[1].adaptors: expected one of the keys name, uuid, adapters, domains, controlDomains, got "adaptors"; did you mean "adapters"?',
  ],
  ['missing host', 'mdevs: []\n', '1:1: host: expected the host: a map with adapters and domains, got nothing'],
  [
    'missing adapters',
    'host:\n  domains: [1]\n',
    '2:3: host.adapters: expected a list of adapters, or { range: [FIRST, LAST], type }, got nothing',
  ],
  [
    'missing name',
    example('name: g2, ', ''),
    '10:5: guests[1].name: expected a name for the guest (letters, digits, "_", "." and "-"), got nothing',
  ],
  [
    'wrong type list',
    example('domains: [4, 0x47, 0xab]', 'domains: 4'),
    '3:12: host.domains: expected a list of domain numbers and ranges, got 4',
  ],
  [
    'empty value',
    example('domains: [4, 0x47, 0xab]', 'domains:'),
    '3:11: host.domains: expected a list of domain numbers and ranges, got nothing',
  ],
  ['wrong type str', example('vcpus: 2', 'vcpus: two'), '9:34: guests[0].vcpus: expected a number of vCPUs from 1 to 64, got two'],
  ['bool', example('name: g2', 'attach: maybe, name: g2'), '10:15: guests[1].attach: expected true or false, got maybe'],
  [
    'kernel unknown',
    example('host:', 'host:\n  kernel: "6.1"'),
    '2:11: host.kernel: expected a kernel profile, a version in quotes: current, 6.0, 5.15, got "6.1"',
  ],
  [
    'workload without an mdev',
    example('name: g1, mdev: m1', 'name: g1'),
    '9:37: guests[0].workload: expected no workload for a guest that can never reach a card, as it has no mdev, got a map with rsa',
  ],
  [
    'quoted id bad',
    example('id: 5', 'id: "five"'),
    '2:20: host.adapters[0].id: expected an adapter number from 0 to 255, got "five"; quoted numbers are read as sysfs does: decimal, 0x, or octal after a leading 0',
  ],
  [
    'quoted id octal bad',
    example('id: 5', 'id: "08"'),
    '2:20: host.adapters[0].id: expected an adapter number from 0 to 255, got "08"; quoted numbers are read as sysfs does: decimal, 0x, or octal after a leading 0',
  ],
  ['quoted id 256', example('id: 5', 'id: "0x100"'), '2:20: host.adapters[0].id: expected an adapter number from 0 to 255, got "0x100"'],
  [
    'quoted 64 bits',
    example('id: 5', 'id: "99999999999999999999"'),
    '2:20: host.adapters[0].id: expected an adapter number from 0 to 255, got "99999999999999999999"',
  ],
  [
    'quoted -1',
    example('id: 5', 'id: "-1"'),
    '2:20: host.adapters[0].id: expected an adapter number from 0 to 255, got "-1"; quoted numbers are read as sysfs does: decimal, 0x, or octal after a leading 0',
  ],
  ['range adapter', example('id: 5', 'id: 256'), '2:20: host.adapters[0].id: expected an adapter number from 0 to 255, got 256'],
  ['range domain', example('[4, 0x47, 0xab]', '[4, -1]'), '3:16: host.domains[1]: expected a domain number from 0 to 255, got -1'],
  ['vcpus 0', example('vcpus: 2', 'vcpus: 0'), '9:34: guests[0].vcpus: expected a number of vCPUs from 1 to 64, got 0'],
  ['vcpus 65', example('vcpus: 2', 'vcpus: 65'), '9:34: guests[0].vcpus: expected a number of vCPUs from 1 to 64, got 65'],
  [
    'ops',
    example('operations: 120', 'operations: 0'),
    '9:68: guests[0].workload.rsa.operations: expected the operations per vCPU from 1 to 1000000000, got 0',
  ],
  [
    'bits small',
    example('[1024, 4096]', '[1024, 504]'),
    '9:86: guests[0].workload.rsa.bits[1]: expected a modulus size that the key pool has (512, 1024, 2048, 3072, 4096), got 504',
  ],
  [
    'bits mult',
    example('[1024, 4096]', '[1024, 1028]'),
    '9:86: guests[0].workload.rsa.bits[1]: expected a modulus size that the key pool has (512, 1024, 2048, 3072, 4096), got 1028',
  ],
  [
    'workload empty',
    example('workload: { rsa: { operations: 120, bits: [1024, 4096] } }', 'workload: {}'),
    '9:47: guests[0].workload: expected a workload: rsa, instructions (a list that each vCPU executes), cpus (a list of lists, one a vCPU), elf (a file) or program (a name), got an empty map',
  ],
  [
    'instruction',
    example('rsa: { operations: 120, bits: [1024, 4096] }', 'instructions: [qci, tapq 05.0004 off]'),
    `9:69: guests[0].workload.instructions[1]: expected ${INSTRUCTION_TEXT}, got tapq 05.0004 off`,
  ],
  [
    'lists beyond vcpus',
    example('rsa: { operations: 120, bits: [1024, 4096] }', 'cpus: [[qci], [qci], [qci]]'),
    '9:70: guests[0].workload.cpus[2]: expected at most 2 lists of instructions, one a vCPU, got 3',
  ],
  ['bits none', example('[1024, 4096]', '[]'), '9:79: guests[0].workload.rsa.bits: expected at least one modulus size, got an empty list'],
  [
    'forms',
    example('[1024, 4096]', '[1024], forms: [mex, me]'),
    '9:100: guests[0].workload.rsa.forms[1]: expected a form of RSA request: mex, crt, got me',
  ],
  [
    'type',
    example('CEX8A', 'CEX9A'),
    '2:53: host.adapters[1].type: expected a card type from CEX2A to CEX8P: CEX, generation 2 to 8, mode A, C or, from 4 on, P, got CEX9A',
  ],
  [
    'id and range',
    example('id: 6,', 'id: 6, range: [6, 7],'),
    '2:38: host.adapters[1]: expected either an id or a range, with a type, got a map with id, range, type',
  ],
  [
    'neither',
    example('{ id: 6, type', '{ type'),
    '2:38: host.adapters[1]: expected either an id or a range, with a type, got a map with type',
  ],
  [
    'range backwards',
    example('[4, 0x47, 0xab]', '[{ range: [9, 3] }]'),
    '3:22: host.domains[0].range: expected a range of domains: [FIRST, LAST], the first not above the last, got a list of 2',
  ],
  [
    'range three',
    example('[4, 0x47, 0xab]', '[{ range: [1, 2, 3] }]'),
    '3:22: host.domains[0].range: expected a range of domains: [FIRST, LAST], the first not above the last, got a list of 3',
  ],
  [
    'range big',
    example('[4, 0x47, 0xab]', '[{ range: [1, 256] }]'),
    '3:26: host.domains[0].range[1]: expected a domain number from 0 to 255, got 256',
  ],
  [
    'domain entry',
    example('[4, 0x47, 0xab]', '[true]'),
    '3:13: host.domains[0]: expected a domain number from 0 to 255, or { range: [FIRST, LAST] }, got true',
  ],
  [
    'scale',
    example('host:', 'host:\n  serviceScale: -1'),
    '2:17: host.serviceScale: expected a factor on the service time of the cards, 0 or more, got -1',
  ],
  [
    'mask bad',
    example('"-5,-6"', '"-5,-256"'),
    '4:11: host.apmask: expected a mask as apmask and aqmask take it, in quotes, like "-5,-6" or "0xf9ff", got "-5,-256"',
  ],
  [
    'mask empty',
    example('"-5,-6"', '""'),
    '4:11: host.apmask: expected a mask as apmask and aqmask take it, in quotes, like "-5,-6" or "0xf9ff", got ""',
  ],
  [
    'aqmask',
    example('host:', 'host:\n  aqmask: "0xzz"'),
    '2:11: host.aqmask: expected a mask as apmask and aqmask take it, in quotes, like "-5,-6" or "0xf9ff", got "0xzz"',
  ],
  [
    'dup adapter',
    example('id: 6', 'id: 5'),
    '2:44: host.adapters[1].id: expected each adapter once, got 5 again; the first is host.adapters[0].id',
  ],
  [
    'dup adapter range',
    example('{ id: 6, type', '{ range: [4, 9], type'),
    '2:47: host.adapters[1].range: expected each adapter once, got 5 again; the first is host.adapters[0].id',
  ],
  [
    'dup domain',
    example('[4, 0x47, 0xab]', '[4, 0x47, 71]'),
    '3:22: host.domains[2]: expected each domain once, got 71 again; the first is host.domains[1]',
  ],
  [
    'dup control',
    example('host:', 'host:\n  controlDomains: [1, 1]'),
    '2:23: host.controlDomains[1]: expected each domain once, got 1 again; the first is host.controlDomains[0]',
  ],
  [
    'dup mdev',
    example('name: m2', 'name: m1'),
    '7:13: mdevs[1].name: expected a name that no other mdev has, got m1 again; the first is mdevs[0].name',
  ],
  [
    'dup uuid',
    example('name: m2', 'name: m2, uuid: 783E6DBB-ea0e-411f-94e2-717eaad438bf'),
    '7:23: mdevs[1].uuid: expected a UUID that no other mdev has, got 783e6dbb-ea0e-411f-94e2-717eaad438bf again; the first is mdevs[0].uuid',
  ],
  [
    'dup guest',
    example('name: g2', 'name: g1'),
    '10:13: guests[1].name: expected a name that no other guest has, got g1 again; the first is guests[0].name',
  ],
  [
    'dup id in mdev',
    example('adapters: [5],', 'adapters: [5, 0x5],'),
    '7:31: mdevs[1].adapters[1]: expected each number once, got 5 again; the first is mdevs[1].adapters[0]',
  ],
  [
    'bad uuid',
    example('783e6dbb-ea0e-411f-94e2-717eaad438bf', '783e6dbb-ea0e-411f-94e2-717eaad438b'),
    '6:23: mdevs[0].uuid: expected a UUID like 783e6dbb-ea0e-411f-94e2-717eaad438bf, got 783e6dbb-ea0e-411f-94e2-717eaad438b',
  ],
  [
    'no mdev',
    example('mdev: m2', 'mdev: m3'),
    '10:23: guests[1].mdev: expected the name of an mdev of this file (m1, m2), got m3; did you mean "m1"?',
  ],
  [
    'two guests',
    example('mdev: m2', 'mdev: m1'),
    '10:23: guests[1].mdev: expected an mdev that no other guest has, got m1 again; the first is guests[0].mdev',
  ],
  [
    'apqn',
    example('domains: [0x47] }', 'domains: [0x47, 4] }'),
    '7:48: mdevs[1].domains[1]: expected APQNs of one mdev only, got 05.0004 in m2 and in m1',
  ],
  [
    'reserved',
    example('"-5,-6"', '"-6"'),
    '6:89: mdevs[0].domains[0]: expected APQNs that the masks do not reserve for the host, got 05.0004 in m1, reserved by host.apmask and host.aqmask; clear adapter 5 in host.apmask or domain 4 in host.aqmask',
  ],
  [
    'reserved none',
    example('  apmask: "-5,-6"\n', ''),
    '5:89: mdevs[0].domains[0]: expected APQNs that the masks do not reserve for the host, got 05.0004 in m1, reserved by host.apmask and host.aqmask; clear adapter 5 in host.apmask or domain 4 in host.aqmask',
  ],
  [
    'design',
    example('events:', 'design: guest-lock\nevents:'),
    '11:9: design: expected a locking design (guests-lock, kvm-busy), got guest-lock; did you mean "guests-lock"?',
  ],
  [
    'design form',
    example('events:', 'design: Guests Lock\nevents:'),
    '11:9: design: expected the name of a locking design, or a file: ./NAME.ts, ./NAME.yaml or an absolute path, got Guests Lock',
  ],
  [
    'design file',
    example('events:', 'design: ./mine.js\nevents:'),
    '11:9: design: expected the name of a locking design, or a file: ./NAME.ts, ./NAME.yaml or an absolute path, got ./mine.js',
  ],
  [
    'quirk',
    example('events:', 'quirks: [Q2, stale-hok]\nevents:'),
    `11:14: quirks[1]: expected a known defect: ${QUIRK_NAMES.join(', ')}, got stale-hok; did you mean "stale-hook"?`,
  ],
  [
    'fault',
    example('events:', 'faults:\n  - { at: 1s }\nevents:'),
    '12:5: faults[0]: expected a place that may fail: probe-allocation, nqap-code, dqap-code, late-interrupt, duplicate-interrupt, wrong-psmid, reply-length, bit-error, got a map with at',
  ],
  ['quirk notlist', example('events:', 'quirks: q3\nevents:'), '11:9: quirks: expected a list of known defects, got q3'],
  [
    'verdict',
    example('events:', 'expect: { verdict: dirty }\nevents:'),
    '11:20: expect.verdict: expected clean, or a list of finding kinds, got dirty',
  ],
  [
    'verdict kind',
    example('events:', 'expect: { verdict: [deadlok] }\nevents:'),
    '11:21: expect.verdict[0]: expected a kind of finding: lock-order, recursive-lock, deadlock, hung-task, data-race, stale-write, use-after-free, leak, invariant, guest-error, assertion, got deadlok',
  ],
  [
    'verdict empty',
    example('events:', 'expect: { verdict: [] }\nevents:'),
    '11:20: expect.verdict: expected clean, or a list of finding kinds, got an empty list',
  ],
  [
    'expect design',
    example('events:', 'expect: { designs: { kvm-bussy: [deadlock] } }\nevents:'),
    '11:22: expect.designs.kvm-bussy: expected a locking design (guests-lock, kvm-busy), got "kvm-bussy"; did you mean "kvm-busy"?',
  ],
];

describe('scenario errors: topology', () => {
  it.each(CASES)('%s', (_name, text, message) => {
    const error = refusal(text);
    expect(error).toBeInstanceOf(ScenarioError);
    expect(error.message).toBe(`t.yaml:${message}`);
    expect(error.message.startsWith(`${error.file}:${error.line}:${error.column}: ${error.path}: expected `)).toBe(true);
  });
});
