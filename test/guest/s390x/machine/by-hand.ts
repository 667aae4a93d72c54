/**
 * A CPU whose instructions a test executes one by one, by function and operands, without a program in storage.
 */
import { ProgramInterruption } from '../../../../src/base/program-interruption.ts';
import { Cpu } from '../../../../src/guest/s390x/cpu/cpu.ts';
import { Instruction } from '../../../../src/guest/s390x/cpu/instruction.ts';
import type { Handlers } from '../../../../src/guest/s390x/cpu/instructions/handlers.ts';
import { Storage } from '../../../../src/guest/s390x/cpu/storage.ts';

export const MEBIBYTE = 0x100000;

/** Supervisor state, 64-bit mode, everything zero. */
export const makeCpu = (bytes = MEBIBYTE, id = 0): Cpu => new Cpu(id, new Storage(bytes));

export type Fields = Partial<Pick<Instruction, 'r1' | 'r2' | 'r3' | 'b1' | 'd1' | 'b2' | 'd2' | 'i1' | 'i2'>>;

/** At 0x1000, four bytes long. */
export function instruction(mnemonic: string, fields: Fields = {}): Instruction {
  const insn = new Instruction({ mnemonic, execute: () => undefined, ends: true }, 0x1000, 4);
  return Object.assign(insn, fields);
}

/** The code of the program interruption that it ends with; null without one. */
export function codeOf(execute: () => unknown): number | null {
  try {
    execute();
    return null;
  } catch (error) {
    if (error instanceof ProgramInterruption) return error.code;
    throw error;
  }
}

/** Executes one of these instructions. */
export const executor =
  (handlers: Handlers, cpu: Cpu) =>
  (mnemonic: string, fields: Fields = {}): number | null =>
    codeOf(() => handlers[mnemonic]!(cpu, instruction(mnemonic, fields)));
