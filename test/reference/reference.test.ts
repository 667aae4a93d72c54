/**
 * The reference itself against examples that the specification prints, so that it is not only as right as the product.
 */
import { expect, test } from 'vitest';
import { apply } from './apply.ts';
import { Err } from './errnos.ts';
import { maskText, upTo } from './ids.ts';
import { observeWorld } from './observed.ts';
import type { MdevAttribute } from './operations.ts';
import { storeMask } from './queues.ts';
import { scan } from './scan.ts';
import { readApConfig, readMask, readNumber, readUuid } from './texts.ts';
import { makeWorld, type World } from './world.ts';

const GUEST_MDEV = '783e6dbb-ea0e-411f-94e2-717eaad438bf';
const OTHER_MDEV = '1d1c7e2a-65cf-4b8e-a7d1-6c2f3f3f0e01';
const DOMAINS = [4, 0x47, 0xab, 0xff];

test('numbers are read as in the examples', () => {
  for (const text of ['5', '0x5', '005', '+5', '5\n']) expect([text, readNumber(text)]).toEqual([text, 5]);
  expect(readNumber('0x47\n')).toBe(0x47);
  expect(readNumber('010')).toBe(8);
  expect(readNumber('0')).toBe(0);
  for (const text of ['', ' 5', '5 ', '-1', '0x', '08', '5\n\n', '+', '++5']) expect([text, readNumber(text)]).toEqual([text, Err.EINVAL]);
  expect(readNumber('99999999999999999999')).toBe(Err.ERANGE);
  expect(readNumber('0xffffffffffffffff')).toBe(Number(0xffffffffffffffffn));
});

test('masks are read as in the examples', () => {
  const one = upTo(0);
  const ids = (text: string): number[] | null => {
    const read = readMask(text, one);
    return read && [...read].toSorted((a, b) => a - b);
  };
  expect(ids('0xff')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(ids('x8')).toEqual([0]);
  expect(ids('0x')).toEqual([]);
  expect(ids('\n')).toEqual([]);
  expect(ids('+1+2')).toEqual([0, 1, 2]);
  expect(ids('+0-2,-1')).toEqual([0, 2]);
  expect(ids('+0x10,,\n')).toEqual([0, 16]);
  for (const text of ['+7-5', '+1 ,+2', '+08', '+256', '0X1', ' 1', '1'.repeat(65), '+', '5+'])
    expect([text, ids(text)]).toEqual([text, null]);
  expect(maskText(readMask('-5,-6', upTo(255))!)).toBe(`0xf9${'f'.repeat(62)}`);
});

test('ap_config and UUIDs are read as in the examples', () => {
  expect(readApConfig('0x06,0x08,0x00')).toEqual({ apm: new Set([5, 6]), aqm: new Set([4]), adm: new Set() });
  const nothing = { apm: new Set(), aqm: new Set(), adm: new Set() };
  for (const text of [',,', ',\n', ',,,5']) expect([text, readApConfig(text)]).toEqual([text, nothing]);
  for (const text of [',', '', '0xg,,', `${'1'.repeat(65)},,`]) expect([text, readApConfig(text)]).toEqual([text, null]);
  expect(readUuid(`${GUEST_MDEV.toUpperCase()}\n`)).toBe(GUEST_MDEV);
  for (const text of [GUEST_MDEV.slice(1), `${GUEST_MDEV}00`, GUEST_MDEV.replaceAll('-', '_')]) expect(readUuid(text)).toBe(null);
});

/** The host of the three guests, adapters 5 and 6 given to vfio_ap. */
function exampleHost(): World {
  const adapters = [5, 6].map((id) => ({ id, type: 'CEX5C' }));
  const world = makeWorld({ adapters, domains: DOMAINS, control: DOMAINS, guests: ['guest1'], fds: [] });
  storeMask(world, 'apm', '-5,-6');
  scan(world);
  for (const text of [GUEST_MDEV, OTHER_MDEV]) apply(world, { op: 'create', text });
  return world;
}

const stores = (world: World, uuid: string, ...list: readonly (readonly [MdevAttribute, string])[]): unknown[] =>
  list.map(([attribute, text]) => apply(world, { op: 'store', uuid, attribute, text }));

const FOUR = '05.0004\n05.00ab\n06.0004\n06.00ab\n';

test('the first guest of the example has its four queues until it is shut down', () => {
  const world = exampleHost();
  expect(
    stores(world, GUEST_MDEV, ['assign_adapter', '5'], ['assign_adapter', '6'], ['assign_domain', '4'], ['assign_domain', '0xab']),
  ).toEqual([1, 1, 1, 4]);
  expect(apply(world, { op: 'attach', uuid: GUEST_MDEV, guest: 'guest1' })).toBe(0);
  expect(observeWorld(world)).toMatchObject({
    [`${GUEST_MDEV} matrix`]: FOUR,
    [`${GUEST_MDEV} guest_matrix`]: FOUR,
    'queue 05.0004': 'vfio_ap in use, interrupt off',
    'queue 05.0047': 'vfio_ap unassigned, interrupt off',
  });
  expect(maskText(world.guests[0]!.masks.aqm)).toBe('0x0800000000000000000000000000000000000000001000000000000000000000');
  apply(world, { op: 'detach', guest: 'guest1' });
  expect(observeWorld(world)).toMatchObject({
    [`${GUEST_MDEV} guest_matrix`]: FOUR,
    'queue 05.0004': 'vfio_ap assigned, interrupt off',
    resets: '05.0004 0,05.00ab 0,06.0004 0,06.00ab 0',
  });
});

test('a queue that is not bound costs the guest its adapter, and a conflict is refused with a warning an APQN', () => {
  const world = exampleHost();
  apply(world, { op: 'unbind', driver: 'vfio_ap', text: '06.00ab' });
  stores(world, GUEST_MDEV, ['ap_config', '0x06,0x0800000000000000000000000000000000000000001,'], ['assign_control_domain', '0x99']);
  expect(observeWorld(world)).toMatchObject({
    [`${GUEST_MDEV} matrix`]: FOUR,
    [`${GUEST_MDEV} guest_matrix`]: '05.0004\n05.00ab\n',
    [`${GUEST_MDEV} control_domains`]: '0099\n',
  });
  expect(stores(world, OTHER_MDEV, ['assign_domain', '4'], ['assign_adapter', '5'])).toEqual([1, Err.EADDRINUSE]);
  expect(observeWorld(world)).toMatchObject({ warnings: `05.0004 ${GUEST_MDEV}`, [`${OTHER_MDEV} matrix`]: '.0004\n' });
  expect(apply(world, { op: 'mask', which: 'apm', text: '+5' })).toBe(Err.EBUSY);
  expect(stores(world, OTHER_MDEV, ['assign_adapter', '7'])).toEqual([Err.EADDRNOTAVAIL]);
});
