/**
 * Even-odd pairs of registers with the address and the length of an operand in storage, which instructions on long operands advance as they
 * go (Principles of Operation, chapter 7). No kernel counterpart.
 */
import { advance, mustBeEven, setRegisterAddress } from '../access.ts';
import type { Cpu } from '../cpu.ts';

const TWO_32 = 0x1_0000_0000;
/** Bytes or characters that the CPU does of an instruction that may end with condition code 3. */
export const PART = 4096;

/** Pairs of registers; both operands may be the same pair, which then advances once. */
export function mustBePairs(...registers: number[]): void {
  registers.forEach(mustBeEven);
}

/** Length in an odd register; in 64-bit mode beyond 2^53 only its order of size. */
export function fullLength(c: Cpu, register: number): number {
  const low = c.lo[register]! >>> 0;
  return c.mode64 ? (c.hi[register]! >>> 0) * TWO_32 + low : low;
}

/** Takes bytes off a length, or adds them when they are negative. */
export function shorten(c: Cpu, register: number, bytes: number): void {
  const low = (c.lo[register]! >>> 0) - bytes;
  if (c.mode64) c.hi[register] = c.hi[register]! + Math.floor(low / TWO_32);
  c.lo[register] = low | 0;
}

/** So many bytes of the operand are done. */
export function step(c: Cpu, pair: number, bytes: number): void {
  advance(c, pair, bytes);
  shorten(c, pair + 1, bytes);
}

/** The address as the addressing mode leaves it behind, however little is done. */
export function cutAddress(c: Cpu, register: number): void {
  setRegisterAddress(c, register, c.hi[register]!, c.lo[register]!);
}
