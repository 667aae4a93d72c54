/**
 * One CPU with some storage for tests of instructions: assembles a few lines, runs them from a known state and shows what came out.
 */
import { assemble } from '../../../../src/guest/s390x/assembler/assemble.ts';
import { loadState, saveState, type CpuImage } from '../../../../src/guest/s390x/cpu/cpu-image.ts';
import { Cpu } from '../../../../src/guest/s390x/cpu/cpu.ts';
import { InstructionSet } from '../../../../src/guest/s390x/cpu/instruction-set.ts';
import { Interpreter, type StopReason } from '../../../../src/guest/s390x/cpu/interpreter.ts';
import { Storage } from '../../../../src/guest/s390x/cpu/storage.ts';

export const CODE = 0x3000;
/** In reach of a displacement, outside of what low-address protection protects. */
export const DATA = 0x800;
export const SIZE = 0x1_0000;
/** Where program interruptions go. */
export const HANDLER = 0x2800;
const AFP = 0x4_0000n;

export type Registers = Readonly<Record<number, bigint>>;

export interface Start extends Partial<Omit<CpuImage, 'gprs'>> {
  readonly r?: Registers;
  /** Bytes at DATA, in hexadecimal digits. */
  readonly data?: string;
}

export interface Outcome extends CpuImage {
  readonly reason: StopReason;
  /** Interruption code, null when there was none; where the old PSW points, and the instruction-length code in bytes. */
  readonly pgm: number | null;
  readonly oldIa: number;
  readonly ilc: number;
}

function registers(values: Registers = {}): bigint[] {
  return Array.from({ length: 16 }, (_, n) => BigInt.asUintN(64, values[n] ?? 0n));
}

export class TestMachine {
  readonly storage: Storage;
  readonly instructions = new InstructionSet();
  readonly cpu: Cpu;
  readonly core: Interpreter;

  constructor(size = SIZE) {
    this.storage = new Storage(size);
    this.cpu = new Cpu(0, this.storage);
    this.core = new Interpreter(this.cpu, this.instructions);
    this.newPsw(HANDLER);
  }

  /** Program new PSW: 64-bit mode. */
  newPsw(address: number): void {
    const psw = new Uint8Array(16);
    const view = new DataView(psw.buffer);
    view.setUint32(0, 1);
    view.setUint32(4, 0x8000_0000);
    view.setUint32(12, address);
    this.storage.write(0x1d0, psw);
  }

  assemble(text: string, at = CODE): number {
    const { chunks } = assemble([{ name: 'test', text: `.org ${at}\n${text}\n` }]);
    let length = 0;
    for (const { address, bytes } of chunks) {
      this.storage.write(address, bytes);
      length += bytes.length;
    }
    return length;
  }

  /** From CODE on: that many instructions, or until one is refused. */
  run(start: Start = {}, count = 1): Outcome {
    const { storage, cpu, core } = this;
    const { r, data, ...image } = start;
    if (data !== undefined) storage.write(DATA, Buffer.from(data.replaceAll(' ', ''), 'hex'));
    const crs = image.crs ?? [AFP, ...Array.from({ length: 15 }, () => 0n)];
    loadState(cpu, { mode: 64, cc: 0, programMask: 0, fpc: 0, prefix: 0, ia: BigInt(CODE), ...image, crs, gprs: registers(r) });
    storage.view.setUint16(cpu.absolute(0x8e), 0);
    const reason = core.run(count);
    const at = cpu.absolute(0x8c);
    const code = storage.view.getUint16(at + 2);
    return {
      ...saveState(cpu),
      ...{ reason, pgm: code === 0 ? null : code, ilc: storage.view.getUint16(at), oldIa: storage.view.getUint32(cpu.absolute(0x15c)) },
    };
  }

  /** One instruction in a text. */
  one(text: string, start: Start = {}): Outcome {
    this.assemble(text);
    return this.run(start);
  }

  data(length: number, at = DATA): string {
    return Buffer.from(this.storage.read(at, length)).toString('hex');
  }
}
