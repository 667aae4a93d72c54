/**
 * Several files at once: facts join, contradictions are told with both places; formats are told by their content; a scenario is one more file.
 */
import { describe, expect, test } from 'vitest';
import { scenarioText } from '../../../src/scenario/scenario-text.ts';
import { essence, imported, refusalOf } from './foreign-files.ts';

const UUID = '9f579710-6ffc-4201-987a-4ffa0fb1f3a5';
const MDEV = `{ "mdev_type": "vfio_ap-passthrough", "start": "manual", "attrs": [ { "assign_adapter": "5" }, { "assign_domain": "4" } ] }`;
const TABLE = `CARD.DOM TYPE  MODE        STATUS     REQUESTS  PENDING HWTYPE QDEPTH FUNCTIONS  DRIVER     
05       CEX7C CCA-Coproc  online            0        0     13     08 S--D--N--- cex4card   
05.0004  CEX7C CCA-Coproc  unassigned        -        -     13     08 S--D--N--- vfio_ap    
`;
const DOMAIN = `<domain><name>web</name><devices><hostdev type='mdev' model='vfio-ap'><source><address uuid='${UUID}'/></source></hostdev></devices></domain>`;
const BASE = `# by hand
host: { adapters: [{ id: 5, type: CEX7C }, { id: 9, type: CEX6A }], domains: [4, 6], apmask: "-5", serviceScale: 0, workload: { rsa: { operations: 3 } } }
mdevs:
  - { name: m1, adapters: [5], domains: [6] }
guests:
  - { name: guest1, mdev: m1, vcpus: 2, workload: { rsa: { operations: 7, bits: [512], forms: [crt] } } }
events:
  - { at: 50%, task: admin, read: /sys/bus/ap/apmask, expect: ok }
design: guests-lock
expect: { verdict: clean, designs: { perms-inside: [lock-order] } }
`;

test('a table, a definition and a domain are one host with one guest', () => {
  expect(essence(imported({ [UUID]: MDEV, 'lszcrypt.txt': TABLE, 'web.xml': DOMAIN }))).toEqual({
    adapters: ['5 CEX7C'],
    domains: [4],
    apmask: '-5',
    mdevs: ['m-9f579710: 5 x 4 x '],
    guests: ['web m-9f579710 1'],
  });
});

test('masks and what is with whom have to agree, and both have to leave its queues to an mdev', () => {
  expect(refusalOf({ table: TABLE, mask: 'chzdev -t ap apmask=-6' })).toBe(
    'table:3:1: (document): expected what mask:1:21 says (05.0004 with the host), got 05.0004 with vfio_ap',
  );
  expect(refusalOf({ [UUID]: MDEV, mask: 'chzdev -t ap apmask=-6' })).toBe(
    `${UUID}:1:1: mdevs.${UUID}: expected what mask:1:21 says (05.0004 with the host, by apmask and aqmask), got 05.0004 in the mdev`,
  );
  expect(refusalOf({ [UUID]: MDEV, table: TABLE.replace('vfio_ap  ', 'cex4queue') })).toContain(
    `expected what table:3:1 says (05.0004 with the host`,
  );
  expect(essence(imported({ [UUID]: MDEV, mask: 'chzdev -t ap aqmask=-4-7' }))).toMatchObject({ aqmask: '-4-7' });
});

test('the order of the files does not matter', () => {
  const files = { [UUID]: MDEV, table: TABLE, 'web.xml': DOMAIN };
  expect(essence(imported(files, { files: ['web.xml', 'table', UUID] }))).toEqual(essence(imported(files)));
});

test('a base keeps what no other format knows of', () => {
  const found = imported({ 'base.yaml': BASE, [UUID]: MDEV, 'web.xml': DOMAIN }, { base: 'base.yaml' });
  expect(essence(found)).toEqual({
    adapters: ['5 CEX7C', '9 CEX6A'],
    domains: [4, 6],
    apmask: '-5',
    mdevs: ['m1: 5 x 6 x ', 'm-9f579710: 5 x 4 x '],
    guests: ['guest1 m1 2', 'web m-9f579710 1'],
  });
  const { host, events, expect: wanted } = found.scenario;
  expect([host.serviceScale, host.workload?.length, host.guests[0]?.workload]).toEqual([
    0,
    1,
    { kind: 'rsa', operations: 7, bits: [512], forms: ['crt'] },
  ]);
  expect([events.length, wanted.designs]).toEqual([1, { 'perms-inside': ['lock-order'] }]);
});

test('what contradicts the base is told with both places', () => {
  const options = { base: 'base.yaml' };
  expect(refusalOf({ 'base.yaml': BASE, table: TABLE.replaceAll('CEX7C', 'CEX8C') }, options)).toBe(
    'table:2:1: adapters[5]: expected what base.yaml:2:19 says (generation CEX7), got generation CEX8',
  );
  expect(refusalOf({ 'base.yaml': BASE, [UUID]: MDEV.replace('"4"', '"6"') }, options)).toBe(
    `${UUID}:1:1: mdevs.${UUID}: expected what base.yaml:4:5 says (05.0006 in m1), got 05.0006 in ${UUID}`,
  );
  expect(refusalOf({ 'base.yaml': BASE, 'x.xml': DOMAIN.replace('web', 'guest1') }, options)).toBe(
    'x.xml:1:1: guests.guest1: expected what base.yaml:6:5 says (it), got a guest of that name',
  );
  expect(refusalOf({ 'base.yaml': BASE, other: BASE }, options)).toBe(
    'other:1:1: (document): expected one scenario at most, got base.yaml as well',
  );
  expect(refusalOf({ 'base.yaml': 'host: { adapters: 5 }', [UUID]: MDEV }, options)).toContain('base.yaml:1:19: host.adapters: expected');
  expect(refusalOf({ 'pci.yaml': 'zpci: { fid: 1 }\nevents: []\n', [UUID]: MDEV }, { base: 'pci.yaml' })).toContain(
    'expected a scenario of AP guests, got one of a PCI function',
  );
});

test('a scenario alone comes out as it is, without what its text looked like', () => {
  const { scenario, text } = imported({ 'base.yaml': BASE });
  expect(text).not.toContain('by hand');
  const again = imported({ 'base.yaml': scenarioText(scenario) }).scenario;
  const bare = ({ host, events, expect: wanted }: typeof scenario): unknown => ({
    host,
    wanted,
    events: events.map((event) => ({ ...event, place: null })),
  });
  expect(bare(again)).toEqual(bare(scenario));
});

test('the written scenario has the format of the first one, and says which files it is made of', () => {
  const { text, scenario } = imported({ [UUID]: MDEV, 'web.xml': DOMAIN });
  expect(text.split('\n')[0]).toBe(`# Imported from ${UUID}, web.xml.`);
  expect(scenario.name).toBe(UUID);
});

describe('files that are none of these are refused in one line', () => {
  test.each([
    [{ f: 'hello\nworld\n' }, 'f:1:1: (document): expected a file of one of the formats cex-plugin, dpm, mdevctl,'],
    [{ f: '' }, 'f:1:1: (document): expected a file of one of the formats'],
    [{ f: '\u0000\u0001' }, 'f:1:1: (document): expected a file of one of the formats'],
    [{ f: '{"a": 1}' }, 'f:1:1: (document): expected a file of one of the formats'],
  ])('%j', (files, message) => {
    expect(refusalOf(files).slice(0, message.length)).toBe(message);
  });

  test('and so are files that are not there, and those of another format than is said', () => {
    expect(refusalOf({}, { files: ['none'] })).toMatch(/^none:1:1: \(document\): expected a readable file, got ENOENT/);
    expect(refusalOf({ f: MDEV }, { format: 'libvirt' })).toMatch(
      /^f:1:1: \(document\): expected a <device>, <domain> or <hostdev> of libvirt, got none$/,
    );
    expect(refusalOf({ f: MDEV }, { format: 'sysfs' })).toBe('f:1:1: (document): expected a folder with a copy of /sys, got a file');
    expect(refusalOf({ 'd/f': MDEV }, { files: ['d'], format: 'mdevctl' })).toBe(
      'd:1:1: (document): expected a file of the format mdevctl, got a folder',
    );
    expect(refusalOf({ 'd/f': MDEV }, { files: ['d'] })).toBe(
      'd:1:1: (document): expected bus/ap or devices/ap in the copy of /sys, got neither',
    );
  });
});
