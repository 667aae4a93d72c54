/**
 * Which instructions a machine has: the function for each mnemonic of the table (isa/opcodes.ts). The general ones are there from the start,
 * the machine adds control instructions and those which are served outside. No kernel counterpart.
 */
import { OPERATION_EXCEPTION, ProgramInterruption } from '../../../base/program-interruption.ts';
import { executeInstructions } from './execute.ts';
import type { Execute, Operation } from './instruction.ts';
import { GENERAL_INSTRUCTIONS } from './instructions/general.ts';

/** Leaves the loop behind the instruction, which somebody outside of it serves: `Cpu.intercepted`. */
const intercept: Execute = (cpu, insn) => {
  cpu.intercepted = insn;
};

export class InstructionSet {
  private readonly operations = new Map<string, Operation>();
  /** Made for mnemonics that a program used and nobody provides. */
  private readonly missing = new Map<string, Operation>();

  constructor() {
    for (const { mnemonic, execute, ends } of GENERAL_INSTRUCTIONS) this.operations.set(mnemonic, { mnemonic, execute, ends });
    const { ex, exrl } = executeInstructions((mnemonic) => this.operation(mnemonic));
    this.define('ex', ex).define('exrl', exrl);
  }

  /**
   * The instruction is executed inside the loop by this function. `ends` (the default) for those which may branch, load a PSW, open masks
   * or set `cpu.attention`; false for those which only read and write registers and storage.
   */
  define(mnemonic: string, execute: Execute, { ends = true }: { ends?: boolean } = {}): this {
    this.operations.set(mnemonic, { mnemonic, execute, ends });
    return this;
  }

  /**
   * `cpu.run` answers 'intercept' with the instruction in `cpu.intercepted` and the PSW already behind it; the one who serves it ends it by
   * setting registers and condition code, or by `programInterruption` (program-interruption.ts).
   */
  intercept(mnemonic: string): this {
    return this.define(mnemonic, intercept);
  }

  /** Takes an instruction away: it is an operation exception then, counted by name. */
  remove(mnemonic: string): this {
    this.operations.delete(mnemonic);
    return this;
  }

  /** Every mnemonic that has a function. */
  get mnemonics(): readonly string[] {
    return [...this.operations.keys()];
  }

  /** The operation; for one that is not there an operation exception that counts the name in `cpu.unimplemented`. */
  operation(mnemonic: string): Operation {
    let operation = this.operations.get(mnemonic) ?? this.missing.get(mnemonic);
    if (operation === undefined) {
      const execute: Execute = (cpu) => {
        // Counted even in a program that never says so.
        cpu.unimplemented.set(mnemonic, (cpu.unimplemented.get(mnemonic) ?? 0) + 1);
        throw new ProgramInterruption(OPERATION_EXCEPTION, `${mnemonic} is not provided`);
      };
      operation = { mnemonic, execute, ends: true };
      this.missing.set(mnemonic, operation);
    }
    return operation;
  }
}
