/**
 * Decoded instructions of one CPU, in blocks that end where the program may go elsewhere. Stores into their bytes, by whomever, make them
 * forgotten; a block that is being executed ends behind the instruction that did so. No kernel counterpart.
 */
import { ADDRESSING_EXCEPTION, SPECIFICATION_EXCEPTION } from '../../../base/program-interruption.ts';
import { Block } from './compile.ts';
import type { Cpu } from './cpu.ts';
import type { Instruction } from './instruction.ts';
import type { InstructionSet } from './instruction-set.ts';
import { lengthOf, predecode } from './predecode.ts';
import { FetchException } from './program-exception.ts';
import { LINE_SHIFT, type CodeWatcher } from './storage.ts';

const PAGE_SHIFT = 12;
const PAGE = 1 << PAGE_SHIFT;
const LONGEST_BLOCK = 64;
/** Decoded instructions that are kept: a program that runs through all of a large storage would fill that of apemu. */
const MOST_DECODED = 250_000;
/** Length of an instruction that cannot be fetched: nobody knows, the shortest is told. */
const UNKNOWN_LENGTH = 2;

export class CodeCache implements CodeWatcher {
  private readonly cpu: Cpu;
  private readonly instructions: InstructionSet;
  /** By logical address: pages, and in them halfwords. */
  private pages: (Block | undefined)[][] = [];
  /** Blocks that have bytes in a line, by the absolute address of the line. */
  private readonly lines = new Map<number, Set<Block>>();
  /** The prefix for which logical addresses are what they are here. */
  private prefix: number;
  private readonly bytes = new Uint8Array(6);
  private readonly most: number;
  /** Instructions decoded since everything was forgotten. */
  private decoded = 0;

  /** `most`: decoded instructions that are kept. */
  constructor(cpu: Cpu, instructions: InstructionSet, most = MOST_DECODED) {
    this.cpu = cpu;
    this.instructions = instructions;
    this.most = most;
    this.prefix = cpu.prefix;
    cpu.storage.watch(this);
  }

  /** The block that begins at the next instruction; throws a `FetchException` when there is none. */
  at(ia: number): Block {
    const block = this.pages[ia >>> PAGE_SHIFT]?.[(ia & (PAGE - 1)) >>> 1];
    return block !== undefined && block.start === ia && this.prefix === this.cpu.prefix ? block : this.make(ia);
  }

  /** Blocks by the lines they have bytes in: how much is remembered. */
  get entries(): number {
    return [...this.lines.values()].reduce((sum, blocks) => sum + blocks.size, 0);
  }

  invalidate(address: number, length: number): void {
    const last = (address + length - 1) >>> LINE_SHIFT;
    for (let line = address >>> LINE_SHIFT; line <= last; line++) {
      const blocks = this.lines.get(line);
      if (blocks === undefined) continue;
      for (const block of blocks) {
        // With a prefix the block's own addresses are no absolute ones: then a hit of the line is enough.
        if (this.prefix === 0 && (address >= block.next || address + length <= block.start)) continue;
        this.forget(block);
      }
    }
  }

  private forget(block: Block): void {
    block.length = 0;
    // A program that changes its code again and again leaves nothing behind.
    for (const blocks of block.neighbours) blocks.delete(block);
    const page = this.pages[block.start >>> PAGE_SHIFT];
    const at = (block.start & (PAGE - 1)) >>> 1;
    if (page?.[at] === block) page[at] = undefined;
  }

  private forgetAll(): void {
    this.prefix = this.cpu.prefix;
    for (const blocks of this.lines.values()) for (const block of blocks) block.length = 0;
    this.lines.clear();
    this.pages = [];
    this.decoded = 0;
  }

  private make(ia: number): Block {
    const { cpu } = this;
    if (this.prefix !== cpu.prefix || this.decoded >= this.most) this.forgetAll();
    if ((ia & 1) !== 0) throw new FetchException(SPECIFICATION_EXCEPTION, 'the instruction address is odd', 0);
    const block = new Block(ia);
    const pageEnd = ia - (ia % PAGE) + PAGE;
    while (block.insns.length < LONGEST_BLOCK && block.next < pageEnd) {
      const insn = this.decode(block.next);
      if (insn === null) break;
      block.insns.push(insn);
      block.next = insn.next;
      this.remember(block, insn);
      if (insn.operation.ends) break;
    }
    if (block.insns.length === 0) {
      const where = `${(cpu.iaHi >>> 0).toString(16).padStart(8, '0')}${(cpu.iaLo >>> 0).toString(16).padStart(8, '0')}`;
      throw new FetchException(ADDRESSING_EXCEPTION, `no instruction can be fetched from 0x${where}`, UNKNOWN_LENGTH);
    }
    block.length = block.insns.length;
    this.decoded += block.length;
    const page = (this.pages[ia >>> PAGE_SHIFT] ??= new Array<Block | undefined>(PAGE / 2).fill(undefined));
    page[(ia & (PAGE - 1)) >>> 1] = block;
    return block;
  }

  /** Null when not all of it lies in the storage. */
  private decode(address: number): Instruction | null {
    const { bytes, cpu } = this;
    const { storage } = cpu;
    if (address < 0 || address >= storage.size) return null;
    bytes[0] = storage.bytes[cpu.absolute(address)]!;
    const length = lengthOf(bytes[0]);
    if (address + length > storage.size) return null;
    for (let n = 1; n < 6; n++) bytes[n] = n < length ? storage.bytes[cpu.absolute(address + n)]! : 0;
    return predecode(bytes, address, (mnemonic) => this.instructions.operation(mnemonic));
  }

  /** Stores into the lines of this instruction will be told. */
  private remember(block: Block, { address, length }: Instruction): void {
    for (const at of [address, address + length - 1]) {
      const line = this.cpu.absolute(at) >>> LINE_SHIFT;
      this.cpu.storage.codeLines[line] = 1;
      let blocks = this.lines.get(line);
      if (blocks === undefined) this.lines.set(line, (blocks = new Set()));
      blocks.add(block);
      block.neighbours.add(blocks);
    }
  }
}
