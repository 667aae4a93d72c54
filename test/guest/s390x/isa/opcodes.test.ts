/**
 * Goal: the table of instructions is free of contradictions, and has the opcodes and fields of the Principles of Operation.
 */
import { describe, expect, test } from 'vitest';
import { decode, encode, fieldsOf } from '../../../../src/guest/s390x/isa/decode.ts';
import { instructionLength } from '../../../../src/guest/s390x/isa/formats.ts';
import { findInstruction, instructionNamed, INSTRUCTIONS } from '../../../../src/guest/s390x/isa/opcodes.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

test('no mnemonic and no opcode is there twice', () => {
  expect(INSTRUCTIONS.length).toBeGreaterThan(1200);
  expect(new Set(INSTRUCTIONS.map(({ mnemonic }) => mnemonic)).size).toBe(INSTRUCTIONS.length);
  expect(new Set(INSTRUCTIONS.map((row) => Buffer.from(encode(row, {})).toString('hex'))).size).toBe(INSTRUCTIONS.length);
});

test('every row is found by its own bytes, is as long as its first byte says, and has all fields inside of itself', () => {
  for (const row of INSTRUCTIONS) {
    const encoded = encode(row, {});
    expect(decode(encoded)?.row, row.mnemonic).toBe(row);
    expect(instructionLength(encoded[0]!), row.mnemonic).toBe(row.format.length);
    for (const { name, place } of fieldsOf(row))
      expect(place.bit + place.width, `${row.mnemonic} ${name}`).toBeLessThanOrEqual(8 * row.format.length);
  }
});

/** Written down from the Principles of Operation and asm/ap.h, not from the table. */
test.each([
  ['b2ad0024', 'nqap', { r1: 2, r2: 4 }],
  ['b2ae0046', 'dqap', { r1: 4, r2: 6 }],
  ['b2af0000', 'pqap', {}],
  ['b2140000', 'sie', { b2: 0, d2: 0 }],
  ['b2200012', 'servc', { r1: 1, r2: 2 }],
  ['ae230005', 'sigp', { r1: 2, r3: 3, b2: 0, d2: 5 }],
  ['b2b20150', 'lpswe', { b2: 0, d2: 0x150 }],
  ['e31230080004', 'lg', { r1: 1, x2: 2, b2: 3, d2: 8 }],
  ['e3103fffff71', 'lay', { r1: 1, x2: 0, b2: 3, d2: -1 }],
  ['eb6ff0300024', 'stmg', { r1: 6, r3: 15, b2: 15, d2: 0x30 }],
  ['a7f4ffff', 'brc', { m1: 15, i2: -1 }],
  ['c0e500000010', 'brasl', { r1: 14, i2: 16 }],
  ['d20310002000', 'mvc', { l1: 3, b1: 1, d1: 0, b2: 2, d2: 0 }],
  ['ec1200208064', 'cgrj', { r1: 1, r2: 2, i4: 32, m3: 8 }],
  ['ec18fff8ff7e', 'cij', { r1: 1, m3: 8, i4: -8, i2: -1 }],
  ['ec12343f2055', 'risbg', { r1: 1, r2: 2, i3: 0x34, i4: 0x3f, i5: 0x20 }],
  ['b9e43012', 'ngrk', { r1: 1, r2: 2, r3: 3 }],
  ['eb01100000f2', 'loc', { r1: 0, m3: 1, b2: 1, d2: 0 }],
  ['c81112342345', 'ectg', { r3: 1, b1: 1, d1: 0x234, b2: 2, d2: 0x345 }],
])('%s is %s', (hex, mnemonic, fields) => {
  const decoded = decode(bytes(hex));
  expect(decoded?.row.mnemonic).toBe(mnemonic);
  expect(decoded?.fields).toEqual(fields);
});

describe('what is no instruction', () => {
  test('an opcode that nobody has', () => {
    expect(findInstruction(bytes('0000'))).toBeNull();
    expect(findInstruction(bytes('b2fe0000'))).toBeNull();
    expect(findInstruction(bytes('e30000000000'))).toBeNull();
  });

  test('one that ends behind the bytes', () => {
    expect(findInstruction(bytes('e3'))).toBeNull();
    expect(findInstruction(bytes('e31230080004').subarray(0, 5))).toBeNull();
    expect(findInstruction(bytes('4110'))).toBeNull();
    expect(findInstruction(bytes(''), 0)).toBeNull();
  });
});

test('groups say who may execute what', () => {
  expect(instructionNamed('pqap')?.group).toBe('ap');
  expect(instructionNamed('lpswe')?.group).toBe('control');
  expect(instructionNamed('tpi')?.group).toBe('io');
  expect(instructionNamed('ldgr')?.group).toBe('fp-transfer');
  expect(instructionNamed('adbr')?.group).toBe('floating-point');
  expect(instructionNamed('vl')?.group).toBe('vector');
});
