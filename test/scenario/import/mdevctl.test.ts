/**
 * Definitions of mdevctl, alone and in dumps, written after mdevctl(8).
 */
import { describe, expect, test } from 'vitest';
import { essence, imported, refusalOf } from './foreign-files.ts';

const UUID = '9f579710-6ffc-4201-987a-4ffa0fb1f3a5';
const OTHER = '783e6dbb-ea0e-411f-94e2-717eaad438bf';

const definition = (attrs: readonly (readonly [string, string])[], start = 'manual'): string =>
  JSON.stringify({ mdev_type: 'vfio_ap-passthrough', start, attrs: attrs.map(([name, value]) => ({ [name]: value })) }, null, 2);

const ATTRS = [
  ['assign_adapter', '5'],
  ['assign_adapter', '6'],
  ['assign_domain', '0xab'],
  ['assign_control_domain', '0xab'],
  ['assign_domain', '4'],
] as const;

test('a definition has its UUID from the name of its file', () => {
  const found = imported({ [UUID]: definition(ATTRS, 'auto') });
  expect(found.scenario.host.mdevs).toEqual([
    { name: 'm-9f579710', uuid: UUID, adapters: [5, 6], domains: [4, 0xab], controlDomains: [0xab] },
  ]);
  expect(essence(found)).toMatchObject({ adapters: ['5 CEX8C', '6 CEX8C'], domains: [4, 0xab], apmask: '-5,-6' });
  expect(found.text).toContain(`# ${UUID}:1:1; started automatically\n`);
  expect(found.text).toContain(`# adapter 5 (${UUID}:1:1): no file has its generation and mode, CEX8C is assumed\n`);
});

test('a file for --jsonfile has a name instead', () => {
  const { scenario } = imported({ 'my crypto.json': definition(ATTRS) });
  expect(scenario.host.mdevs).toMatchObject([{ name: 'my-crypto' }]);
  expect(imported({ 'my crypto.json': definition(ATTRS) }).scenario.host).toEqual(scenario.host);
});

test('a dump has parents with their devices; fields that mdevctl may have one day do not matter', () => {
  const dump = `[ { "matrix": [ { "${UUID}": { "mdev_type": "vfio_ap-passthrough", "start": "manual", "active": true,
    "attrs": [ { "assign_adapter": "5" }, { "assign_domain": "4" } ] } },
    { "${OTHER.toUpperCase()}": { "mdev_type": "vfio_ap-passthrough", "start": "auto", "attrs": [] } } ] } ]`;
  expect(essence(imported({ 'dump.json': dump }))).toEqual({
    adapters: ['5 CEX8C'],
    domains: [4],
    apmask: '-5',
    mdevs: ['m-9f579710: 5 x 4 x ', 'm-783e6dbb:  x  x '],
  });
});

test('no device is an empty host', () => {
  expect(essence(imported({ 'dump.json': '[]\n' }))).toEqual({ adapters: [], domains: [] });
});

test('attributes are written one after another, in any base', () => {
  const attrs = [
    ['assign_adapter', '010'],
    ['assign_adapter', '0x05,7'],
    ['unassign_adapter', '5'],
    ['assign_domain', '+4'],
    ['unassign_domain', '9'],
    ['unassign_control_domain', '1'],
  ] as const;
  expect(essence(imported({ [UUID]: definition(attrs) }))['mdevs']).toEqual(['m-9f579710: 7,8 x 4 x ']);
  const masks = ['04', '08', '0c'].map((first) => `0x${first}${'0'.repeat(62)}`).join(',');
  const replaced = [...ATTRS, ['ap_config', `${masks}\n`]] as const;
  expect(essence(imported({ [UUID]: definition(replaced) }))['mdevs']).toEqual(['m-9f579710: 5 x 4 x 4,5']);
});

test('the same definition twice is one; two that differ are told with both places', () => {
  const dump = `[{"matrix": [{"${UUID}": ${definition(ATTRS)}}]}]`;
  expect(essence(imported({ [UUID]: definition(ATTRS), 'dump.json': dump }))['mdevs']).toHaveLength(1);
  expect(refusalOf({ [UUID]: definition(ATTRS.slice(0, 3)), 'dump.json': dump })).toBe(
    `dump.json:1:15: mdevs.${UUID}: expected what ${UUID}:1:1 says (adapters 5 6, domains 171, control domains none), ` +
      'got adapters 5 6, domains 4 171, control domains 171',
  );
});

test('an APQN in two mdevs is told with both places', () => {
  const one = (uuid: string): string => `{"${uuid}": ${definition(ATTRS).replaceAll('\n', '')}}`;
  expect(refusalOf({ 'dump.json': `[{"matrix":\n[${one(UUID)},\n${one(OTHER)}]}]` })).toBe(
    `dump.json:3:2: mdevs.${OTHER}: expected what dump.json:2:3 says (05.0004 in ${UUID}), got 05.0004 in ${OTHER}`,
  );
});

describe('what cannot be expressed is refused with its place', () => {
  test.each([
    ['{"mdev_type": "vfio_ccw-io", "attrs": []}', `1:15: mdev_type: expected the type vfio_ap-passthrough, got "vfio_ccw-io"`],
    [
      '[{"0.0.0026": [{}]}, {"mdev_type": 1}]',
      '1:3: [0].0.0.0026: expected the parent matrix, which is the only one of vfio_ap, got "0.0.0026"',
    ],
    [definition([['assign_adapter', '256']]), '6:25: attrs[0].assign_adapter: expected an adapter number from 0 to 255, got "256"'],
    [definition([['assign_domain', 'x']]), '6:24: attrs[0].assign_domain: expected a domain number from 0 to 255, got "x"'],
    [definition([['assign_domain', '-1']]), '6:24: attrs[0].assign_domain: expected a domain number from 0 to 255, got "-1"'],
    [definition([['online', '1']]), '6:7: attrs[0].online: expected an attribute of a matrix mdev (assign_adapter,'],
    [definition([['ap_config', '0x0']]), '6:20: attrs[0].ap_config: expected three masks with commas between them, got "0x0"'],
    ['{"mdev_type": "vfio_ap-passthrough", "attrs": {}}', '1:47: attrs: expected a list of attributes, got an empty map'],
    [
      '{"mdev_type": "vfio_ap-passthrough",\n "attrs": [5]}',
      '2:12: attrs[0]: expected an attribute, like { "assign_adapter": "5" }, got 5',
    ],
    ['[{"matrix": [{"abc": {"mdev_type": 1}}]}]', '1:15: [0].matrix[0].abc: expected a UUID, got "abc"'],
    ['{"mdev_type": "vfio_ap-passthrough",\n "attrs": [}', '2:12: (document): expected JSON or YAML, got '],
  ])('(%#)', (text, message) => {
    const found = refusalOf({ 'd.json': text });
    expect(found.slice(0, `d.json:${message}`.length)).toBe(`d.json:${message}`);
  });
});
