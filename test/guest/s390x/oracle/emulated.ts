/**
 * The interpreter under the same trials as the oracle. What ends a trial is an instruction that is served outside: one behind the code, another
 * one where the program new PSW points.
 */
import { Cpu } from '../../../../src/guest/s390x/cpu/cpu.ts';
import { loadState, saveState } from '../../../../src/guest/s390x/cpu/cpu-image.ts';
import { InstructionSet } from '../../../../src/guest/s390x/cpu/instruction-set.ts';
import { Interpreter } from '../../../../src/guest/s390x/cpu/interpreter.ts';
import { Storage } from '../../../../src/guest/s390x/cpu/storage.ts';
import { CODE, CODE_BYTES, DATA, DATA_BYTES, STORAGE_BYTES, TEXT, type Ending, type Outcome, type Trial } from './record.ts';

const END = CODE + CODE_BYTES;
const NEARBY = 0x10_0000;
const HANDLER = END + 16;
const NQAP = Uint8Array.of(0xb2, 0xad, 0, 0);
const PROGRAM_NEW_PSW = 0x1d0;
const INTERRUPTION_CODE = 0x8e;
/** Control register 0, bit 45: floating-point registers and their control register may be used, as in a Linux program. */
const AFP = 0x4_0000n;
/** 64-bit addressing. */
const MASK = Uint8Array.of(0, 0, 0, 1, 0x80, 0, 0, 0);
/** A trial branches forward only. */
const LIMIT = 100_000;

/** Of a program exception, as Linux makes a signal of it. */
const ENDINGS: Readonly<Record<number, Ending>> = {
  1: 'illegal',
  2: 'illegal',
  3: 'illegal',
  4: 'access',
  5: 'access',
  6: 'illegal',
  7: 'arithmetic',
  8: 'arithmetic',
  9: 'arithmetic',
};

export class Emulated {
  private readonly storage = new Storage(STORAGE_BYTES);
  private readonly cpu = new Cpu(0, this.storage);
  private readonly interpreter: Interpreter;

  /** `surroundings`: what lies around code and window, which no trial should depend on. */
  constructor(surroundings = 0) {
    this.storage.bytes.fill(surroundings, TEXT, DATA + NEARBY);
    this.interpreter = new Interpreter(this.cpu, new InstructionSet().intercept('nqap'));
    this.storage.write(PROGRAM_NEW_PSW, MASK);
    this.storage.view.setBigUint64(PROGRAM_NEW_PSW + 8, BigInt(HANDLER));
    this.storage.write(END, NQAP);
    this.storage.write(HANDLER, NQAP);
  }

  /** Instructions of the table that it has. */
  static get mnemonics(): readonly string[] {
    return new InstructionSet().mnemonics;
  }

  run(trial: Trial): Outcome {
    const { cpu, storage, interpreter } = this;
    storage.write(CODE, trial.code);
    storage.write(DATA, trial.data);
    loadState(cpu, {
      gprs: trial.general,
      fprs: trial.floating,
      ars: trial.access,
      crs: Array.from({ length: 16 }, (_, i) => (i === 0 ? AFP : 0n)),
      fpc: trial.fpc,
      cc: trial.cc,
      programMask: trial.programMask,
      mode: 64,
      ia: BigInt(CODE),
      prefix: 0,
    });
    const before = this.interruptions;
    let stop = interpreter.run(LIMIT);
    // A new PSW was loaded.
    let mask = cpu.cc * 0x10 + cpu.programMask;
    const interrupted = this.interruptions !== before;
    if (interrupted) mask = storage.view.getUint8(0x152) & 0x3f;
    if (stop === 'attention') {
      cpu.attention = false;
      stop = interpreter.run(LIMIT);
    }
    const { gprs, fprs, ars, fpc } = saveState(cpu);
    return {
      general: gprs,
      floating: fprs,
      access: ars,
      fpc,
      cc: mask >> 4,
      programMask: mask & 0xf,
      // A wild store into the new PSW, say: the comparison finds out whether that was the trial's own doing.
      ending: stop !== 'intercept' ? 'other' : interrupted ? (ENDINGS[storage.view.getUint16(INTERRUPTION_CODE)] ?? 'other') : 'end',
      data: storage.read(DATA, DATA_BYTES),
    };
  }

  private get interruptions(): number {
    return [...this.cpu.programInterruptions.values()].reduce((sum, count) => sum + count, 0);
  }
}
