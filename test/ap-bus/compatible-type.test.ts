/**
 * Goal: a card is driven as what it is, a newer one as what the machine says that it is compatible with, any other not at all.
 * Method: cards of other types in the hardware, QACT with answers put in between.
 */
import { expect, test } from 'vitest';
import { bareStatus } from '../../src/crypto-adapters/ap-status.ts';
import { QciFlag } from '../../src/crypto-adapters/qci.ts';
import { driverOf, onMachine, typeOf, type MachineOptions } from './machine.ts';

const CARD = '/sys/devices/ap/card03';
const WITHOUT_QACT = QciFlag.APSC | QciFlag.APXA;

const withType = (rawType: number, flags?: number): NonNullable<MachineOptions['hardware']> => ({
  adapters: [{ id: 3, type: { ...typeOf('CEX8C'), rawType } }],
  ...(flags === undefined ? {} : { flags }),
});

test.each([10, 11, 12, 13, 14])('a card of type %i is taken as it is', (rawType) =>
  onMachine('live', { hardware: withType(rawType, WITHOUT_QACT) }, async ({ read }, task) => {
    expect([await read(task, `${CARD}/hwtype`), await read(task, `${CARD}/raw_hwtype`)]).toEqual([`${rawType}\n`, `${rawType}\n`]);
  }),
);

test('a newer card is driven as the newest known one, and says what it is', () =>
  onMachine('live', { hardware: withType(15) }, async (m, task) => {
    const texts: (string | number)[] = [];
    for (const name of ['hwtype', 'raw_hwtype', 'modalias', 'type']) texts.push(await m.read(task, `${CARD}/${name}`));
    expect(texts).toEqual(['14\n', '15\n', 'ap:t0E\n', 'CEX8C\n']);
    expect([driverOf(m, 'card03'), driverOf(m, '03.0006')]).toEqual(['cex4card', 'cex4queue']);
    expect(m.uevents().find(({ action, path }) => action === 'add' && path.endsWith('card03'))?.env).toMatchObject({ DEV_TYPE: '000E' });
    expect(m.log.some((line) => line.includes('unknown type'))).toBe(true);
  }));

test.each([
  ['on a machine without QACT', 15, WITHOUT_QACT, null],
  ['when QACT fails', 15, undefined, { rc: 1, type: 14 }],
  ['when QACT names a type from before CEX4', 15, undefined, { rc: 0, type: 9 }],
  ['when QACT names a type that is as unknown', 15, undefined, { rc: 0, type: 15 }],
  ['when it is too old for QACT to be asked', 9, undefined, { rc: 0, type: 14 }],
] as const)('a card of another type is left alone %s', (_when, rawType, flags, answer) => {
  const wrap: MachineOptions['wrap'] = (real) =>
    answer === null
      ? real
      : Object.assign(Object.create(real) as typeof real, { qact: () => ({ status: bareStatus(answer.rc), type: answer.type }) });
  return onMachine('live', { hardware: withType(rawType, flags), wrap: wrap! }, async ({ sysfs, log }) => {
    expect(sysfs.exists(CARD)).toBe(false);
    expect(log.some((line) => line.includes('unsupported type'))).toBe(true);
  });
});

test('QACT is asked with the mode of the card and the newest known type', () => {
  const asked: unknown[] = [];
  const wrap: MachineOptions['wrap'] = (real) =>
    Object.assign(Object.create(real) as typeof real, {
      qact: (_task: unknown, apqn: number, wanted: unknown) => {
        asked.push([apqn, wanted]);
        return { status: bareStatus(0), type: 12 };
      },
    });
  const card = (id: number, text: string) => ({ id, type: { ...typeOf(text), rawType: 20 } });
  const hardware = { adapters: [card(3, 'CEX8C'), card(4, 'CEX8A'), card(5, 'CEX8P')] };
  return onMachine('live', { hardware, wrap }, async ({ read }, task) => {
    expect(asked).toEqual([
      [0x0306, { mode: 4, type: 14 }],
      [0x0406, { mode: 2, type: 14 }],
      [0x0506, { mode: 1, type: 14 }],
    ]);
    expect(await read(task, `${CARD}/type`)).toBe('CEX6C\n');
  });
});
