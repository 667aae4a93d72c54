/**
 * Shifts of 32, 64 and 64 bits in pairs, rotations, and ROTATE THEN ... SELECTED BITS (Principles of Operation, chapter 7). The amount is
 * the last six bits of the second operand address.
 */
import { mustBeEven } from '../access.ts';
import { signed32, signed64, trapOverflow } from '../alu.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import type { Handlers } from './handlers.ts';

function amount(c: Cpu, i: Instruction): number {
  return (i.b2 === 0 ? i.d2 : c.lo[i.b2]! + i.d2) & 63;
}

function left(value: number, by: number): number {
  return by > 31 ? 0 : value << by;
}

function right(value: number, by: number): number {
  return by > 31 ? 0 : value >>> by;
}

function rightSigned(value: number, by: number): number {
  return by > 31 ? value >> 31 : value >> by;
}

/** High word of a doubleword shifted left by 0 to 63; the low one is `left(lo, by)`. */
function leftHigh(hi: number, lo: number, by: number): number {
  if (by > 31) return lo << (by - 32);
  return by === 0 ? hi : (hi << by) | (lo >>> (32 - by));
}

/** Low word of a doubleword shifted right by 0 to 63, with these bits above it. */
function rightLow(hi: number, lo: number, by: number): number {
  if (by > 31) return hi >>> (by - 32);
  return by === 0 ? lo : (lo >>> by) | (hi << (32 - by));
}

/** The sign stays; condition code 3 when a bit leaves that differs from it: when not all of the first `by + 1` bits were the same. */
function leftArithmetic32(c: Cpu, register: number, value: number, by: number): void {
  const result = (value & 0x8000_0000) | (left(value, by) & 0x7fff_ffff);
  c.lo[register] = result;
  if (by < 32 ? (value << by) >> by === value : value === 0) signed32(c, result);
  else c.cc = 3;
  trapOverflow(c);
}

/** Does a doubleword lose nothing but copies of its sign by this shift? */
function fits64(hi: number, lo: number, by: number): boolean {
  if (by > 31) return hi === hi >> 31 && lo >> 31 === hi >> 31 && (lo << (by - 32)) >> (by - 32) === lo;
  return (hi << by) >> by === hi;
}

/** The sign stays, as with 32 bits. The interruption is up to the caller, when the result is in place. */
function leftArithmetic64(c: Cpu, hi: number, lo: number, by: number): { hi: number; lo: number } {
  const high = (hi & 0x8000_0000) | (leftHigh(hi, lo, by) & 0x7fff_ffff);
  const low = left(lo, by);
  if (fits64(hi, lo, by)) signed64(c, high, low);
  else c.cc = 3;
  return { hi: high, lo: low };
}

function sll64(c: Cpu, i: Instruction): void {
  const by = amount(c, i);
  const hi = c.hi[i.r3]!;
  const lo = c.lo[i.r3]!;
  c.hi[i.r1] = leftHigh(hi, lo, by);
  c.lo[i.r1] = left(lo, by);
}

function srl64(c: Cpu, i: Instruction): void {
  const by = amount(c, i);
  const hi = c.hi[i.r3]!;
  c.lo[i.r1] = rightLow(hi, c.lo[i.r3]!, by);
  c.hi[i.r1] = right(hi, by);
}

/** What enters from the left of the low word when more than 31 bits leave the high one are signs. */
function rightArithmeticLow(hi: number, lo: number, by: number): number {
  return by > 31 ? hi >> (by - 32) : rightLow(hi, lo, by);
}

const SINGLE: Handlers = {
  sll: (c, i) => void (c.lo[i.r1] = left(c.lo[i.r1]!, amount(c, i))),
  srl: (c, i) => void (c.lo[i.r1] = right(c.lo[i.r1]!, amount(c, i))),
  sra: (c, i) => signed32(c, (c.lo[i.r1] = rightSigned(c.lo[i.r1]!, amount(c, i)))),
  sla: (c, i) => leftArithmetic32(c, i.r1, c.lo[i.r1]!, amount(c, i)),
  sllk: (c, i) => void (c.lo[i.r1] = left(c.lo[i.r3]!, amount(c, i))),
  srlk: (c, i) => void (c.lo[i.r1] = right(c.lo[i.r3]!, amount(c, i))),
  srak: (c, i) => signed32(c, (c.lo[i.r1] = rightSigned(c.lo[i.r3]!, amount(c, i)))),
  slak: (c, i) => leftArithmetic32(c, i.r1, c.lo[i.r3]!, amount(c, i)),
  sllg: sll64,
  srlg: srl64,
  srag: (c, i) => {
    const by = amount(c, i);
    const hi = c.hi[i.r3]!;
    const lo = rightArithmeticLow(hi, c.lo[i.r3]!, by);
    c.hi[i.r1] = rightSigned(hi, by);
    c.lo[i.r1] = lo;
    signed64(c, c.hi[i.r1]!, lo);
  },
  slag: (c, i) => {
    const { hi, lo } = leftArithmetic64(c, c.hi[i.r3]!, c.lo[i.r3]!, amount(c, i));
    c.hi[i.r1] = hi;
    c.lo[i.r1] = lo;
    trapOverflow(c);
  },
  rll: (c, i) => {
    const by = amount(c, i) & 31;
    const value = c.lo[i.r3]!;
    c.lo[i.r1] = (value << by) | (by === 0 ? 0 : value >>> (32 - by));
  },
  rllg: (c, i) => {
    const by = amount(c, i);
    const hi = c.hi[i.r3]!;
    const lo = c.lo[i.r3]!;
    c.hi[i.r1] = rotated(hi, lo, by);
    c.lo[i.r1] = rotated(lo, hi, by);
  },
};

/** One word of a doubleword rotated left by 0 to 63; `other` is the word that follows it in the circle. */
function rotated(word: number, other: number, by: number): number {
  const rest = by & 31;
  const first = by > 31 ? other : word;
  return rest === 0 ? first : (first << rest) | ((by > 31 ? word : other) >>> (32 - rest));
}

/** Bits 32-63 of an even register and the next one. */
const DOUBLE: Handlers = {
  sldl: (c, i) => {
    mustBeEven(i.r1);
    const by = amount(c, i);
    const lo = c.lo[i.r1 + 1]!;
    c.lo[i.r1] = leftHigh(c.lo[i.r1]!, lo, by);
    c.lo[i.r1 + 1] = left(lo, by);
  },
  srdl: (c, i) => {
    mustBeEven(i.r1);
    const by = amount(c, i);
    const hi = c.lo[i.r1]!;
    c.lo[i.r1 + 1] = rightLow(hi, c.lo[i.r1 + 1]!, by);
    c.lo[i.r1] = right(hi, by);
  },
  srda: (c, i) => {
    mustBeEven(i.r1);
    const by = amount(c, i);
    const hi = c.lo[i.r1]!;
    c.lo[i.r1 + 1] = rightArithmeticLow(hi, c.lo[i.r1 + 1]!, by);
    c.lo[i.r1] = rightSigned(hi, by);
    signed64(c, c.lo[i.r1]!, c.lo[i.r1 + 1]!);
  },
  slda: (c, i) => {
    mustBeEven(i.r1);
    const { hi, lo } = leftArithmetic64(c, c.lo[i.r1]!, c.lo[i.r1 + 1]!, amount(c, i));
    c.lo[i.r1] = hi;
    c.lo[i.r1 + 1] = lo;
    trapOverflow(c);
  },
};

/** Bits `from` to `to` (0-63, around the end when `to` is less) of one word: the high one, or with `first` 32 the low one. */
function selection(from: number, to: number, first: number): number {
  let mask = 0;
  for (let bit = 0; bit < 32; bit++) {
    const number = first + bit;
    if (from <= to ? number >= from && number <= to : number >= from || number <= to) mask |= 0x8000_0000 >>> bit;
  }
  return mask;
}

/** Masks of selected bits, for `from` and `to`: high words first, then low ones. */
const SELECTIONS = new Int32Array(2 * 64 * 64);
for (let from = 0; from < 64; from++) {
  for (let to = 0; to < 64; to++) {
    SELECTIONS[from * 64 + to] = selection(from, to, 0);
    SELECTIONS[4096 + from * 64 + to] = selection(from, to, 32);
  }
}

/** Inserts: selected bits come from R2 rotated, others stay, or become zero with the Z bit (bit 0 of I4). */
function insertSelected(c: Cpu, i: Instruction): void {
  const at = (i.i3 & 63) * 64 + (i.i4 & 63);
  const by = i.i5 & 63;
  const hi = rotated(c.hi[i.r2]!, c.lo[i.r2]!, by);
  const lo = rotated(c.lo[i.r2]!, c.hi[i.r2]!, by);
  const maskHi = SELECTIONS[at]!;
  const maskLo = SELECTIONS[4096 + at]!;
  const keep = (i.i4 & 0x80) === 0 ? -1 : 0;
  c.hi[i.r1] = (hi & maskHi) | (c.hi[i.r1]! & ~maskHi & keep);
  c.lo[i.r1] = (lo & maskLo) | (c.lo[i.r1]! & ~maskLo & keep);
}

/** The same on one word of 32 bits, of which I3 and I4 number the bits. */
function insertWord(i: Instruction, own: number, rotatedWord: number): number {
  const mask = SELECTIONS[(i.i3 & 31) * 64 + (i.i4 & 31)]!;
  return (rotatedWord & mask) | ((i.i4 & 0x80) === 0 ? own & ~mask : 0);
}

type Combine = (own: number, other: number) => number;

/** AND, OR, EXCLUSIVE OR of selected bits; the T bit (bit 0 of I3) leaves R1 as it is. The condition code is that of the selected bits. */
function combineSelected(c: Cpu, i: Instruction, combine: Combine): void {
  const at = (i.i3 & 63) * 64 + (i.i4 & 63);
  const by = i.i5 & 63;
  const maskHi = SELECTIONS[at]!;
  const maskLo = SELECTIONS[4096 + at]!;
  const hi = combine(c.hi[i.r1]!, rotated(c.hi[i.r2]!, c.lo[i.r2]!, by)) & maskHi;
  const lo = combine(c.lo[i.r1]!, rotated(c.lo[i.r2]!, c.hi[i.r2]!, by)) & maskLo;
  c.cc = (hi | lo) === 0 ? 0 : 1;
  if ((i.i3 & 0x80) !== 0) return;
  c.hi[i.r1] = hi | (c.hi[i.r1]! & ~maskHi);
  c.lo[i.r1] = lo | (c.lo[i.r1]! & ~maskLo);
}

const ROTATE_THEN: Handlers = {
  risbg: (c, i) => {
    insertSelected(c, i);
    signed64(c, c.hi[i.r1]!, c.lo[i.r1]!);
  },
  risbgn: insertSelected,
  risbhg: (c, i) => void (c.hi[i.r1] = insertWord(i, c.hi[i.r1]!, rotated(c.hi[i.r2]!, c.lo[i.r2]!, i.i5 & 63))),
  risblg: (c, i) => void (c.lo[i.r1] = insertWord(i, c.lo[i.r1]!, rotated(c.lo[i.r2]!, c.hi[i.r2]!, i.i5 & 63))),
  rnsbg: (c, i) => combineSelected(c, i, (own, other) => own & other),
  rosbg: (c, i) => combineSelected(c, i, (own, other) => own | other),
  rxsbg: (c, i) => combineSelected(c, i, (own, other) => own ^ other),
};

export const SHIFT: Handlers = { ...SINGLE, ...DOUBLE, ...ROTATE_THEN };
