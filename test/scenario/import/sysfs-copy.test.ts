/**
 * Copies of /sys as people make them: whole, in part, without links, of older kernels; what cannot be is refused with the file.
 */
import { describe, expect, test } from 'vitest';
import { essence, imported, refusalOf } from './foreign-files.ts';

const UUID = '9f579710-6ffc-4201-987a-4ffa0fb1f3a5';
const MATRIX = 'sys/devices/vfio_ap/matrix';

const mask = (...bits: readonly number[]): string => {
  const digits = Array.from({ length: 64 }, (_, i) => bits.reduce((digit, bit) => digit | (bit >> 2 === i ? 8 >> (bit & 3) : 0), 0));
  return `0x${digits.map((digit) => digit.toString(16)).join('')}\n`;
};
const ALL = `0x${'f'.repeat(64)}\n`;

const card = (id: string, type: string, files: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ type: `${type}\n`, config: '1\n', online: '1\n', chkstop: '0\n', ...files }).map(([name, text]) => [
      `sys/devices/ap/card${id}/${name}`,
      text,
    ]),
  );

const TREE: Record<string, string> = {
  ...card('05', 'CEX7C', { '05.0004/status': 'in use\n', '05.0006/status': 'assigned\n' }),
  ...card('0a', 'CEX6A', { '0a.0004/online': '1\n', '0a.0006/online': '1\n' }),
  'sys/bus/ap/apmask': `0xfb${'f'.repeat(62)}\n`,
  'sys/bus/ap/aqmask': ALL,
  'sys/bus/ap/ap_usage_domain_mask': mask(4, 6),
  'sys/bus/ap/ap_control_domain_mask': mask(4, 6, 7),
  'sys/bus/ap/features': 'APSC APXA QACT\n',
  'sys/class/net/lo/mtu': '65536\n',
  [`${MATRIX}/features`]: 'guest_matrix hotplug ap_config\n',
  [`${MATRIX}/mdev_supported_types/vfio_ap-passthrough/name`]: 'VFIO AP Passthrough Device\n',
  [`${MATRIX}/${UUID}/ap_config`]: [mask(5), mask(4, 6), mask(4)].map((text) => text.trimEnd()).join(','),
  [`${MATRIX}/${UUID}/matrix`]: '05.0004\n05.0006\n',
  [`${MATRIX}/${UUID}/guest_matrix`]: '05.0004\n',
};

const EXPECTED = {
  adapters: ['5 CEX7C', '10 CEX6A'],
  domains: [4, 6],
  controlDomains: [4, 6, 7],
  apmask: '-5',
  mdevs: ['m-9f579710: 5 x 4,6 x 4'],
  guests: ['guest1 m-9f579710 1'],
};

const whole = { files: ['sys'] };
const without = (pattern: RegExp): Record<string, string> =>
  Object.fromEntries(Object.entries(TREE).filter(([name]) => !pattern.test(name)));

test('cards, domains, masks, mdevs, and a guest where queues are in use', () => {
  const found = imported(TREE, whole);
  expect(essence(found)).toEqual(EXPECTED);
  expect(found.scenario.host).toMatchObject({ kernel: 'current' });
  expect(found.text).toContain('# sys/bus/ap/apmask:1:1\n');
  // The folder that has `sys` in it will do as well.
  expect(
    essence(imported(Object.fromEntries(Object.entries(TREE).map(([name, text]) => [`root/${name}`, text])), { files: ['root'] })),
  ).toEqual(EXPECTED);
});

test('without the bus, its masks are such that each queue is where it is', () => {
  expect(essence(imported(without(/bus\/ap/), whole))).toEqual({ ...EXPECTED, controlDomains: undefined });
});

test('older kernels show an mdev in other files, and lack some', () => {
  const six = {
    ...without(/ap_config|matrix\/features/),
    [`${MATRIX}/${UUID}/matrix`]: '05.\n',
    [`${MATRIX}/${UUID}/control_domains`]: '0004\n00ff\n',
  };
  const found = imported(six, whole);
  expect(essence(found)['mdevs']).toEqual(['m-9f579710: 5 x  x 4,255']);
  expect(found.scenario).toMatchObject({ host: { kernel: '6.0' }, design: 'guests-lock' });
  const old = Object.fromEntries(Object.entries(six).filter(([name]) => !name.endsWith('guest_matrix')));
  expect(imported(old, whole).scenario).toMatchObject({ host: { kernel: '5.15' }, design: 'kvm-lock-outside' });
});

test('a machine without APXA has small numbers only', () => {
  const small = { ...TREE, 'sys/bus/ap/features': 'APSC\n' };
  expect(imported(small, whole).scenario.host.apxa).toBe(false);
  expect(refusalOf({ ...small, ...card('40', 'CEX6A') }, whole)).toBe(
    'sys/devices/ap/card40/type:1:1: (document): expected what sys/bus/ap/features:1:1 says (no APXA), got an id above 63 (adapters) or 15 (domains)',
  );
});

test('a card that its driver has left is known by its number and its functions', () => {
  const bare = { 'sys/devices/ap/card07/hwtype': '13\n', 'sys/devices/ap/card07/ap_functions': '0x86000000\n' };
  expect(essence(imported({ ...TREE, ...bare }, whole))['adapters']).toEqual(['5 CEX7C', '7 CEX7P', '10 CEX6A']);
});

test('a machine without QCI says so instead of its masks', () => {
  const none = { ...TREE, 'sys/bus/ap/ap_usage_domain_mask': 'not supported\n', 'sys/bus/ap/ap_control_domain_mask': 'not supported\n' };
  expect(essence(imported(none, whole))).toMatchObject({ domains: [4, 6] });
});

describe('what cannot be expressed is refused with its file', () => {
  test.each([
    [
      'sys/devices/ap/card05/type',
      'CEX9C\n',
      'sys/devices/ap/card05/type:1:1: (document): expected a card type from CEX2A to CEX8P, got "CEX9C"',
    ],
    ['sys/devices/ap/card0a/config', '0\n', 'sys/devices/ap/card0a/config:1:1: (document): expected a card that is online (1), got "0"'],
    ['sys/bus/ap/apmask', '0xff\n', 'sys/bus/ap/apmask:1:1: (document): expected a mask: 0x and 64 hex digits, got "0xff"'],
    [
      'sys/bus/ap/apmask',
      ALL,
      'sys/devices/ap/card05/05.0004:1:1: (document): expected what sys/bus/ap/apmask:1:1 says (05.0004 with the host), got 05.0004 with vfio_ap',
    ],
    [
      `${MATRIX}/${UUID}/ap_config`,
      '0x0,0x0\n',
      `${MATRIX}/${UUID}/ap_config:1:1: (document): expected three masks with commas between them, got "0x0,0x0"`,
    ],
  ])('%s as %j', (name, text, message) => {
    expect(refusalOf({ ...TREE, [name]: text }, whole)).toBe(message);
  });

  test('a line of matrix that is no queue, with its line', () => {
    const old = { ...without(/ap_config/), [`${MATRIX}/${UUID}/matrix`]: '05.0004\n5.4\n' };
    expect(refusalOf(old, whole)).toBe(`${MATRIX}/${UUID}/matrix:2:1: (document): expected a queue like 05.0004, got "5.4"`);
  });
});
