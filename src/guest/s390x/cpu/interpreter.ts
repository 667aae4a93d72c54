/**
 * The loop of one CPU: runs decoded blocks until somebody outside has to look. Synchronous and without a clock, so that a slice is a function
 * of the state it starts in. Counterpart: the hardware between two exits of SIE.
 */
import { ProgramInterruption } from '../../../base/program-interruption.ts';
import { CodeCache } from './code-cache.ts';
import { COMPILE_AFTER, compile, type Block } from './compile.ts';
import type { Cpu } from './cpu.ts';
import type { InstructionSet } from './instruction-set.ts';
import type { Operands } from './operands.ts';
import { DataException, FetchException, MonitorEvent } from './program-exception.ts';
import { swapPsw } from './psw.ts';

/**
 * 'limit': so many instructions were executed. 'intercept': `cpu.intercepted` is to be served, the PSW is behind it. 'attention': a PSW was
 * loaded, an interruption was taken, masks were opened, or somebody asked; `cpu.attention` stays set. 'stopped': `cpu.checkStop` says why.
 */
export type StopReason = 'limit' | 'intercept' | 'attention' | 'stopped';

/** Assigned storage locations of program interruptions. */
const PROGRAM_ILC = 0x8c;
const DATA_EXCEPTION_CODE = 0x90;
const MONITOR_CLASS = 0x94;
const MONITOR_CODE = 0xb0;
const PROGRAM_OLD_PSW = 0x150;
const PROGRAM_NEW_PSW = 0x1d0;
/** CR0 bit 45: data-exception codes go to the floating-point control register, too. */
const AFP_CONTROL = 0x4_0000;

export class Interpreter {
  readonly cpu: Cpu;
  /** How often a block was compiled. */
  compilations = 0;
  readonly code: CodeCache;
  private readonly compileAfter: number;

  /** `compileAfter`: runs after which a block is compiled; `mostDecoded`: instructions that are kept decoded. */
  constructor(cpu: Cpu, instructions: InstructionSet, options: { readonly compileAfter?: number; readonly mostDecoded?: number } = {}) {
    this.cpu = cpu;
    this.compileAfter = options.compileAfter ?? COMPILE_AFTER;
    this.code = new CodeCache(cpu, instructions, options.mostDecoded);
  }

  /** At most so many instructions, of which a program interruption is one. Nothing is executed while attention is asked for. */
  run(limit: number): StopReason {
    const { cpu } = this;
    let left = limit;
    while (cpu.checkStop === null) {
      if (cpu.intercepted !== null) return 'intercept';
      if (cpu.attention) return 'attention';
      if (left <= 0) return 'limit';
      const before = cpu.executed;
      this.blocks(left);
      left -= cpu.executed - before;
    }
    return 'stopped';
  }

  /** Blocks until the limit is reached, somebody has to look around, or an instruction is refused. */
  private blocks(limit: number): void {
    const { cpu, code } = this;
    let left = limit;
    let block: Block | null = null;
    try {
      do {
        block = null;
        block = code.at(cpu.ia);
        const { insns } = block;
        block.at = 0;
        block.done = 0;
        if (block.compiled !== null && left >= insns.length) left -= block.compiled(cpu, left);
        else left -= this.plainly(block, left);
        // Its own code has changed, or the limit was reached: the last instruction of a block is the only one that branches.
        const n = block.at + 1;
        if (n < insns.length) cpu.ia = insns[n]!.address;
      } while (left > 0 && !cpu.attention && cpu.intercepted === null);
      cpu.executed += limit - left;
    } catch (error) {
      cpu.executed += limit - left + (block === null ? 1 : block.done + block.at + 1);
      if (!(error instanceof ProgramInterruption)) throw error;
      this.interrupt(error, block === null ? null : block.insns[block.at]!);
    }
  }

  /** A block that has not run often, or of which the limit allows only a part. Answers how many instructions were executed. */
  private plainly(block: Block, left: number): number {
    const { cpu } = this;
    const { insns } = block;
    cpu.ia = block.next;
    let n = 0;
    while (n < block.length && n < left) {
      const insn = insns[n]!;
      block.at = n++;
      insn.execute(cpu, insn);
    }
    if (++block.runs === this.compileAfter && block.length > 0) {
      this.compilations++;
      block.compiled = compile(block);
    }
    return n;
  }

  /**
   * Program interruption: of an instruction, behind which the old PSW points (what is refused here is suppressed or completed), or of the PSW
   * as it is (null). The new one is loaded; `cpu.attention` is set by that.
   */
  interrupt(error: ProgramInterruption, insn: Operands | null): void {
    const { cpu } = this;
    const { storage } = cpu;
    const early = error instanceof FetchException || insn === null;
    const length = error instanceof FetchException ? error.length : (insn?.length ?? 0);
    if (early) cpu.skip(length);
    else cpu.ia = insn.next;
    cpu.programInterruptions.set(error.code, (cpu.programInterruptions.get(error.code) ?? 0) + 1);
    const at = cpu.absolute(PROGRAM_ILC);
    storage.view.setUint16(at, length);
    storage.view.setUint16(at + 2, error.code);
    storage.written(at, 4);
    if (error instanceof DataException) this.storeDataExceptionCode(error.dxc);
    if (error instanceof MonitorEvent) this.storeMonitorEvent(error);
    try {
      swapPsw(cpu, PROGRAM_OLD_PSW, PROGRAM_NEW_PSW);
    } catch (second) {
      if (!(second instanceof ProgramInterruption)) throw second;
      cpu.checkStop = `the program new PSW is not valid (${second.message}); it was taken for ${error.message}`;
    }
  }

  private storeMonitorEvent({ monitor, high, low }: MonitorEvent): void {
    const { storage } = this.cpu;
    const [classAt, codeAt] = [this.cpu.absolute(MONITOR_CLASS), this.cpu.absolute(MONITOR_CODE)];
    storage.view.setUint16(classAt, monitor);
    storage.view.setInt32(codeAt, high);
    storage.view.setInt32(codeAt + 4, low);
    storage.written(classAt, 2);
    storage.written(codeAt, 8);
  }

  private storeDataExceptionCode(dxc: number): void {
    const { cpu } = this;
    const at = cpu.absolute(DATA_EXCEPTION_CODE);
    cpu.storage.view.setUint32(at, dxc);
    cpu.storage.written(at, 4);
    if ((cpu.crLo[0]! & AFP_CONTROL) !== 0) cpu.fpc = (cpu.fpc & ~0xff00) | (dxc << 8);
  }
}
