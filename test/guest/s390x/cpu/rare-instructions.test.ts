/**
 * General instructions that the oracle does not have or that ask the machine: TRTE and TRTRE, MC, ECAG, odd lengths of MVCLU and CLCLU, signs
 * and reserved bits.
 */
import { describe, expect, test } from 'vitest';
import { DATA, TestMachine, type Registers } from './machine.ts';

const TABLE = 0x4000;

describe.each(['trte', 'trtre'])('%s', (mnemonic) => {
  const step = mnemonic === 'trte' ? 1 : -1;

  /** Characters at DATA and DATA + 0x20 backwards, the table has something for 0x41 and 0x0141 only. */
  function run(mask: number, { bytes, length }: { bytes: string; length: number }, r: Registers = {}) {
    const machine = new TestMachine();
    const wide = (mask & 4) !== 0;
    for (const character of [0x41, 0x141]) {
      machine.storage.view.setUint8(TABLE + (wide ? 2 * character : character), character === 0x41 ? 0x12 : 0x34);
      if (wide) machine.storage.view.setUint8(TABLE + 2 * character + 1, 0x99);
    }
    const units = bytes.match((mask & 8) === 0 ? /../g : /..../g)!;
    const width = units[0]!.length / 2;
    machine.storage.write(DATA, Buffer.from(step === 1 ? bytes : units.toReversed().join(''), 'hex'));
    const start = step === 1 ? DATA : DATA + bytes.length / 2 - width;
    const out = machine.one(`${mnemonic} %r2,%r5,${mask}`, {
      r: { 1: BigInt(TABLE + 3), 2: BigInt(start), 3: BigInt(length), 5: -1n, ...r },
    });
    return { ...out, moved: Math.abs(Number(out.gprs[2]!) - start), code: out.gprs[5], left: out.gprs[3] };
  }

  test('stops at a character with a function code, and tells it', () => {
    expect(run(0, { bytes: '2020412041', length: 5 })).toMatchObject({ cc: 1, moved: 2, left: 3n, code: 0x12n });
  });

  test('comes to the end without one', () => {
    expect(run(0, { bytes: '20202020', length: 4 })).toMatchObject({ cc: 0, moved: 4, left: 0n, code: 0n });
    expect(run(0, { bytes: '41', length: 0 })).toMatchObject({ cc: 0, moved: 0, left: 0n });
  });

  test.each([
    ['characters of two bytes', 8, 2, 0x34n],
    ['codes of two bytes', 12, 2, 0x3499n],
    ['no codes above 255', 10, 4, 0x12n],
    ['neither above 255 nor short ones', 14, 4, 0x1299n],
  ])('%s', (_what, mask, moved, code) => {
    expect(run(mask, { bytes: '002001410041', length: 6 })).toMatchObject({ cc: 1, moved, code, left: BigInt(6 - moved) });
  });

  test('refuses an odd register and half a character', () => {
    expect(new TestMachine().one(`${mnemonic} %r3,%r5`).pgm).toBe(6);
    expect(run(8, { bytes: '00200041', length: 3 }).pgm).toBe(6);
  });

  test('looks at a part of a long operand, and goes on when it is executed again', () => {
    const machine = new TestMachine();
    const start = step === 1 ? 0x5000 : 0x5000 + 4999;
    const r = { 1: BigInt(TABLE), 2: BigInt(start), 3: 5000n };
    machine.assemble(`1: ${mnemonic} %r2,%r5\n  brc 1,1b`);
    const first = machine.run({ r });
    expect([first.cc, first.gprs[3]]).toEqual([3, 5000n - 4096n]);
    expect(machine.run({ r }, 4)).toMatchObject({ cc: 0 });
  });
});

describe('MONITOR CALL', () => {
  const masked = (classes: number): bigint[] => Array.from({ length: 16 }, (_, n) => (n === 8 ? BigInt(classes) : 0n));

  test('of a class that CR8 lets through: code, class, and the PSW behind it', () => {
    const machine = new TestMachine();
    const { pgm, oldIa, ilc } = machine.one('mc 0x123(%r2),5', { r: { 2: 0x1_8000_0000n }, crs: masked(0x0400) });
    expect([pgm, oldIa, ilc]).toEqual([0x40, 0x3004, 4]);
    expect([machine.data(2, 0x94), machine.data(8, 0xb0)]).toEqual(['0005', '0000000180000123']);
  });

  test('of another class is nothing, of a class above 15 a specification exception', () => {
    expect(new TestMachine().one('mc 0,5', { crs: masked(0xfbff) }).pgm).toBeNull();
    expect(new TestMachine().one('mc 0,16', { crs: masked(0xffff) }).pgm).toBe(6);
  });

  test('its code is an address of the addressing mode', () => {
    const machine = new TestMachine();
    machine.one('mc 0x10(%r2),0', { r: { 2: 0xffff_fff0n }, crs: masked(0x8000), mode: 31 });
    expect(machine.data(8, 0xb0)).toBe('0000000000000000');
  });
});

test.each([
  ['which caches there are', 0x00, 0x04040b0b_00000000n],
  ['the line of the first level', 0x10, 256n],
  ['the size of the first level for data', 0x20, 96n * 1024n],
  ['the size of the first level for instructions', 0x21, 64n * 1024n],
  ['the size of the last level', 0x26, 384n * 1024n * 1024n],
  ['the ways of the second level', 0x32, 8n],
  ['a level that is not there', 0x28, 0xffff_ffff_ffff_ffffn],
  ['an attribute that is not there', 0x40, 0xffff_ffff_ffff_ffffn],
])('ECAG tells %s', (_what, asked, want) => {
  expect(new TestMachine().one(`ecag %r1,%r0,${asked}`, { r: { 1: 5n } }).gprs[1]).toBe(want);
});

test.each(['mvclu', 'clclu'])('%s of half a character is refused', (mnemonic) => {
  const r = { 2: BigInt(DATA), 3: 4n, 4: BigInt(DATA), 5: 3n };
  expect(new TestMachine().one(`${mnemonic} %r2,%r4,0`, { r }).pgm).toBe(6);
  expect(new TestMachine().one(`${mnemonic} %r2,%r4,0`, { r: { ...r, 3: 3n, 5: 4n } }).pgm).toBe(6);
});

test('SRNMT sets the rounding of decimal numbers only', () => {
  expect(new TestMachine().one('srnmt 5', { fpc: 0xf8f8_ff23 }).fpc).toBe(0xf8f8_ff53);
});

test('a signal of LFAS is a data exception, with what it tells in the lowcore and in the FPC register', () => {
  const machine = new TestMachine();
  const { pgm, fpc, oldIa } = machine.one(`lfas ${DATA}`, { fpc: 0x0018_0000, data: '98000000' });
  expect([pgm, oldIa, machine.data(4, 0x90), fpc]).toEqual([7, 0x3004, '0000001b', 0x9818_1b00]);
});
