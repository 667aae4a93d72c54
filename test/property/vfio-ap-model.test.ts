/**
 * Goal: every store, ioctl and change of the machine leaves vfio_ap in the state, and answers with the errno, that the specification
 * says, whatever is written. Method: the same random operations on the product and on the reference of test/reference, compared after each
 * one. APEMU_FUZZ_OPERATIONS sets how many, APEMU_FUZZ_SEED which.
 */
import { describe, expect, test } from 'vitest';
import type { QuirkName } from '../../src/vfio-ap/quirks.ts';
import { compare } from '../reference/fuzz.ts';
import { fuzz } from '../reference/fuzz-runs.ts';
import { UUIDS, type Operation } from '../reference/operations.ts';
import type { World } from '../reference/world.ts';

const OPERATIONS = Number(process.env['APEMU_FUZZ_OPERATIONS'] ?? 10_000);
const SEED = Number(process.env['APEMU_FUZZ_SEED'] ?? 1);
/** So many of them once more, on a machine without APXA. */
const WITHOUT_APXA = 0.2;
const ENOUGH_TO_NOTICE = 1_500;
/** Of the searches for defects: all of them are quick with it. */
const DEFECT_SEED = 3;
const UNLIMITED = 0;

describe('the product does what the reference does', () => {
  test(
    `in ${OPERATIONS} operations`,
    async () => {
      expect(await fuzz({ seed: SEED, operations: OPERATIONS })).toBeGreaterThanOrEqual(OPERATIONS);
    },
    UNLIMITED,
  );

  test(
    'also without APXA, where adapters end at 63 and domains at 15',
    async () => {
      const wanted = OPERATIONS * WITHOUT_APXA;
      expect(await fuzz({ seed: SEED, operations: wanted, apxa: false })).toBeGreaterThanOrEqual(wanted);
    },
    UNLIMITED,
  );
});

/** Differences that were found, and mended on one side or the other. */
const FOUND: readonly (readonly [what: string, operations: readonly Operation[]])[] = [
  [
    'an adapter that comes while domains go is asked for its type in a domain that is still there',
    [
      { op: 'create', text: UUIDS[0] },
      { op: 'store', uuid: UUIDS[0], attribute: 'assign_adapter', text: '5' },
      { op: 'unplug', id: 5 },
      { op: 'scan' },
      { op: 'domains', use: 'usage', ids: [7, 11] },
      { op: 'plug', id: 5, type: 'CEX5C' },
      { op: 'scan' },
    ],
  ],
  [
    'an adapter that comes to a host without domains waits, for nobody can be asked what it is',
    [
      { op: 'create', text: UUIDS[0] },
      { op: 'unplug', id: 5 },
      { op: 'domains', use: 'usage', ids: [] },
      { op: 'store', uuid: UUIDS[0], attribute: 'assign_adapter', text: '5' },
      { op: 'scan' },
      { op: 'plug', id: 5, type: 'CEX3C' },
      { op: 'scan' },
    ],
  ],
  [
    'a number ends at a zero byte',
    [
      { op: 'create', text: UUIDS[0] },
      { op: 'store', uuid: UUIDS[0], attribute: 'assign_domain', text: '4\0z' },
      { op: 'store', uuid: UUIDS[0], attribute: 'ap_config', text: '0x04,0x08,0x00\0' },
    ],
  ],
];

test.each(FOUND)('%s', async (_what, operations) => {
  await expect(compare(operations)).resolves.toBeUndefined();
});

const firstDifference = async (found: Promise<number>): Promise<string> =>
  await found.then(
    () => 'no difference',
    (error: unknown) =>
      error instanceof Error && error.cause instanceof Error ? `${error.message}\n${error.cause.message}` : String(error),
  );

describe('the comparison notices', () => {
  const DEFECTS: readonly (readonly [QuirkName, RegExp])[] = [
    ['Q2', /^guest/m],
    ['Q3', /^guest/m],
    ['Q10', /^guest.*pins/m],
    ['filter-new-ids-only', /guest_matrix: expected/],
    ['reset-siblings-skipped', /^resets: expected/m],
    ['reset-after-host-removal', /^resets: expected/m],
  ];
  test.each(DEFECTS)(`the defect %s within ${ENOUGH_TO_NOTICE} operations`, async (quirk, difference) => {
    const found = await firstDifference(fuzz({ seed: DEFECT_SEED, operations: ENOUGH_TO_NOTICE, quirks: [quirk], asFound: true }));
    expect(found).toMatch(difference);
  });

  test('a reference that knows another mask, and makes the operations few', async () => {
    const spoil = (world: World): void => void world.apmask.delete(10);
    const found = await firstDifference(fuzz({ seed: DEFECT_SEED, operations: ENOUGH_TO_NOTICE, spoil }));
    expect(found).toMatch(/after 0 operations/);
  });
});
