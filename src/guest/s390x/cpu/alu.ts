/**
 * Arithmetic on pairs of 32-bit numbers with the condition codes of the Principles of Operation, chapter 7. The first operand is a general
 * register (or the scratch one), the second comes as a value; the result replaces the first operand. No kernel counterpart.
 */
import { ProgramInterruption } from '../../../base/program-interruption.ts';
import type { Cpu } from './cpu.ts';
import { FIXED_POINT_OVERFLOW } from './program-exception.ts';

/** Condition code of a signed result: 0 zero, 1 negative, 2 positive. */
export function signed32(cpu: Cpu, value: number): void {
  cpu.cc = value === 0 ? 0 : value < 0 ? 1 : 2;
}

export function signed64(cpu: Cpu, hi: number, lo: number): void {
  cpu.cc = hi < 0 ? 1 : (hi | lo) === 0 ? 0 : 2;
}

/** Condition code of a logical comparison and of a signed one: 0 equal, 1 low, 2 high. */
export function compare(cpu: Cpu, a: number, b: number): void {
  cpu.cc = a === b ? 0 : a < b ? 1 : 2;
}

/** -1, 0, 1 as the general register is less than, equal to, or greater than the value, as 64-bit signed numbers. */
export function order64(cpu: Cpu, register: number, hi: number, lo: number): number {
  const high = cpu.hi[register]!;
  if (high !== hi) return high < hi ? -1 : 1;
  const low = cpu.lo[register]! >>> 0;
  return low === lo >>> 0 ? 0 : low < lo >>> 0 ? -1 : 1;
}

/** The same as 64-bit unsigned numbers. */
export function orderLogical64(cpu: Cpu, register: number, hi: number, lo: number): number {
  const high = cpu.hi[register]! >>> 0;
  if (high !== hi >>> 0) return high < hi >>> 0 ? -1 : 1;
  const low = cpu.lo[register]! >>> 0;
  return low === lo >>> 0 ? 0 : low < lo >>> 0 ? -1 : 1;
}

/** The condition code that belongs to an order. */
export function ordered(cpu: Cpu, order: number): void {
  cpu.cc = order === 0 ? 0 : order < 0 ? 1 : 2;
}

/** After a signed operation with condition code 3: an interruption when the program mask asks for it. The result is in place. */
export function trapOverflow(cpu: Cpu): void {
  if (cpu.cc === 3 && (cpu.programMask & 8) !== 0) throw new ProgramInterruption(FIXED_POINT_OVERFLOW, 'fixed-point overflow');
}

/** The sum with the condition code, without the interruption. */
export function sum32(cpu: Cpu, a: number, b: number): number {
  const sum = (a + b) | 0;
  cpu.cc = ((a ^ sum) & (b ^ sum)) < 0 ? 3 : sum === 0 ? 0 : sum < 0 ? 1 : 2;
  return sum;
}

export function difference32(cpu: Cpu, a: number, b: number): number {
  const difference = (a - b) | 0;
  cpu.cc = ((a ^ b) & (a ^ difference)) < 0 ? 3 : difference === 0 ? 0 : difference < 0 ? 1 : 2;
  return difference;
}

export function add32(cpu: Cpu, register: number, value: number): void {
  cpu.lo[register] = sum32(cpu, cpu.lo[register]!, value);
  if (cpu.cc === 3) trapOverflow(cpu);
}

export function subtract32(cpu: Cpu, register: number, value: number): void {
  cpu.lo[register] = difference32(cpu, cpu.lo[register]!, value);
  if (cpu.cc === 3) trapOverflow(cpu);
}

/** Logical sum with a carry coming in (0 or 1): condition code 0 zero, 1 not zero, 2 zero with carry, 3 not zero with carry. */
export function logicalSum32(cpu: Cpu, a: number, b: number, carry: number): number {
  const sum = (a + b + carry) | 0;
  cpu.cc = ((((a & b) | ((a | b) & ~sum)) >>> 31) << 1) | (sum === 0 ? 0 : 1);
  return sum;
}

export function addLogical32(cpu: Cpu, register: number, value: number): void {
  cpu.lo[register] = logicalSum32(cpu, cpu.lo[register]!, value, 0);
}

export function subtractLogical32(cpu: Cpu, register: number, value: number): void {
  cpu.lo[register] = logicalSum32(cpu, cpu.lo[register]!, ~value, 1);
}

/** The sum of 64 bits with the condition code, without the interruption. */
export function sum64(cpu: Cpu, register: number, hi: number, lo: number): void {
  const a = cpu.hi[register]!;
  const low = cpu.lo[register]!;
  const sumLow = (low + lo) | 0;
  const sum = (a + hi + (((low & lo) | ((low | lo) & ~sumLow)) >>> 31)) | 0;
  cpu.lo[register] = sumLow;
  cpu.hi[register] = sum;
  cpu.cc = ((a ^ sum) & (hi ^ sum)) < 0 ? 3 : sum < 0 ? 1 : (sum | sumLow) === 0 ? 0 : 2;
}

export function difference64(cpu: Cpu, register: number, hi: number, lo: number): void {
  const a = cpu.hi[register]!;
  const low = cpu.lo[register]!;
  const low2 = (low - lo) | 0;
  const difference = (a - hi - (low >>> 0 < lo >>> 0 ? 1 : 0)) | 0;
  cpu.lo[register] = low2;
  cpu.hi[register] = difference;
  cpu.cc = ((a ^ hi) & (a ^ difference)) < 0 ? 3 : difference < 0 ? 1 : (difference | low2) === 0 ? 0 : 2;
}

export function add64(cpu: Cpu, register: number, hi: number, lo: number): void {
  sum64(cpu, register, hi, lo);
  if (cpu.cc === 3) trapOverflow(cpu);
}

export function subtract64(cpu: Cpu, register: number, hi: number, lo: number): void {
  difference64(cpu, register, hi, lo);
  if (cpu.cc === 3) trapOverflow(cpu);
}

/** Logical 64-bit sum with the carry, or without the borrow, that the condition code tells of: of an earlier operation. */
export function addWithCarry64(cpu: Cpu, register: number, hi: number, lo: number): void {
  const a = cpu.hi[register]!;
  const low = cpu.lo[register]!;
  const sumLow = (low + lo + (cpu.cc >> 1)) | 0;
  const sum = (a + hi + (((low & lo) | ((low | lo) & ~sumLow)) >>> 31)) | 0;
  cpu.lo[register] = sumLow;
  cpu.hi[register] = sum;
  cpu.cc = ((((a & hi) | ((a | hi) & ~sum)) >>> 31) << 1) | ((sum | sumLow) === 0 ? 0 : 1);
}

export function addLogical64(cpu: Cpu, register: number, hi: number, lo: number): void {
  cpu.cc = 0;
  addWithCarry64(cpu, register, hi, lo);
}

export function subtractLogical64(cpu: Cpu, register: number, hi: number, lo: number): void {
  cpu.cc = 2;
  addWithCarry64(cpu, register, ~hi, ~lo);
}

/** High word of the product of two unsigned 32-bit numbers. */
export function highProduct(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const middle2 = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + Math.floor(middle / 0x1_0000) + Math.floor(middle2 / 0x1_0000)) | 0;
}

/** High word of the product of two signed 32-bit numbers. */
export function highSignedProduct(a: number, b: number): number {
  return (highProduct(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0)) | 0;
}
