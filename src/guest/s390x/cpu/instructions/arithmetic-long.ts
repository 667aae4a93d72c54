/**
 * Signed and logical addition and subtraction of 64 bits, and the sign operations (Principles of Operation, chapter 7; mnemonics with G).
 */
import { address1, addressX, checkStore, load16, load32, store64 } from '../access.ts';
import { add64, addLogical64, addWithCarry64, difference64, signed64, subtract64, subtractLogical64, sum64, trapOverflow } from '../alu.ts';
import { SCRATCH, type Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import type { Handlers } from './handlers.ts';

/** An operation on a register and 64 bits. */
type Sum = (c: Cpu, register: number, hi: number, lo: number) => void;

function storage(c: Cpu, i: Instruction, sum: Sum): void {
  const address = addressX(c, i);
  const hi = load32(c, address);
  sum(c, i.r1, hi, load32(c, address + 4));
}

/** Three registers; R1 may be one of the others. */
function distinct(c: Cpu, i: Instruction, sum: Sum): void {
  const hi = c.hi[i.r3]!;
  const lo = c.lo[i.r3]!;
  c.hi[i.r1] = c.hi[i.r2]!;
  c.lo[i.r1] = c.lo[i.r2]!;
  sum(c, i.r1, hi, lo);
}

function immediate(c: Cpu, i: Instruction, sum: Sum): void {
  c.hi[i.r1] = c.hi[i.r3]!;
  c.lo[i.r1] = c.lo[i.r3]!;
  sum(c, i.r1, i.i2 >> 31, i.i2);
}

/** An immediate added to storage. */
function inPlace(c: Cpu, i: Instruction, sum: Sum): void {
  const address = address1(c, i);
  const hi = load32(c, address);
  const lo = load32(c, address + 4);
  checkStore(c, address, 8);
  c.hi[SCRATCH] = hi;
  c.lo[SCRATCH] = lo;
  sum(c, SCRATCH, i.i2 >> 31, i.i2);
  store64(c, address, c.hi[SCRATCH]!, c.lo[SCRATCH]!);
}

const SIGNED: Handlers = {
  agr: (c, i) => add64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!),
  agfr: (c, i) => add64(c, i.r1, c.lo[i.r2]! >> 31, c.lo[i.r2]!),
  ag: (c, i) => storage(c, i, add64),
  agf: (c, i) => {
    const value = load32(c, addressX(c, i));
    add64(c, i.r1, value >> 31, value);
  },
  agh: (c, i) => {
    const value = load16(c, addressX(c, i));
    add64(c, i.r1, value >> 31, value);
  },
  aghi: (c, i) => add64(c, i.r1, i.i2 >> 31, i.i2),
  sgr: (c, i) => subtract64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!),
  sgfr: (c, i) => subtract64(c, i.r1, c.lo[i.r2]! >> 31, c.lo[i.r2]!),
  sg: (c, i) => storage(c, i, subtract64),
  sgf: (c, i) => {
    const value = load32(c, addressX(c, i));
    subtract64(c, i.r1, value >> 31, value);
  },
  sgh: (c, i) => {
    const value = load16(c, addressX(c, i));
    subtract64(c, i.r1, value >> 31, value);
  },
  agrk: (c, i) => distinct(c, i, add64),
  sgrk: (c, i) => distinct(c, i, subtract64),
  aghik: (c, i) => immediate(c, i, add64),
  agsi: (c, i) => {
    inPlace(c, i, sum64);
    trapOverflow(c);
  },
};

const LOGICAL: Handlers = {
  algr: (c, i) => addLogical64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!),
  algfr: (c, i) => addLogical64(c, i.r1, 0, c.lo[i.r2]!),
  alg: (c, i) => storage(c, i, addLogical64),
  algf: (c, i) => addLogical64(c, i.r1, 0, load32(c, addressX(c, i))),
  algfi: (c, i) => addLogical64(c, i.r1, 0, i.i2),
  slgr: (c, i) => subtractLogical64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!),
  slgfr: (c, i) => subtractLogical64(c, i.r1, 0, c.lo[i.r2]!),
  slg: (c, i) => storage(c, i, subtractLogical64),
  slgf: (c, i) => subtractLogical64(c, i.r1, 0, load32(c, addressX(c, i))),
  slgfi: (c, i) => subtractLogical64(c, i.r1, 0, i.i2),
  algrk: (c, i) => distinct(c, i, addLogical64),
  slgrk: (c, i) => distinct(c, i, subtractLogical64),
  alghsik: (c, i) => immediate(c, i, addLogical64),
  algsi: (c, i) => inPlace(c, i, addLogical64),
  alcgr: (c, i) => addWithCarry64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!),
  alcg: (c, i) => storage(c, i, addWithCarry64),
  slbgr: (c, i) => addWithCarry64(c, i.r1, ~c.hi[i.r2]!, ~c.lo[i.r2]!),
  slbg: (c, i) => {
    const address = addressX(c, i);
    const hi = load32(c, address);
    addWithCarry64(c, i.r1, ~hi, ~load32(c, address + 4));
  },
};

/** Zero minus the value, into R1. */
function complement(c: Cpu, register: number, hi: number, lo: number): void {
  c.hi[register] = 0;
  c.lo[register] = 0;
  difference64(c, register, hi, lo);
}

function positive(c: Cpu, register: number, hi: number, lo: number): void {
  if (hi < 0) complement(c, register, hi, lo);
  else {
    c.hi[register] = hi;
    c.lo[register] = lo;
    signed64(c, hi, lo);
  }
  trapOverflow(c);
}

function negative(c: Cpu, register: number, hi: number, lo: number): void {
  if (hi >= 0) complement(c, register, hi, lo);
  else {
    c.hi[register] = hi;
    c.lo[register] = lo;
    signed64(c, hi, lo);
  }
}

const SIGN: Handlers = {
  lcgr: (c, i) => {
    complement(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!);
    trapOverflow(c);
  },
  lcgfr: (c, i) => complement(c, i.r1, c.lo[i.r2]! >> 31, c.lo[i.r2]!),
  lpgr: (c, i) => positive(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!),
  lpgfr: (c, i) => positive(c, i.r1, c.lo[i.r2]! >> 31, c.lo[i.r2]!),
  lngr: (c, i) => negative(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!),
  lngfr: (c, i) => negative(c, i.r1, c.lo[i.r2]! >> 31, c.lo[i.r2]!),
};

export const ARITHMETIC_LONG: Handlers = {
  ...SIGNED,
  ...LOGICAL,
  ...SIGN,
  agfi: SIGNED['aghi']!,
};
