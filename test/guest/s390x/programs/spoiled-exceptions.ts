/**
 * AP instructions with broken program interruptions.
 */
import {
  ADDRESSING_EXCEPTION,
  OPERATION_EXCEPTION,
  PRIVILEGED_OPERATION,
  ProgramInterruption,
  SPECIFICATION_EXCEPTION,
} from '../../../../src/base/program-interruption.ts';
import { interrupt, nameOf, without, type Executed, type Spoiled } from './spoil.ts';

/** What a machine looks at behind privilege. */
function hasBadOperands(executed: Executed): boolean {
  const { cpu, insn } = executed;
  const name = nameOf(executed);
  if (name === 'nqap' || name === 'dqap') return ((insn.r1 | insn.r2) & 1) !== 0 || cpu.lo[insn.r2 + 1] === 0;
  return name === 'other' || (cpu.lo[0]! & 0x7f0000) !== 0 || (name === 'qci' && (cpu.lo[2]! & 7) !== 0);
}

export const SPOILED_EXCEPTIONS: readonly Spoiled[] = [
  {
    defect: 'problem state does not matter',
    machine: 'accelerator',
    noticed: /in problem state|priority: privilege/,
    execute: without(PRIVILEGED_OPERATION),
  },
  {
    defect: 'specification comes before privilege',
    machine: 'accelerator',
    noticed: /^priority: privilege before (a bad|reserved|a misaligned|an odd|a length)/,
    execute: async (executed) => {
      if (executed.cpu.problem && hasBadOperands(executed)) interrupt(SPECIFICATION_EXCEPTION);
      await executed.real();
    },
  },
  {
    defect: 'the status comes before privilege',
    machine: 'accelerator',
    noticed: /^priority: privilege before a queue that is not there/,
    execute: async (executed) => {
      const { cpu } = executed;
      if (!cpu.problem || nameOf(executed) !== 'tapq') return await executed.real();
      cpu.lo[1] = 0x10000;
      cpu.cc = 3;
    },
  },
  {
    defect: 'no specification exceptions',
    machine: 'accelerator',
    noticed: /: specification exception|^priority: (reserved|an odd|a length|alignment)/,
    execute: without(SPECIFICATION_EXCEPTION),
  },
  {
    defect: 'no specification exceptions, without facility 15',
    machine: 'without facility 15',
    noticed: /without facility 15/,
    execute: without(SPECIFICATION_EXCEPTION),
  },
  {
    defect: 'no specification exceptions, without facility 65',
    machine: 'without facility 65',
    noticed: /without facility 65/,
    execute: without(SPECIFICATION_EXCEPTION),
  },
  {
    defect: 'no specification exceptions, without facility 12',
    machine: 'without facility 12',
    noticed: /without facility 12/,
    execute: without(SPECIFICATION_EXCEPTION),
  },
  {
    defect: 'no specification exceptions, without APXA',
    machine: 'without APXA',
    noticed: /without APXA/,
    execute: without(SPECIFICATION_EXCEPTION),
  },
  {
    defect: 'a queue that is not there comes before reserved bits',
    machine: 'accelerator',
    noticed: /^priority: reserved bits before/,
    execute: without(SPECIFICATION_EXCEPTION, ['tapq']),
  },
  {
    defect: 'a specification exception in the place of an addressing exception',
    machine: 'accelerator',
    noticed: /: addressing exception/,
    execute: async (executed) => {
      try {
        await executed.real();
      } catch (error) {
        if (error instanceof ProgramInterruption && error.code === ADDRESSING_EXCEPTION) interrupt(SPECIFICATION_EXCEPTION);
        throw error;
      }
    },
  },
  {
    defect: 'addressing comes before specification',
    machine: 'accelerator',
    noticed: /^priority: .* outside of storage/,
    execute: async (executed) => {
      const { cpu, insn } = executed;
      const address = insn.mnemonic === 'pqap' ? cpu.hi[2]! : cpu.hi[insn.r2 & ~1]!;
      if (!cpu.problem && address !== 0 && ['nqap', 'dqap', 'qci'].includes(nameOf(executed))) interrupt(ADDRESSING_EXCEPTION);
      await executed.real();
    },
  },
  {
    defect: 'an exception changes registers',
    machine: 'accelerator',
    noticed: /: (specification|addressing) exception/,
    execute: async (executed) => {
      try {
        await executed.real();
      } catch (error) {
        executed.cpu.lo[1]! ^= 1;
        throw error;
      }
    },
  },
  {
    defect: 'a nullified instruction: the old PSW points at it',
    machine: 'accelerator',
    noticed: /: (specification|addressing) exception|in problem state/,
    execute: async (executed) => {
      try {
        await executed.real();
      } catch (error) {
        if (error instanceof ProgramInterruption) (executed.insn as { next: number }).next -= 4;
        throw error;
      }
    },
  },
  {
    defect: 'AP instructions where there are none',
    machine: 'without AP',
    noticed: /without AP|^priority: no AP/,
    execute: async (executed) => {
      try {
        await executed.real();
      } catch (error) {
        if (error instanceof ProgramInterruption && error.code === OPERATION_EXCEPTION) interrupt(PRIVILEGED_OPERATION);
        throw error;
      }
    },
  },
];
