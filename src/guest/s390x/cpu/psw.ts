/**
 * The program status word as four words (Principles of Operation, chapter 4; arch/s390/include/asm/ptrace.h: psw_t).
 */
import { SPECIFICATION_EXCEPTION } from '../../../base/program-interruption.ts';
import type { Cpu } from '../cpu/cpu.ts';
import { FetchException } from '../cpu/program-exception.ts';

export type PswWords = readonly [number, number, number, number];

const MACHINE_CHECK = 0x0004_0000;
const WAIT = 0x0002_0000;
const PROBLEM = 0x0001_0000;
const EXTENDED = 1;
const BASIC = 0x8000_0000;
/** Bits 0, 2-4, 12 and 24-30; bits 33-63: zero in every PSW that is in use. */
const FIRST_ZERO = 0xb808_00fe;
const SECOND_ZERO = 0x7fff_ffff;

export function pswWords(cpu: Cpu): [number, number, number, number] {
  if (cpu.invalidPsw !== null) return [...cpu.invalidPsw, cpu.iaHi, cpu.iaLo];
  const states = (cpu.machineCheckMask ? MACHINE_CHECK : 0) | (cpu.wait ? WAIT : 0) | (cpu.problem ? PROBLEM : 0);
  const first =
    (cpu.systemMask << 24) |
    (cpu.key << 20) |
    states |
    (cpu.asc << 14) |
    (cpu.cc << 12) |
    (cpu.programMask << 8) |
    (cpu.mode64 ? EXTENDED : 0);
  return [first, cpu.mode === 24 ? 0 : BASIC | 0, cpu.iaHi, cpu.iaLo];
}

/** Takes its place. Specification exception when it is not valid; the interruption stores it then. */
export function loadPsw(cpu: Cpu, [first, second, iaHi, iaLo]: PswWords): void {
  cpu.systemMask = first >>> 24;
  cpu.key = (first >>> 20) & 0xf;
  cpu.machineCheckMask = (first & MACHINE_CHECK) !== 0;
  cpu.wait = (first & WAIT) !== 0;
  cpu.problem = (first & PROBLEM) !== 0;
  cpu.asc = (first >>> 14) & 3;
  cpu.cc = (first >>> 12) & 3;
  cpu.programMask = (first >>> 8) & 0xf;
  cpu.attention = true;
  const extended = (first & EXTENDED) !== 0;
  const basic = (second & BASIC) !== 0;
  // The address is taken as it is, whatever the mode cuts from addresses later.
  cpu.setMode(64);
  cpu.branchTo(iaHi, iaLo);
  cpu.setMode(extended ? 64 : basic ? 31 : 24);
  const limit = basic ? 0x8000_0000 : 0x100_0000;
  const valid =
    (first & FIRST_ZERO) === 0 && (second & SECOND_ZERO) === 0 && (!extended || basic) && (extended || (iaHi === 0 && iaLo >>> 0 < limit));
  cpu.invalidPsw = valid ? null : [first, second];
  if (!valid) throw new FetchException(SPECIFICATION_EXCEPTION, `a PSW of ${[first, second, iaHi, iaLo].map(hex).join(' ')}`, 0);
}

/** Stores the PSW at one real address and loads it from another. Specification exception when the new one is not valid. */
export function swapPsw(cpu: Cpu, oldAt: number, newAt: number): void {
  const { storage } = cpu;
  const at = cpu.absolute(oldAt);
  pswWords(cpu).forEach((word, i) => storage.view.setInt32(at + 4 * i, word));
  storage.written(at, 16);
  const from = cpu.absolute(newAt);
  const word = (i: number): number => storage.view.getInt32(from + 4 * i);
  loadPsw(cpu, [word(0), word(1), word(2), word(3)]);
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
