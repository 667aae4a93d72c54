/**
 * AP instructions with one rule broken: what a machine would do that has that defect. Each breaks what the register-level instruction does,
 * before or after the real one, and names the checks that must notice.
 */
import { ProgramInterruption } from '../../../../src/base/program-interruption.ts';
import type { Cpu } from '../../../../src/guest/s390x/cpu/cpu.ts';
import type { Operands } from '../../../../src/guest/s390x/cpu/operands.ts';
import type { MachineName } from './conformance-run.ts';

/** One AP instruction as it is executed. */
export interface Executed {
  readonly cpu: Cpu;
  readonly insn: Operands;
  /** Executes it as the machine does. */
  readonly real: () => Promise<void>;
}

export interface Spoiled {
  readonly defect: string;
  readonly machine: MachineName;
  /** Of the checks that must fail. */
  readonly noticed: RegExp;
  readonly execute: (executed: Executed) => Promise<void>;
}

const FUNCTIONS = ['tapq', 'rapq', 'zapq', 'aqic', 'qci', 'qact'] as const;
export type Name = (typeof FUNCTIONS)[number] | 'nqap' | 'dqap' | 'other';

export function nameOf({ cpu, insn }: Executed): Name {
  if (insn.mnemonic === 'nqap' || insn.mnemonic === 'dqap') return insn.mnemonic;
  return FUNCTIONS[(cpu.lo[0]! >>> 24) & 0xff] ?? 'other';
}

/** Program interruptions with this code do not happen: the instruction just ends. */
export const without =
  (code: number, names?: readonly Name[]): Spoiled['execute'] =>
  async (executed) => {
    const name = nameOf(executed);
    try {
      await executed.real();
    } catch (error) {
      if (!(error instanceof ProgramInterruption) || error.code !== code || (names !== undefined && !names.includes(name))) throw error;
    }
  };

/** Something happens after the real instruction, if it was one of these. */
export const after =
  (names: readonly Name[], spoil: (cpu: Cpu, executed: Executed) => void): Spoiled['execute'] =>
  async (executed) => {
    const name = nameOf(executed);
    await executed.real();
    if (names.includes(name)) spoil(executed.cpu, executed);
  };

/** The real instruction sees other registers, which are put back behind it, unless it has set them. */
export const seeing =
  (names: readonly Name[], spoil: (cpu: Cpu, executed: Executed) => void): Spoiled['execute'] =>
  async (executed) => {
    if (names.includes(nameOf(executed))) spoil(executed.cpu, executed);
    await executed.real();
  };

export const interrupt = (code: number): never => {
  throw new ProgramInterruption(code, 'spoiled');
};

/** The registers are those that a check begins with, not what happens around it. */
export const inCheck = (cpu: Cpu): boolean => cpu.hi[4] === -1 && cpu.lo[4] === 0x11223344;

export const rcOf = (cpu: Cpu): number => (cpu.lo[1]! >>> 16) & 0xff;

/** If the instruction has ended with this code, it tells another. */
export const otherCode = (names: readonly Name[], from: number, to: number): Spoiled['execute'] =>
  after(names, (cpu) => {
    if (rcOf(cpu) === from) cpu.lo[1] = (cpu.lo[1]! & ~0xff0000) | (to << 16);
  });

export const QUEUE_FUNCTIONS: readonly Name[] = ['tapq', 'rapq', 'zapq', 'aqic', 'nqap', 'dqap'];
