/**
 * Registers of NQAP and DQAP: which bits of GR0 mean what, and when they are a specification exception (arch/s390/include/asm/ap.h: ap_nqap,
 * ap_dqap).
 */
import type { Apqn } from '../../../base/apqn.ts';
import { registerAddress } from '../cpu/access.ts';
import type { Cpu } from '../cpu/cpu.ts';
import type { Operands } from '../cpu/operands.ts';
import { specification } from '../cpu/program-exception.ts';

/** NQAP: the last or only part of a message; it is a special command. */
const LAST_PART = 0x40000000;
const SPECIAL = 0x00400000;
/** DQAP: a new reply is received, from its beginning. */
const NEW_REPLY = 0x80000000;
/** Bits 32, 34, 35, 40; for DQAP 33, 34, 35, 40, 41. */
const NQAP_ZERO = 0xb0800000;
const DQAP_ZERO = 0x70c00000;
/** The most that a queue may say that it takes: 15 units of 4 KiB. */
export const MAX_MESSAGE_BYTES = 0xf000;

/** The second operand: a buffer in a pair of registers. */
export interface ApBuffer {
  readonly address: number;
  readonly length: number;
}

export interface NqapOperands {
  readonly apqn: Apqn;
  readonly last: boolean;
  readonly special: boolean;
  readonly psmid: bigint;
  readonly buffer: ApBuffer;
}

export interface DqapOperands {
  readonly apqn: Apqn;
  /** Bit 32 of GR0; else GR0 is what a DQAP that ended in the middle of a reply left there. */
  readonly starts: boolean;
  readonly buffer: ApBuffer;
}

export function nqapOperands(cpu: Cpu, insn: Operands): NqapOperands {
  const gr0 = checkedGr0(cpu, insn, NQAP_ZERO);
  const buffer = bufferIn(cpu, insn.r2);
  const psmid = (BigInt(cpu.lo[insn.r1]! >>> 0) << 32n) | BigInt(cpu.lo[insn.r1 + 1]! >>> 0);
  return { apqn: gr0 & 0xffff, last: (gr0 & LAST_PART) !== 0, special: (gr0 & SPECIAL) !== 0, psmid, buffer };
}

export function dqapOperands(cpu: Cpu, insn: Operands): DqapOperands {
  const gr0 = checkedGr0(cpu, insn, DQAP_ZERO);
  return { apqn: gr0 & 0xffff, starts: (gr0 & NEW_REPLY) !== 0, buffer: bufferIn(cpu, insn.r2) };
}

function checkedGr0(cpu: Cpu, { mnemonic, r1, r2 }: Operands, zero: number): number {
  const gr0 = cpu.lo[0]!;
  if (((r1 | r2) & 1) !== 0) throw specification(`${mnemonic} with an odd register`);
  if ((gr0 & zero) !== 0) throw specification(`${mnemonic} with GR0 ${(gr0 >>> 0).toString(16)}`);
  return gr0;
}

function bufferIn(cpu: Cpu, register: number): ApBuffer {
  const high = cpu.mode64 ? cpu.hi[register + 1]! >>> 0 : 0;
  const length = high * 0x1_0000_0000 + (cpu.lo[register + 1]! >>> 0);
  if (length === 0 || length > MAX_MESSAGE_BYTES) throw specification(`a buffer of ${length} bytes`);
  return { address: registerAddress(cpu, register), length };
}
