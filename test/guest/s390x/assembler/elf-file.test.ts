/**
 * Goal: the ELF file of an assembled program is loaded as it was assembled, and has its labels as symbols.
 */
import { expect, test } from 'vitest';
import { assemble } from '../../../../src/guest/s390x/assembler/assemble.ts';
import { elfFile } from '../../../../src/guest/s390x/assembler/elf-file.ts';
import { readElf } from '../../../../src/guest/s390x/elf.ts';

const PROGRAM = assemble([
  { name: 'low', text: '.org 0x1a0\n.quad 1\n.org 0x200\n.byte 2' },
  { name: 'high', text: '.org 0x10000\nstart: br %r14\nnext: .byte 3' },
]);

test('what was assembled is what is loaded: near chunks in one segment, zeros between them', () => {
  const { entry, segments, end } = readElf(elfFile(PROGRAM, 0x10000));
  expect(entry).toBe(0x10000);
  expect(end).toBe(0x10003);
  expect(segments.map(({ address, size }) => [address, size])).toEqual([
    [0x1a0, 0x61],
    [0x10000, 3],
  ]);
  const [low, high] = segments.map(({ data }) => Buffer.from(data).toString('hex'));
  expect(low).toBe(`0000000000000001${'00'.repeat(0x58)}02`);
  expect(high).toBe('07fe03');
});

test('labels are symbols, with the names that the string table has', () => {
  const file = elfFile(PROGRAM, 0x10000);
  const view = new DataView(file.buffer);
  const sections = Number(view.getBigUint64(40));
  const field = (section: number, at: number): number => Number(view.getBigUint64(sections + 64 * section + at));
  const [symbols, size, strings] = [field(1, 24), field(1, 32), field(2, 24)];
  const found = Array.from({ length: size / 24 - 1 }, (_, i) => {
    const at = symbols + 24 * (i + 1);
    const from = strings + view.getUint32(at);
    return [Buffer.from(file.subarray(from, file.indexOf(0, from))).toString(), Number(view.getBigUint64(at + 8))];
  });
  expect(found).toEqual([
    ['start', 0x10000],
    ['next', 0x10002],
  ]);
});

test('an entry outside of the program is refused', () => {
  expect(() => elfFile(PROGRAM, 0x10003)).toThrow(new RangeError('expected an entry inside of the program, got 0x10003'));
});
