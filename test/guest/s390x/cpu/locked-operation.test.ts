/** PERFORM LOCKED OPERATION in all its operations and forms: what is compared, where the values are, what is stored. */
import { beforeEach, describe, expect, test } from 'vitest';
import { DATA, TestMachine, type Registers } from './machine.ts';

/** Second operand, fourth one or the parameter list, and what the list points to. */
const SECOND = DATA;
const LIST = DATA + 0x40;
const FOURTH = DATA + 0x200;
const SIXTH = DATA + 0x210;
const EIGHTH = DATA + 0x220;
/** Of a form: words of a value, bytes in front of it in its field of 16, and whether the values are in the list. */
const FORMS = [
  { form: 0, words: 1, listed: false },
  { form: 1, words: 2, listed: true },
  { form: 2, words: 2, listed: false },
  { form: 3, words: 4, listed: true },
] as const;
type Form = (typeof FORMS)[number];

let machine: TestMachine;

beforeEach(() => {
  machine = new TestMachine();
});

/** A value of so many words that all differ from those of another number. */
const value = ({ words }: Form, number: number): string =>
  Array.from({ length: words }, (_, n) => (0x1111_1111 * number + n).toString(16).padStart(8, '0')).join('');
const put = (address: number, hex: string): void => machine.storage.write(address, Buffer.from(hex, 'hex'));
const get = (form: Form, address: number): string => machine.data(4 * form.words, address);
/** Where a value of the list is. */
const field = ({ words }: Form, number: number): number => LIST + 16 * number + 16 - 4 * words;

function address(number: number, to: number): void {
  put(LIST + number, to.toString(16).padStart(16, '0'));
}

/** R1 = 2, R3 = 4, operands at SECOND and at the list or FOURTH. */
function plo(code: number, registers: Registers, second4 = LIST): ReturnType<TestMachine['one']> {
  return machine.one(`plo %r2,0(%r6),%r4,0(%r7)`, { r: { 0: BigInt(code), 6: BigInt(SECOND), 7: BigInt(second4), ...registers }, cc: 3 });
}

const big = (hex: string): bigint => BigInt(`0x${hex}`);
const shown = (form: Form, register: bigint): string =>
  register
    .toString(16)
    .padStart(16, '0')
    .slice(-8 * form.words);

describe.each(FORMS)('form $form', (form) => {
  const { form: number, listed } = form;
  const [own, replacement, third, fourth, fifth, seventh, other] = [1, 2, 3, 4, 5, 6, 7].map((n) => value(form, n)) as [
    string, string, string, string, string, string, string,
  ]; // prettier-ignore

  /** The first operand's comparison value and its replacement. */
  const first = (): Registers => {
    put(field(form, 0), own);
    put(field(form, 1), replacement);
    return listed ? {} : { 2: big(own), 3: big(replacement) };
  };

  test('COMPARE AND LOAD', () => {
    const given = first();
    put(SECOND, own);
    put(FOURTH, fourth);
    address(72, FOURTH);
    const equal = plo(number, given, listed ? LIST : FOURTH);
    expect([equal.cc, listed ? get(form, field(form, 2)) : shown(form, equal.gprs[4]!)]).toEqual([0, fourth]);
    put(SECOND, other);
    const different = plo(number, given, listed ? LIST : FOURTH);
    expect([different.cc, listed ? get(form, field(form, 0)) : shown(form, different.gprs[2]!)]).toEqual([1, other]);
  });

  test('COMPARE AND SWAP', () => {
    const given = first();
    put(SECOND, own);
    expect([plo(4 + number, given).cc, get(form, SECOND)]).toEqual([0, replacement]);
    put(SECOND, other);
    const different = plo(4 + number, given);
    expect([different.cc, get(form, SECOND)]).toEqual([1, other]);
    expect(listed ? get(form, field(form, 0)) : shown(form, different.gprs[2]!)).toBe(other);
  });

  test('DOUBLE COMPARE AND SWAP', () => {
    const given: Registers = { ...first(), ...(listed ? {} : { 4: big(third), 5: big(fifth) }) };
    put(field(form, 2), third);
    put(field(form, 3), fifth);
    address(72, FOURTH);
    const at = listed ? LIST : FOURTH;
    put(SECOND, own);
    put(FOURTH, third);
    expect([plo(8 + number, given, at).cc, get(form, SECOND), get(form, FOURTH)]).toEqual([0, replacement, fifth]);
    put(SECOND, own);
    put(FOURTH, other);
    const second = plo(8 + number, given, at);
    expect([second.cc, get(form, SECOND), listed ? get(form, field(form, 2)) : shown(form, second.gprs[4]!)]).toEqual([2, own, other]);
    put(SECOND, other);
    expect([plo(8 + number, given, at).cc, get(form, SECOND), get(form, FOURTH)]).toEqual([1, other, other]);
  });

  test('COMPARE AND SWAP AND STORE', () => {
    const given: Registers = { ...first(), ...(listed ? {} : { 4: big(third) }) };
    put(field(form, 3), third);
    address(72, FOURTH);
    put(SECOND, own);
    expect([plo(12 + number, given, listed ? LIST : FOURTH).cc, get(form, SECOND), get(form, FOURTH)]).toEqual([0, replacement, third]);
  });

  test.each([
    ['DOUBLE', 16, false],
    ['TRIPLE', 20, true],
  ])('COMPARE AND SWAP AND %s STORE', (_name, code, triple) => {
    const given = first();
    [third, fifth, seventh].forEach((stored, n) => put(field(form, 3 + 2 * n), stored));
    [FOURTH, SIXTH, EIGHTH].forEach((to, n) => address(72 + 32 * n, to));
    put(SECOND, other);
    const before = machine.data(0x40, FOURTH);
    expect([plo(code + number, given).cc, machine.data(0x40, FOURTH)]).toEqual([1, before]);
    put(SECOND, own);
    put(field(form, 0), own);
    expect([plo(code + number, given).cc, get(form, SECOND), get(form, FOURTH), get(form, SIXTH)]).toEqual([0, replacement, third, fifth]);
    expect(get(form, EIGHTH)).toBe(triple ? seventh : '0'.repeat(8 * form.words));
  });

  test('nothing is stored unless all of it can be', () => {
    const given = first();
    put(SECOND, own);
    put(field(form, 3), third);
    address(72, FOURTH);
    address(104, 0x10_0000);
    expect([plo(16 + number, given).pgm, get(form, SECOND), get(form, FOURTH)]).toEqual([5, own, '0'.repeat(8 * form.words)]);
  });

  test('operands that are not aligned, and odd registers of the forms in registers', () => {
    const misaligned = (text: string, code: number): number | null =>
      machine.one(text, { r: { 0: BigInt(code), 6: BigInt(SECOND), 7: BigInt(LIST) } }).pgm;
    expect(misaligned('plo %r2,2(%r6),%r4,0(%r7)', 4 + number)).toBe(6);
    expect(misaligned('plo %r2,0(%r6),%r4,2(%r7)', 16 + number)).toBe(6);
    expect(misaligned('plo %r3,0(%r6),%r4,0(%r7)', 4 + number)).toBe(listed ? null : 6);
    expect(misaligned('plo %r2,0(%r6),%r5,0(%r7)', 8 + number)).toBe(listed ? null : 6);
  });
});

test('asks whether a function is there, without looking at the operands', () => {
  const asked = [0x100, 0x117, 0x118, 0x1ff].map((code) => machine.one('plo %r3,1(%r6),%r5,1(%r7)', { r: { 0: BigInt(code) }, cc: 1 }));
  expect(asked.map(({ cc, pgm }) => [cc, pgm])).toEqual([[0, null], [0, null], [3, null], [3, null]]); // prettier-ignore
});

test('reserved bits and unknown functions are refused', () => {
  expect([24, 0xff, 0x200, 0x8000_0000].map((code) => plo(code, {}).pgm)).toEqual([6, 6, 6, 6]);
});
