/**
 * Multiplication and division (Principles of Operation, chapter 7: MULTIPLY, MULTIPLY LOGICAL, MULTIPLY SINGLE, DIVIDE, DIVIDE LOGICAL,
 * DIVIDE SINGLE). Products come from 32-bit pieces; quotients from numbers where they hold the operands, else from BigInt.
 */
import { ProgramInterruption } from '../../../../base/program-interruption.ts';
import { addressX, load16, load32, mustBeEven } from '../access.ts';
import { highProduct, highSignedProduct } from '../alu.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import { FIXED_POINT_DIVIDE } from '../program-exception.ts';
import type { Handlers } from './handlers.ts';

const TWO_32 = 0x1_0000_0000;

/** Low 64 bits of a product. */
function multiplySingle64(c: Cpu, register: number, hi: number, lo: number): void {
  const low = c.lo[register]!;
  c.hi[register] = highProduct(low, lo) + Math.imul(c.hi[register]!, lo) + Math.imul(low, hi);
  c.lo[register] = Math.imul(low, lo);
}

/** R1 even, 32 bits of R1+1 times a word: the product in bits 32-63 of both. */
function multiply32(c: Cpu, i: Instruction, value: number): void {
  mustBeEven(i.r1);
  const own = c.lo[i.r1 + 1]!;
  c.lo[i.r1] = highSignedProduct(own, value);
  c.lo[i.r1 + 1] = Math.imul(own, value);
}

function multiplyLogical32(c: Cpu, i: Instruction, value: number): void {
  mustBeEven(i.r1);
  const own = c.lo[i.r1 + 1]!;
  c.lo[i.r1] = highProduct(own, value);
  c.lo[i.r1 + 1] = Math.imul(own, value);
}

/** Unsigned 128-bit product of R1+1 and the value: R1 the high half, R1+1 the low one. */
function multiplyLogical64(c: Cpu, register: number, hi: number, lo: number): void {
  const ah = c.hi[register + 1]!;
  const al = c.lo[register + 1]!;
  let middle = (highProduct(al, lo) >>> 0) + (Math.imul(ah, lo) >>> 0) + (Math.imul(al, hi) >>> 0);
  const word1 = middle | 0;
  middle = Math.floor(middle / TWO_32) + (highProduct(ah, lo) >>> 0) + (highProduct(al, hi) >>> 0) + (Math.imul(ah, hi) >>> 0);
  c.lo[register] = middle | 0;
  c.hi[register] = highProduct(ah, hi) + Math.floor(middle / TWO_32);
  c.hi[register + 1] = word1;
  c.lo[register + 1] = Math.imul(al, lo);
}

/** The signed product is the unsigned one less each operand (shifted by 64) for which the other one is negative. */
function multiply64(c: Cpu, i: Instruction, hi: number, lo: number): void {
  const [ah, al] = [c.hi[i.r1 + 1]!, c.lo[i.r1 + 1]!];
  multiplyLogical64(c, i.r1, hi, lo);
  if (hi < 0) takeAway(c, i.r1, ah, al);
  if (ah < 0) takeAway(c, i.r1, hi, lo);
}

function takeAway(c: Cpu, register: number, hi: number, lo: number): void {
  const low = c.lo[register]!;
  c.hi[register] = c.hi[register]! - hi - (low >>> 0 < lo >>> 0 ? 1 : 0);
  c.lo[register] = low - lo;
}

/** MULTIPLY SINGLE of 128 bits with three registers (MGRK). */
function mgrk(c: Cpu, i: Instruction): void {
  mustBeEven(i.r1);
  const [hi, lo] = [c.hi[i.r3]!, c.lo[i.r3]!];
  const [ah, al] = [c.hi[i.r2]!, c.lo[i.r2]!];
  c.hi[i.r1 + 1] = ah;
  c.lo[i.r1 + 1] = al;
  multiply64(c, i, hi, lo);
}

/** The condition code of MSC and its forms: 3 when the product does not fit. */
function product32(c: Cpu, a: number, b: number): number {
  const product = Math.imul(a, b);
  c.cc = highSignedProduct(a, b) !== product >> 31 ? 3 : product === 0 ? 0 : product < 0 ? 1 : 2;
  return product;
}

function checkedProduct64(c: Cpu, i: Instruction, a: bigint, b: bigint): void {
  const product = BigInt.asIntN(64, a * b);
  c.cc = product !== a * b ? 3 : product === 0n ? 0 : product < 0n ? 1 : 2;
  setBig(c, i.r1, product);
}

function big(hi: number, lo: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo >>> 0);
}

function register(c: Cpu, number: number): bigint {
  return big(c.hi[number]!, c.lo[number]!);
}

function setBig(c: Cpu, number: number, value: bigint): void {
  c.hi[number] = Number(BigInt.asIntN(32, value >> 32n));
  c.lo[number] = Number(BigInt.asIntN(32, value));
}

function storage64(c: Cpu, i: Instruction): { hi: number; lo: number } {
  const address = addressX(c, i);
  return { hi: load32(c, address), lo: load32(c, address + 4) };
}

const MULTIPLY_ONLY: Handlers = {
  mr: (c, i) => multiply32(c, i, c.lo[i.r2]!),
  m: (c, i) => {
    mustBeEven(i.r1);
    multiply32(c, i, load32(c, addressX(c, i)));
  },
  mlr: (c, i) => multiplyLogical32(c, i, c.lo[i.r2]!),
  ml: (c, i) => {
    mustBeEven(i.r1);
    multiplyLogical32(c, i, load32(c, addressX(c, i)));
  },
  mlgr: (c, i) => {
    mustBeEven(i.r1);
    multiplyLogical64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!);
  },
  mlg: (c, i) => {
    mustBeEven(i.r1);
    const { hi, lo } = storage64(c, i);
    multiplyLogical64(c, i.r1, hi, lo);
  },
  mg: (c, i) => {
    mustBeEven(i.r1);
    const { hi, lo } = storage64(c, i);
    multiply64(c, i, hi, lo);
  },
  mgrk,
  mh: (c, i) => void (c.lo[i.r1] = Math.imul(c.lo[i.r1]!, load16(c, addressX(c, i)))),
  mhi: (c, i) => void (c.lo[i.r1] = Math.imul(c.lo[i.r1]!, i.i2)),
  mghi: (c, i) => multiplySingle64(c, i.r1, i.i2 >> 31, i.i2),
  mgh: (c, i) => {
    const value = load16(c, addressX(c, i));
    multiplySingle64(c, i.r1, value >> 31, value);
  },
  msr: (c, i) => void (c.lo[i.r1] = Math.imul(c.lo[i.r1]!, c.lo[i.r2]!)),
  ms: (c, i) => void (c.lo[i.r1] = Math.imul(c.lo[i.r1]!, load32(c, addressX(c, i)))),
  msgr: (c, i) => multiplySingle64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!),
  msgfr: (c, i) => multiplySingle64(c, i.r1, c.lo[i.r2]! >> 31, c.lo[i.r2]!),
  msg: (c, i) => {
    const { hi, lo } = storage64(c, i);
    multiplySingle64(c, i.r1, hi, lo);
  },
  msgf: (c, i) => {
    const value = load32(c, addressX(c, i));
    multiplySingle64(c, i.r1, value >> 31, value);
  },
  msrkc: (c, i) => void (c.lo[i.r1] = product32(c, c.lo[i.r2]!, c.lo[i.r3]!)),
  msc: (c, i) => void (c.lo[i.r1] = product32(c, c.lo[i.r1]!, load32(c, addressX(c, i)))),
  msgrkc: (c, i) => checkedProduct64(c, i, register(c, i.r2), register(c, i.r3)),
  msgc: (c, i) => {
    const { hi, lo } = storage64(c, i);
    checkedProduct64(c, i, register(c, i.r1), big(hi, lo));
  },
};

function divideException(why: string): ProgramInterruption {
  return new ProgramInterruption(FIXED_POINT_DIVIDE, why);
}

/** 64 by 32 bits: the remainder goes to R1, the quotient to R1+1. */
function divide32(c: Cpu, i: Instruction, divisor: number): void {
  mustBeEven(i.r1);
  if (divisor === 0) throw divideException('division by zero');
  const dividend = big(c.lo[i.r1]!, c.lo[i.r1 + 1]!);
  const quotient = dividend / BigInt(divisor);
  if (quotient !== BigInt.asIntN(32, quotient)) throw divideException('the quotient needs more than 32 bits');
  c.lo[i.r1] = Number(dividend % BigInt(divisor));
  c.lo[i.r1 + 1] = Number(quotient);
}

function divideLogical32(c: Cpu, i: Instruction, divisor: number): void {
  mustBeEven(i.r1);
  const by = divisor >>> 0;
  const high = c.lo[i.r1]! >>> 0;
  if (high >= by) throw divideException(by === 0 ? 'division by zero' : 'the quotient needs more than 32 bits');
  const low = c.lo[i.r1 + 1]! >>> 0;
  if (high < 0x20_0000) {
    const dividend = high * TWO_32 + low;
    const remainder = dividend % by;
    c.lo[i.r1] = remainder | 0;
    c.lo[i.r1 + 1] = ((dividend - remainder) / by) | 0;
    return;
  }
  const dividend = (BigInt(high) << 32n) | BigInt(low);
  c.lo[i.r1] = Number(BigInt.asIntN(32, dividend % BigInt(by)));
  c.lo[i.r1 + 1] = Number(BigInt.asIntN(32, dividend / BigInt(by)));
}

/** 64 by 64 bits, signed: remainder to R1, quotient to R1+1. */
function divideSingle(c: Cpu, i: Instruction, hi: number, lo: number): void {
  mustBeEven(i.r1);
  if ((hi | lo) === 0) throw divideException('division by zero');
  const [ah, al] = [c.hi[i.r1 + 1]!, c.lo[i.r1 + 1]!];
  if (ah >= 0 && ah < 0x20_0000 && hi >= 0 && hi < 0x20_0000) {
    const dividend = ah * TWO_32 + (al >>> 0);
    setNumbers(c, i.r1, dividend, hi * TWO_32 + (lo >>> 0));
    return;
  }
  const [dividend, divisor] = [big(ah, al), big(hi, lo)];
  const quotient = dividend / divisor;
  if (quotient !== BigInt.asIntN(64, quotient)) throw divideException('the quotient needs more than 64 bits');
  setBig(c, i.r1, dividend % divisor);
  setBig(c, i.r1 + 1, quotient);
}

/** Both are below 2^53. The remainder of numbers is exact, and so is the quotient of a multiple. */
function setNumbers(c: Cpu, register: number, dividend: number, divisor: number): void {
  const remainder = dividend % divisor;
  const quotient = (dividend - remainder) / divisor;
  c.hi[register] = Math.floor(remainder / TWO_32);
  c.lo[register] = remainder | 0;
  c.hi[register + 1] = Math.floor(quotient / TWO_32);
  c.lo[register + 1] = quotient | 0;
}

/** 128 by 64 bits, unsigned. */
function divideLogical64(c: Cpu, i: Instruction, hi: number, lo: number): void {
  mustBeEven(i.r1);
  if ((hi | lo) === 0) throw divideException('division by zero');
  const [ah, al] = [c.hi[i.r1 + 1]! >>> 0, c.lo[i.r1 + 1]! >>> 0];
  if ((c.hi[i.r1]! | c.lo[i.r1]!) === 0 && ah < 0x20_0000 && hi >>> 0 < 0x20_0000) {
    setNumbers(c, i.r1, ah * TWO_32 + al, hi * TWO_32 + (lo >>> 0));
    return;
  }
  const divisor = BigInt.asUintN(64, big(hi, lo));
  const dividend = (BigInt.asUintN(64, register(c, i.r1)) << 64n) | BigInt.asUintN(64, register(c, i.r1 + 1));
  const quotient = dividend / divisor;
  if (quotient >> 64n !== 0n) throw divideException('the quotient needs more than 64 bits');
  setBig(c, i.r1, dividend % divisor);
  setBig(c, i.r1 + 1, quotient);
}

/** An odd R1 is refused before storage is looked at. */
const DIVIDE: Handlers = {
  dr: (c, i) => divide32(c, i, c.lo[i.r2]!),
  d: (c, i) => {
    mustBeEven(i.r1);
    divide32(c, i, load32(c, addressX(c, i)));
  },
  dlr: (c, i) => divideLogical32(c, i, c.lo[i.r2]!),
  dl: (c, i) => {
    mustBeEven(i.r1);
    divideLogical32(c, i, load32(c, addressX(c, i)));
  },
  dsgr: (c, i) => divideSingle(c, i, c.hi[i.r2]!, c.lo[i.r2]!),
  dsgfr: (c, i) => divideSingle(c, i, c.lo[i.r2]! >> 31, c.lo[i.r2]!),
  dsg: (c, i) => {
    mustBeEven(i.r1);
    const { hi, lo } = storage64(c, i);
    divideSingle(c, i, hi, lo);
  },
  dsgf: (c, i) => {
    mustBeEven(i.r1);
    const value = load32(c, addressX(c, i));
    divideSingle(c, i, value >> 31, value);
  },
  dlgr: (c, i) => divideLogical64(c, i, c.hi[i.r2]!, c.lo[i.r2]!),
  dlg: (c, i) => {
    mustBeEven(i.r1);
    const { hi, lo } = storage64(c, i);
    divideLogical64(c, i, hi, lo);
  },
};

export const MULTIPLY: Handlers = {
  ...MULTIPLY_ONLY,
  ...DIVIDE,
  mfy: MULTIPLY_ONLY['m']!,
  mhy: MULTIPLY_ONLY['mh']!,
  msy: MULTIPLY_ONLY['ms']!,
  msfi: MULTIPLY_ONLY['mhi']!,
  msgfi: MULTIPLY_ONLY['mghi']!,
};
