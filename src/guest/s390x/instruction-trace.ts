/**
 * A line about each instruction of a CPU: address, bytes, text, and what it changed in the registers. The line comes when the next one of the
 * CPU begins: other CPUs may have written lines in between. No kernel counterpart: what QEMU writes with -d in_asm,cpu.
 */
import type { Cpu } from './cpu/cpu.ts';
import { disassemble } from './isa/disassemble.ts';

const REGISTERS = 16;
const TEXT_COLUMN = 36;

const word = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
const doubleWord = (hi: number, lo: number): string => `${word(hi)}${word(lo)}`;

/** Pairs of words, and how one of them is called. */
interface RegisterFile {
  readonly name: string;
  readonly hi: Int32Array;
  readonly lo: Int32Array;
  readonly oldHi: Int32Array;
  readonly oldLo: Int32Array;
}

const fileOf = (name: string, hi: Int32Array, lo: Int32Array): RegisterFile => ({
  ...{ name, hi, lo },
  oldHi: new Int32Array(hi.length),
  oldLo: new Int32Array(lo.length),
});

export class InstructionTrace {
  private readonly cpu: Cpu;
  private readonly write: (line: string) => void;
  private readonly files: readonly RegisterFile[];
  private readonly oldAr: Int32Array;
  private cc = 0;
  private head = '';

  /** Lines come with their ends. */
  constructor(cpu: Cpu, write: (line: string) => void) {
    this.cpu = cpu;
    this.write = write;
    this.oldAr = new Int32Array(cpu.ar.length);
    this.files = [fileOf('r', cpu.hi, cpu.lo), fileOf('f', cpu.fprHi, cpu.fprLo), fileOf('c', cpu.crHi, cpu.crLo)];
  }

  /** The next instruction is about to be executed: what the one before it has changed is known now, whoever has served it. */
  step(): void {
    this.end();
    const { cpu } = this;
    for (const { hi, lo, oldHi, oldLo } of this.files) {
      oldHi.set(hi);
      oldLo.set(lo);
    }
    this.oldAr.set(cpu.ar);
    this.cc = cpu.cc;
    this.head = `cpu${cpu.id} ${doubleWord(cpu.iaHi, cpu.iaLo)} ${this.instruction()}`;
  }

  /** No instruction follows. */
  end(): void {
    const { cpu, head } = this;
    if (head === '') return;
    const changes = this.files.flatMap(changesOf);
    for (let r = 0; r < REGISTERS; r++) if (cpu.ar[r] !== this.oldAr[r]) changes.push(`%a${r}=${word(cpu.ar[r]!)}`);
    if (cpu.cc !== this.cc) changes.push(`cc=${cpu.cc}`);
    this.write(`${[head, ...changes].join(' ').trimEnd()}\n`);
    this.head = '';
  }

  private instruction(): string {
    const { cpu } = this;
    const at = cpu.absolute(cpu.ia);
    if (!cpu.storage.contains(at)) return '(outside of the storage)';
    const { bytes } = cpu.storage;
    const { text, length } = disassemble(bytes, at, cpu.ia);
    const code = Array.from(bytes.subarray(at, at + length), (byte) => byte.toString(16).padStart(2, '0')).join('');
    return `${code.padEnd(12)} ${text.padEnd(TEXT_COLUMN)}`;
  }
}

function changesOf({ name, hi, lo, oldHi, oldLo }: RegisterFile): string[] {
  const changes: string[] = [];
  for (let r = 0; r < REGISTERS; r++)
    if (hi[r] !== oldHi[r] || lo[r] !== oldLo[r]) changes.push(`%${name}${r}=${doubleWord(hi[r]!, lo[r]!)}`);
  return changes;
}
