/**
 * Goal: every instruction has the text that objdump prints, and the assembler makes the same bytes of it.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assemble } from '../../../../src/guest/s390x/assembler/assemble.ts';
import { decode, encode, fieldsOf, type Fields } from '../../../../src/guest/s390x/isa/decode.ts';
import { disassemble } from '../../../../src/guest/s390x/isa/disassemble.ts';
import { extendedMnemonic } from '../../../../src/guest/s390x/isa/extended.ts';
import { INSTRUCTIONS, instructionNamed } from '../../../../src/guest/s390x/isa/opcodes.ts';
import type { InstructionRow } from '../../../../src/guest/s390x/isa/rows.ts';

const ADDRESS = 0x1000_0000;

const textOf = (hex: string, address = 0): string => disassemble(new Uint8Array(Buffer.from(hex, 'hex')), 0, address).text;

function bytesOf(text: string, address: number): string {
  const { chunks } = assemble([{ name: 'line', text }], address);
  return Buffer.concat(chunks.map(({ bytes }) => bytes)).toString('hex');
}

/** Any values that the fields of a row can have. */
const fieldValues = (row: InstructionRow): fc.Arbitrary<Fields> =>
  fc.record(
    Object.fromEntries(
      fieldsOf(row).map(({ name, place: { width }, signed }) => [
        name,
        signed ? fc.integer({ min: -(2 ** (width - 1)), max: 2 ** (width - 1) - 1 }) : fc.integer({ min: 0, max: 2 ** width - 1 }),
      ]),
    ),
  );

test('what is assembled from the text of an instruction is that instruction, for every row with any operands', () => {
  for (const row of INSTRUCTIONS.filter(({ group }) => group !== 'vector')) {
    fc.assert(
      fc.property(fieldValues(row), (fields) => {
        const encoded = encode(row, fields);
        expect(decode(encoded)?.fields).toEqual(fields);
        const { text, length } = disassemble(encoded, 0, ADDRESS);
        expect(length).toBe(row.format.length);
        expect(bytesOf(text, ADDRESS), text).toBe(Buffer.from(encoded).toString('hex'));
      }),
      { numRuns: 10, seed: row.opcode },
    );
  }
});

test('any bytes have a text that makes the same bytes, if they are no instruction or one without ignored bits', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 6 }), (bytes) => {
      const { text, length } = disassemble(bytes, 0, ADDRESS);
      expect(length).toBeGreaterThan(0);
      expect(length).toBeLessThanOrEqual(bytes.length);
      const decoded = decode(bytes);
      if (decoded !== null && decoded.row.group === 'vector') return;
      const expected = decoded === null ? bytes.subarray(0, length) : encode(decoded.row, decoded.fields);
      expect(bytesOf(text, ADDRESS), text).toBe(Buffer.from(expected).toString('hex'));
    }),
    { numRuns: 2000, seed: 9 },
  );
});

/** As objdump prints them. */
test.each([
  ['58107000', 'l %r1,0(%r7)'],
  ['58170000', 'l %r1,0(%r7,%r0)'],
  ['58100fff', 'l %r1,4095'],
  ['e31230080004', 'lg %r1,8(%r2,%r3)'],
  ['d20300001000', 'mvc 0(4,%r0),0(%r1)'],
  ['f21300000000', 'pack 0(2,%r0),0(4,%r0)'],
  ['9100000a', 'tm 10,0'],
  ['eb6ff0300024', 'stmg %r6,%r15,48(%r15)'],
  ['07fe', 'br %r14'],
  ['47f01000', 'b 0(%r1)'],
  ['b2220010', 'ipm %r1'],
  ['a71a8000', 'ahi %r1,-32768'],
  ['c01bffffffff', 'nilf %r1,4294967295'],
  ['ec1212348055', 'risbg %r1,%r2,18,52,128'],
  ['b221a012', 'ipte %r1,%r2,%r10'],
  ['ee123456789a', 'plo %r1,1110(%r3),%r2,2202(%r7)'],
  ['d91200001000', 'mvck 0(%r1,%r0),0(%r1),%r2'],
  ['b7ab5000', 'lctl %c10,%c11,0(%r5)'],
  ['b24f0012', 'ear %r1,%a2'],
  ['b3cd0012', 'lgdr %r1,%f2'],
])('%s is %s', (hex, text) => {
  expect(textOf(hex)).toBe(text);
});

test('relative operands are addresses, which wrap', () => {
  expect(textOf('a7740002', 0x1000)).toBe('jne 0x1004');
  expect(textOf('c0f4ffffffff', 0x1000)).toBe('jg 0xffe');
  expect(textOf('a7f4ffff', 0)).toBe('j 0xfffffffffffffffe');
});

test('what is no instruction is data, as long as its first byte says, or as there are bytes', () => {
  expect(textOf('000001')).toBe('.byte 0x00,0x00');
  expect(textOf('b2fe1234')).toBe('.byte 0xb2,0xfe,0x12,0x34');
  expect(textOf('e312')).toBe('.byte 0xe3,0x12');
  expect(disassemble(new Uint8Array(0), 0, 0)).toEqual({ text: '', length: 0 });
});

test.each([
  ['je', 'brc', 8],
  ['jnz', 'brc', 7],
  ['jgno', 'brcl', 14],
  ['bor', 'bcr', 1],
  ['nop', 'bc', 0],
  ['crjnl', 'crj', 10],
  ['clgije', 'clgij', 8],
  ['locghe', 'locg', 10],
  ['jasl', 'brasl', null],
])('%s is %s with mask %s', (name, mnemonic, mask) => {
  expect(extendedMnemonic(name)).toEqual({ row: instructionNamed(mnemonic), mask });
});

test('an extended mnemonic is the name of no instruction', () => {
  for (const { mnemonic } of INSTRUCTIONS) expect(extendedMnemonic(mnemonic), mnemonic).toBeUndefined();
});
