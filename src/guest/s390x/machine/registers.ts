/**
 * General registers of the interpreter as 64-bit numbers, where an instruction is rare enough for that. No kernel counterpart.
 */
import type { Cpu } from '../cpu/cpu.ts';

export const register64 = (cpu: Cpu, register: number): bigint =>
  (BigInt(cpu.hi[register]! >>> 0) << 32n) | BigInt(cpu.lo[register]! >>> 0);

export function setRegister64(cpu: Cpu, register: number, value: bigint): void {
  cpu.hi[register] = Number(BigInt.asIntN(32, value >> 32n));
  cpu.lo[register] = Number(BigInt.asIntN(32, value));
}

/** Both halves, the upper one zero. */
export function setRegisterWord(cpu: Cpu, register: number, word: number): void {
  cpu.hi[register] = 0;
  cpu.lo[register] = word | 0;
}
