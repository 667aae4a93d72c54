/**
 * AND, OR, EXCLUSIVE OR and their complements on registers, immediates and bytes in storage; TEST UNDER MASK; counting of bits
 * (Principles of Operation, chapter 7).
 */
import { address1, address2, addressX, load32, load8, mustBeEven, store8 } from '../access.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import type { Handlers } from './handlers.ts';

/** Condition code 1 when any bit of the result is one. */
function result32(c: Cpu, register: number, value: number): void {
  c.lo[register] = value;
  c.cc = value === 0 ? 0 : 1;
}

function result64(c: Cpu, register: number, hi: number, lo: number): void {
  c.hi[register] = hi;
  c.lo[register] = lo;
  c.cc = (hi | lo) === 0 ? 0 : 1;
}

const REGISTER: Handlers = {
  nr: (c, i) => result32(c, i.r1, c.lo[i.r1]! & c.lo[i.r2]!),
  or: (c, i) => result32(c, i.r1, c.lo[i.r1]! | c.lo[i.r2]!),
  xr: (c, i) => result32(c, i.r1, c.lo[i.r1]! ^ c.lo[i.r2]!),
  ngr: (c, i) => result64(c, i.r1, c.hi[i.r1]! & c.hi[i.r2]!, c.lo[i.r1]! & c.lo[i.r2]!),
  ogr: (c, i) => result64(c, i.r1, c.hi[i.r1]! | c.hi[i.r2]!, c.lo[i.r1]! | c.lo[i.r2]!),
  xgr: (c, i) => result64(c, i.r1, c.hi[i.r1]! ^ c.hi[i.r2]!, c.lo[i.r1]! ^ c.lo[i.r2]!),
  nrk: (c, i) => result32(c, i.r1, c.lo[i.r2]! & c.lo[i.r3]!),
  ork: (c, i) => result32(c, i.r1, c.lo[i.r2]! | c.lo[i.r3]!),
  xrk: (c, i) => result32(c, i.r1, c.lo[i.r2]! ^ c.lo[i.r3]!),
  ngrk: (c, i) => result64(c, i.r1, c.hi[i.r2]! & c.hi[i.r3]!, c.lo[i.r2]! & c.lo[i.r3]!),
  ogrk: (c, i) => result64(c, i.r1, c.hi[i.r2]! | c.hi[i.r3]!, c.lo[i.r2]! | c.lo[i.r3]!),
  xgrk: (c, i) => result64(c, i.r1, c.hi[i.r2]! ^ c.hi[i.r3]!, c.lo[i.r2]! ^ c.lo[i.r3]!),
  ncrk: (c, i) => result32(c, i.r1, c.lo[i.r2]! & ~c.lo[i.r3]!),
  ncgrk: (c, i) => result64(c, i.r1, c.hi[i.r2]! & ~c.hi[i.r3]!, c.lo[i.r2]! & ~c.lo[i.r3]!),
  ocrk: (c, i) => result32(c, i.r1, c.lo[i.r2]! | ~c.lo[i.r3]!),
  ocgrk: (c, i) => result64(c, i.r1, c.hi[i.r2]! | ~c.hi[i.r3]!, c.lo[i.r2]! | ~c.lo[i.r3]!),
  nnrk: (c, i) => result32(c, i.r1, ~(c.lo[i.r2]! & c.lo[i.r3]!)),
  nngrk: (c, i) => result64(c, i.r1, ~(c.hi[i.r2]! & c.hi[i.r3]!), ~(c.lo[i.r2]! & c.lo[i.r3]!)),
  nork: (c, i) => result32(c, i.r1, ~(c.lo[i.r2]! | c.lo[i.r3]!)),
  nogrk: (c, i) => result64(c, i.r1, ~(c.hi[i.r2]! | c.hi[i.r3]!), ~(c.lo[i.r2]! | c.lo[i.r3]!)),
  nxrk: (c, i) => result32(c, i.r1, ~(c.lo[i.r2]! ^ c.lo[i.r3]!)),
  nxgrk: (c, i) => result64(c, i.r1, ~(c.hi[i.r2]! ^ c.hi[i.r3]!), ~(c.lo[i.r2]! ^ c.lo[i.r3]!)),
};

const STORAGE: Handlers = {
  n: (c, i) => result32(c, i.r1, c.lo[i.r1]! & load32(c, addressX(c, i))),
  o: (c, i) => result32(c, i.r1, c.lo[i.r1]! | load32(c, addressX(c, i))),
  x: (c, i) => result32(c, i.r1, c.lo[i.r1]! ^ load32(c, addressX(c, i))),
  ng: (c, i) => {
    const address = addressX(c, i);
    const hi = load32(c, address);
    result64(c, i.r1, c.hi[i.r1]! & hi, c.lo[i.r1]! & load32(c, address + 4));
  },
  og: (c, i) => {
    const address = addressX(c, i);
    const hi = load32(c, address);
    result64(c, i.r1, c.hi[i.r1]! | hi, c.lo[i.r1]! | load32(c, address + 4));
  },
  xg: (c, i) => {
    const address = addressX(c, i);
    const hi = load32(c, address);
    result64(c, i.r1, c.hi[i.r1]! ^ hi, c.lo[i.r1]! ^ load32(c, address + 4));
  },
};

function high(c: Cpu, register: number, value: number): void {
  c.hi[register] = value;
  c.cc = value === 0 ? 0 : 1;
}

/** A result of which only 16 bits count for the condition code. */
function half(c: Cpu, value: number): void {
  c.cc = value === 0 ? 0 : 1;
}

const IMMEDIATE: Handlers = {
  nilf: (c, i) => result32(c, i.r1, c.lo[i.r1]! & i.i2),
  nihf: (c, i) => high(c, i.r1, c.hi[i.r1]! & i.i2),
  oilf: (c, i) => result32(c, i.r1, c.lo[i.r1]! | i.i2),
  oihf: (c, i) => high(c, i.r1, c.hi[i.r1]! | i.i2),
  xilf: (c, i) => result32(c, i.r1, c.lo[i.r1]! ^ i.i2),
  xihf: (c, i) => high(c, i.r1, c.hi[i.r1]! ^ i.i2),
  nill: (c, i) => half(c, (c.lo[i.r1] = c.lo[i.r1]! & (i.i2 | ~0xffff)) & 0xffff),
  nilh: (c, i) => half(c, (c.lo[i.r1] = c.lo[i.r1]! & ((i.i2 << 16) | 0xffff)) & ~0xffff),
  nihl: (c, i) => half(c, (c.hi[i.r1] = c.hi[i.r1]! & (i.i2 | ~0xffff)) & 0xffff),
  nihh: (c, i) => half(c, (c.hi[i.r1] = c.hi[i.r1]! & ((i.i2 << 16) | 0xffff)) & ~0xffff),
  oill: (c, i) => half(c, (c.lo[i.r1] = c.lo[i.r1]! | i.i2) & 0xffff),
  oilh: (c, i) => half(c, (c.lo[i.r1] = c.lo[i.r1]! | (i.i2 << 16)) & ~0xffff),
  oihl: (c, i) => half(c, (c.hi[i.r1] = c.hi[i.r1]! | i.i2) & 0xffff),
  oihh: (c, i) => half(c, (c.hi[i.r1] = c.hi[i.r1]! | (i.i2 << 16)) & ~0xffff),
};

function storeByte(c: Cpu, address: number, value: number): void {
  store8(c, address, value);
  c.cc = value === 0 ? 0 : 1;
}

const BYTE: Handlers = {
  ni: (c, i) => {
    const address = address1(c, i);
    storeByte(c, address, load8(c, address) & i.i2);
  },
  oi: (c, i) => {
    const address = address1(c, i);
    storeByte(c, address, load8(c, address) | i.i2);
  },
  xi: (c, i) => {
    const address = address1(c, i);
    storeByte(c, address, load8(c, address) ^ i.i2);
  },
  tm: (c, i) => {
    const bits = load8(c, address1(c, i)) & i.i2;
    c.cc = bits === 0 ? 0 : bits === i.i2 ? 3 : 1;
  },
  /** TEST AND SET: the leftmost bit tells, the byte becomes ones. */
  ts: (c, i) => {
    const address = address2(c, i);
    const value = load8(c, address);
    store8(c, address, 0xff);
    c.cc = value >> 7;
  },
};

/** TEST UNDER MASK of 16 bits: mixed ones tell by the leftmost selected bit: 1 when it is zero, 2 when it is one. */
function testHalf(c: Cpu, value: number, mask: number): void {
  const bits = value & mask;
  if (bits === 0) c.cc = 0;
  else if (bits === mask) c.cc = 3;
  else c.cc = Math.clz32(bits) === Math.clz32(mask) ? 2 : 1;
}

function bytesOfOnes(value: number): number {
  let v = value - ((value >>> 1) & 0x5555_5555);
  v = (v & 0x3333_3333) + ((v >>> 2) & 0x3333_3333);
  return (v + (v >>> 4)) & 0x0f0f_0f0f;
}

/** FIND LEFTMOST ONE: the bit's number (64: none) to R1, the operand without it to R1+1. */
function flogr(c: Cpu, i: Instruction): void {
  mustBeEven(i.r1);
  let hi = c.hi[i.r2]!;
  let lo = c.lo[i.r2]!;
  const bit = hi !== 0 ? Math.clz32(hi) : 32 + Math.clz32(lo);
  if (hi !== 0) hi &= ~(0x8000_0000 >>> bit);
  else if (lo !== 0) lo &= ~(0x8000_0000 >>> (bit - 32));
  c.hi[i.r1] = 0;
  c.lo[i.r1] = bit;
  c.hi[i.r1 + 1] = hi;
  c.lo[i.r1 + 1] = lo;
  c.cc = bit === 64 ? 0 : 2;
}

/** POPULATION COUNT of each byte; with bit 0 of M3, of the whole doubleword (miscellaneous-instruction-extensions facility 3). */
function popcnt(c: Cpu, i: Instruction): void {
  const hi = bytesOfOnes(c.hi[i.r2]!);
  const lo = bytesOfOnes(c.lo[i.r2]!);
  if ((i.m3 & 8) === 0) result64(c, i.r1, hi, lo);
  else result64(c, i.r1, 0, (Math.imul(hi, 0x0101_0101) >>> 24) + (Math.imul(lo, 0x0101_0101) >>> 24));
}

export const LOGICAL: Handlers = {
  ...REGISTER,
  ...STORAGE,
  ...IMMEDIATE,
  ...BYTE,
  ny: STORAGE['n']!,
  oy: STORAGE['o']!,
  xy: STORAGE['x']!,
  niy: BYTE['ni']!,
  oiy: BYTE['oi']!,
  xiy: BYTE['xi']!,
  tmy: BYTE['tm']!,
  tmll: (c, i) => testHalf(c, c.lo[i.r1]! & 0xffff, i.i2),
  tmlh: (c, i) => testHalf(c, c.lo[i.r1]! >>> 16, i.i2),
  tmhl: (c, i) => testHalf(c, c.hi[i.r1]! & 0xffff, i.i2),
  tmhh: (c, i) => testHalf(c, c.hi[i.r1]! >>> 16, i.i2),
  flogr,
  popcnt,
};
