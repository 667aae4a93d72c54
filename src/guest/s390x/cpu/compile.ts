/**
 * A block that runs often as one JavaScript function: the calls of its instructions' functions one after the other, each from its own place, so
 * that the engine knows whom it calls and can inline it (decision 0010). Nothing about instructions is written twice. No kernel counterpart.
 */
import type { Cpu } from './cpu.ts';
import type { Instruction } from './instruction.ts';

/** Logical addresses of the first instruction, and behind the last one; the instructions between them. */
export class Block {
  readonly start: number;
  next: number;
  readonly insns: Instruction[] = [];
  /** Of `insns`; zero as soon as the bytes have changed. */
  length = 0;
  /** How often it has been run before it was compiled. */
  runs = 0;
  compiled: CompiledBlock | null = null;
  /** For each line that it has bytes in, the blocks that have. */
  readonly neighbours = new Set<Set<Block>>();
  /** Of the compiled block: the number of the instruction that was begun last, and how many were executed before its last repetition. */
  at = 0;
  done = 0;

  constructor(start: number) {
    this.start = start;
    this.next = start;
  }
}

/**
 * Runs the block, and again as long as it branches to its own start, `left` allows it and nobody asks for attention. Answers how many
 * instructions were executed; the last one is `block.at`.
 */
export type CompiledBlock = (cpu: Cpu, left: number) => number;

/** Runs after which a block is compiled: most of a program runs less often. */
export const COMPILE_AFTER = 400;

export function compile(block: Block): CompiledBlock {
  const { insns, start, next } = block;
  const steps = insns.map((_, n) => `block.at = ${n}; execute${n}(cpu, insn${n}); if (block.length === 0) return done + ${n + 1};`);
  const text = `return (cpu, left) => {
    let done = 0;
    do {
      block.done = done;
      cpu.ia = ${next};
      ${steps.join('\n')}
      done += ${insns.length};
    } while (cpu.ia === ${start} && done + ${insns.length} <= left && !cpu.attention);
    return done;
  };`;
  const names = insns.flatMap((_, n) => [`execute${n}`, `insn${n}`]);
  const values = insns.flatMap((insn) => [insn.execute, insn]);
  // The text consists of numbers and fixed words only: nothing of a guest program gets into it but addresses.
  // oxlint-disable-next-line typescript/no-implied-eval -- a place of its own for each call is the whole point, see decision 0010
  return new Function('block', ...names, text)(block, ...values) as CompiledBlock;
}
