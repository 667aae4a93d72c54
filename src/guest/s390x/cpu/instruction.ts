/**
 * One decoded instruction with the function that does it, as the interpreter's loop runs it. No kernel counterpart.
 */
import type { Cpu } from './cpu.ts';
import { Operands } from './operands.ts';

/** Does one instruction. Throws a `ProgramInterruption` before anything has changed, unless the architecture lets it end half done. */
export type Execute = (cpu: Cpu, insn: Instruction) => void;

/** What an instruction does, whatever its operands. */
export interface Operation {
  readonly mnemonic: string;
  readonly execute: Execute;
  /** It may branch, stop, intercept, or change what the next instruction means: the loop looks around after it. */
  readonly ends: boolean;
}

export class Instruction extends Operands {
  readonly operation: Operation;
  readonly execute: Execute;
  /** What EX or EXRL executed last: the target in storage changes rarely. */
  executed: Instruction | null = null;
  /** The bytes, as two words: the first two halfwords, and the third one with zeros behind it. */
  word0 = 0;
  word1 = 0;

  constructor(operation: Operation, address: number, length: number) {
    super(operation.mnemonic, address, length);
    this.operation = operation;
    this.execute = operation.execute;
  }
}
