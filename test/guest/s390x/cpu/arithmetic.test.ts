/** Addition, subtraction, multiplication, division and shifts against the same arithmetic in BigInt, and the interruptions that belong to them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TestMachine } from './machine.ts';

const RUNS = { numRuns: 300 };
const EDGES = [0n, 1n, 2n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 1n << 32n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n];
const doubleword = fc.oneof(fc.constantFrom(...EDGES), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }));
const carry = fc.integer({ min: 0, max: 3 });
const machine = new TestMachine();

const signed = (value: bigint, bits: number): bigint => BigInt.asIntN(bits, value);
const unsigned = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, value);

/** Condition code of a signed result that is exactly this. */
function signedCode(value: bigint, bits: number): number {
  if (value !== signed(value, bits)) return 3;
  return value === 0n ? 0 : value < 0n ? 1 : 2;
}

/** Register after an operation of 32 bits: the left half stays. */
const half = (before: bigint, value: bigint): bigint => (before & 0xffff_ffff_0000_0000n) | unsigned(value, 32);

interface Sum {
  readonly text: string;
  readonly bits: 32 | 64;
  readonly exact: (a: bigint, b: bigint) => bigint;
}

const plus = (a: bigint, b: bigint): bigint => a + b;
const minus = (a: bigint, b: bigint): bigint => a - b;

const SIGNED: readonly Sum[] = [
  { text: 'ar %r1,%r2', bits: 32, exact: plus },
  { text: 'sr %r1,%r2', bits: 32, exact: minus },
  { text: 'agr %r1,%r2', bits: 64, exact: plus },
  { text: 'sgr %r1,%r2', bits: 64, exact: minus },
  { text: 'agrk %r1,%r1,%r2', bits: 64, exact: plus },
  { text: 'sgrk %r1,%r1,%r2', bits: 64, exact: minus },
  { text: 'agfr %r1,%r2', bits: 64, exact: (a, b) => a + signed(b, 32) },
  { text: 'sgfr %r1,%r2', bits: 64, exact: (a, b) => a - signed(b, 32) },
  { text: 'lcgr %r1,%r2', bits: 64, exact: (_a, b) => -b },
  { text: 'lcr %r1,%r2', bits: 32, exact: (_a, b) => -b },
  { text: 'lpgr %r1,%r2', bits: 64, exact: (_a, b) => (b < 0n ? -b : b) },
  { text: 'lngr %r1,%r2', bits: 64, exact: (_a, b) => (b < 0n ? b : -b) },
  { text: 'aghi %r1,-77', bits: 64, exact: (a) => a - 77n },
  { text: 'afi %r1,0x7fffffff', bits: 32, exact: (a) => a + 0x7fff_ffffn },
];

describe('signed arithmetic', () => {
  it.each(SIGNED)('$text gives the sum of $bits bits and its condition code', ({ text, bits, exact }) => {
    machine.assemble(text);
    fc.assert(
      fc.property(doubleword, doubleword, (a, b) => {
        const value = exact(signed(a, bits), signed(b, bits));
        const after = machine.run({ r: { 1: a, 2: b } });
        expect(after.gprs[1]).toBe(bits === 64 ? unsigned(value, 64) : half(a, value));
        expect(after.cc).toBe(signedCode(value, bits));
        expect(after.pgm).toBeNull();
      }),
      RUNS,
    );
  });

  it('interrupts an overflow when the program mask asks for it, with the result in place', () => {
    const after = machine.one('agr %r1,%r2', { r: { 1: (1n << 63n) - 1n, 2: 1n }, programMask: 8 });
    expect(after).toMatchObject({ pgm: 8, ilc: 4, oldIa: 0x3004 });
    expect(after.gprs[1]).toBe(1n << 63n);
    expect(machine.storage.bytes[0x152]! >> 4).toBe(3);
  });

  it('interrupts no logical overflow', () => {
    expect(machine.one('algr %r1,%r2', { r: { 1: (1n << 64n) - 1n, 2: 1n }, programMask: 15 }).pgm).toBeNull();
  });
});

interface Logical {
  readonly text: string;
  readonly bits: 32 | 64;
  /** The unsigned sum without cut; subtraction adds the complement. */
  readonly sum: (a: bigint, b: bigint, carryIn: bigint, ones: bigint) => bigint;
}

const LOGICAL: readonly Logical[] = [32, 64].flatMap((size) => {
  const bits = size as 32 | 64;
  const g = bits === 64 ? 'g' : '';
  return [
    { text: `al${g}r %r1,%r2`, bits, sum: (a, b) => a + b },
    { text: `sl${g}r %r1,%r2`, bits, sum: (a, b, _carry, ones) => a + (ones - b) + 1n },
    { text: `alc${g}r %r1,%r2`, bits, sum: (a, b, carryIn) => a + b + carryIn },
    { text: `slb${g}r %r1,%r2`, bits, sum: (a, b, carryIn, ones) => a + (ones - b) + carryIn },
  ] satisfies Logical[];
});

describe('logical arithmetic', () => {
  it.each(LOGICAL)('$text gives the sum of $bits bits, and the carry in the condition code', ({ text, bits, sum }) => {
    machine.assemble(text);
    const ones = (1n << BigInt(bits)) - 1n;
    fc.assert(
      fc.property(doubleword, doubleword, carry, (a, b, cc) => {
        const value = sum(a & ones, b & ones, BigInt(cc >> 1), ones);
        const after = machine.run({ r: { 1: a, 2: b }, cc });
        expect(after.gprs[1]).toBe(bits === 64 ? value & ones : half(a, value));
        expect(after.cc).toBe((value > ones ? 2 : 0) + ((value & ones) === 0n ? 0 : 1));
      }),
      RUNS,
    );
  });
});

describe('products and quotients', () => {
  it.each([
    ['mlgr %r2,%r4', (a: bigint, b: bigint) => a * b],
    ['mgrk %r2,%r3,%r4', (a: bigint, b: bigint) => signed(a, 64) * signed(b, 64)],
  ])('%s gives all 128 bits', (text, exact) => {
    machine.assemble(text);
    fc.assert(
      fc.property(doubleword, doubleword, (a, b) => {
        const after = machine.run({ r: { 3: a, 4: b } });
        expect((after.gprs[2]! << 64n) | after.gprs[3]!).toBe(unsigned(exact(a, b), 128));
      }),
      RUNS,
    );
  });

  it.each([
    ['msgr %r1,%r2', 64, (a: bigint, b: bigint) => a * b],
    ['msr %r1,%r2', 32, (a: bigint, b: bigint) => a * b],
    ['mghi %r1,-300', 64, (a: bigint) => a * -300n],
    ['msgfr %r1,%r2', 64, (a: bigint, b: bigint) => a * signed(b, 32)],
  ])('%s gives the last %i bits', (text, bits, exact) => {
    machine.assemble(text);
    fc.assert(
      fc.property(doubleword, doubleword, (a, b) => {
        const value = exact(a, b);
        expect(machine.run({ r: { 1: a, 2: b } }).gprs[1]).toBe(bits === 64 ? unsigned(value, 64) : half(a, value));
      }),
      RUNS,
    );
  });

  it('dlgr divides 128 by 64 bits, or tells that it cannot', () => {
    machine.assemble('dlgr %r2,%r4');
    fc.assert(
      fc.property(doubleword, doubleword, doubleword, (high, low, by) => {
        const after = machine.run({ r: { 2: high, 3: low, 4: by } });
        if (high >= by) {
          expect(after.pgm).toBe(9);
          expect(after.gprs.slice(2, 5)).toEqual([high, low, by]);
          return;
        }
        const dividend = (high << 64n) | low;
        expect(after.gprs[2]).toBe(dividend % by);
        expect(after.gprs[3]).toBe(dividend / by);
      }),
      RUNS,
    );
  });

  it('dsgr divides 64 bits with sign, and refuses zero and the one quotient that does not fit', () => {
    machine.assemble('dsgr %r2,%r4');
    fc.assert(
      fc.property(doubleword, doubleword, (value, divisor) => {
        const [a, b] = [signed(value, 64), signed(divisor, 64)];
        const after = machine.run({ r: { 3: value, 4: divisor } });
        if (b === 0n || (b === -1n && value === 1n << 63n)) expect(after.pgm).toBe(9);
        else {
          expect(after.gprs[3]).toBe(unsigned(a / b, 64));
          expect(after.gprs[2]).toBe(unsigned(a % b, 64));
        }
      }),
      RUNS,
    );
  });

  it.each(['mr %r3,%r4', 'dr %r3,%r4', 'mlgr %r5,%r4', 'dlgr %r1,%r4', 'dsgr %r1,%r4', 'srda %r1,4', 'flogr %r7,%r1', 'lpq %r1,0(%r2)'])(
    '%s refuses an odd register',
    (text) => {
      expect(machine.one(text, { r: { 2: 0x4000n, 4: 1n } })).toMatchObject({ pgm: 6 });
    },
  );
});

interface Shift {
  readonly text: string;
  readonly bits: 32 | 64;
  readonly exact: (value: bigint, by: bigint) => bigint;
  readonly code?: 'signed' | 'overflow';
}

const SHIFTS: readonly Shift[] = [
  { text: 'sllg %r1,%r2,0(%r3)', bits: 64, exact: (v, by) => v << by },
  { text: 'srlg %r1,%r2,0(%r3)', bits: 64, exact: (v, by) => unsigned(v, 64) >> by },
  { text: 'srag %r1,%r2,0(%r3)', bits: 64, exact: (v, by) => v >> by, code: 'signed' },
  { text: 'slag %r1,%r2,0(%r3)', bits: 64, exact: (v, by) => v << by, code: 'overflow' },
  { text: 'sllk %r1,%r2,0(%r3)', bits: 32, exact: (v, by) => v << by },
  { text: 'srlk %r1,%r2,0(%r3)', bits: 32, exact: (v, by) => unsigned(v, 32) >> by },
  { text: 'srak %r1,%r2,0(%r3)', bits: 32, exact: (v, by) => v >> by, code: 'signed' },
  { text: 'slak %r1,%r2,0(%r3)', bits: 32, exact: (v, by) => v << by, code: 'overflow' },
  { text: 'rllg %r1,%r2,0(%r3)', bits: 64, exact: (v, by) => (unsigned(v, 64) << by) | (unsigned(v, 64) >> (64n - by)) },
  { text: 'rll %r1,%r2,0(%r3)', bits: 32, exact: (v, by) => (unsigned(v, 32) << (by % 32n)) | (unsigned(v, 32) >> (32n - (by % 32n))) },
];

describe('shifts', () => {
  it.each(SHIFTS)('$text shifts by 0 to 63', ({ text, bits, exact, code }) => {
    machine.assemble(text);
    fc.assert(
      fc.property(doubleword, fc.integer({ min: 0, max: 200 }), (value, amount) => {
        const own = signed(value, bits);
        const shifted = exact(own, BigInt(amount % 64));
        const after = machine.run({ r: { 1: 7n << 32n, 2: value, 3: BigInt(amount) }, cc: 3 });
        const sign = 1n << BigInt(bits - 1);
        const result = code === 'overflow' ? (own & sign) | (unsigned(shifted, bits) & (sign - 1n)) : unsigned(shifted, bits);
        expect(after.gprs[1]).toBe(bits === 64 ? result : (7n << 32n) | result);
        expect(after.cc).toBe(code === undefined ? 3 : signedCode(code === 'overflow' ? shifted : signed(shifted, bits), bits));
      }),
      { numRuns: 600 },
    );
  });

  it.each(['risbg', 'risbgn', 'rosbg', 'rnsbg', 'rxsbg'])('%s takes selected bits of the rotated operand', (mnemonic) => {
    const bit = fc.integer({ min: 0, max: 63 });
    fc.assert(
      fc.property(doubleword, doubleword, fc.tuple(bit, bit, bit, fc.boolean()), (own, other, [from, to, by, flag]) => {
        const insert = mnemonic.startsWith('ris');
        const [i3, i4] = insert ? [from, to | (flag ? 0x80 : 0)] : [from | (flag ? 0x80 : 0), to];
        machine.assemble(`${mnemonic} %r1,%r2,${i3},${i4},${by}`);
        const after = machine.run({ r: { 1: own, 2: other }, cc: 3 });
        let mask = 0n;
        for (let n = from; ; n = (n + 1) % 64) {
          mask |= 1n << BigInt(63 - n);
          if (n === to) break;
        }
        const turned = unsigned((other << BigInt(by)) | (other >> BigInt(64 - by)), 64);
        const combined = { o: own | turned, n: own & turned, x: own ^ turned }[mnemonic[1]!] ?? turned;
        const rest = insert && flag ? 0n : own & ~mask;
        expect(after.gprs[1]).toBe(!insert && flag ? own : (combined & mask) | rest);
        const code =
          mnemonic === 'risbgn' ? 3 : insert ? signedCode(signed((combined & mask) | rest, 64), 64) : (combined & mask) === 0n ? 0 : 1;
        expect(after.cc).toBe(code);
      }),
      { numRuns: 200 },
    );
  });
});
