/**
 * What the oracle and the interpreter are given, and what they answer: registers, a little code, a window of storage, as bytes of a fixed
 * layout, big-endian on both sides.
 */

/** Bytes of code in one trial; the rest is filled with no-operations. */
export const CODE_BYTES = 48;
/** Bytes of storage that a trial may touch. */
export const DATA_BYTES = 1024;

/** Where things lie in the storage of both machines. */
export const TEXT = 0x100_0000;
export const CODE = 0x101_0000;
export const DATA = 0x101_1000;
export const STORAGE_BYTES = 0x200_0000;

/** Offsets that input and output share: 16 general registers, 16 floating-point registers, 16 access registers, FPC, PSW bits as IPM shows them. */
const FPRS = 128;
const ARS = 256;
const FPC = 320;
const MASK = 324;
const CODE_AT = 328;
const DATA_IN = CODE_AT + CODE_BYTES;
export const INPUT_BYTES = DATA_IN + DATA_BYTES;
/** Output: the signal that ended the trial, 0 for none, and the low half of the instruction address then. */
const SIGNAL = 328;
const DATA_OUT = 336;
export const OUTPUT_BYTES = DATA_OUT + DATA_BYTES;
/** Offsets for the program that runs trials. */
export const LAYOUT = { FPRS, ARS, FPC, MASK, CODE_AT, DATA_IN, SIGNAL, DATA_OUT } as const;

export interface Registers {
  readonly general: readonly bigint[];
  readonly floating: readonly bigint[];
  readonly access: readonly number[];
  readonly fpc: number;
  /** Condition code and program mask. */
  readonly cc: number;
  readonly programMask: number;
}

export interface Trial extends Registers {
  readonly code: Uint8Array;
  readonly data: Uint8Array;
}

/** How a trial ended: it ran to its end, or a program exception of this kind, which a signal stands for. */
export type Ending = 'end' | 'illegal' | 'arithmetic' | 'access' | 'trap' | 'other';

export interface Outcome extends Registers {
  readonly ending: Ending;
  readonly data: Uint8Array;
}

const SIGNALS: Readonly<Record<number, Ending>> = { 0: 'end', 4: 'illegal', 5: 'trap', 8: 'arithmetic', 7: 'access', 11: 'access' };

/** None of those that mean something. */
const UNKNOWN_SIGNAL = 99;

function writeRegisters(bytes: Buffer, { general, floating, access, fpc, cc, programMask }: Registers): void {
  general.forEach((value, i) => bytes.writeBigUInt64BE(value, 8 * i));
  floating.forEach((value, i) => bytes.writeBigUInt64BE(value, FPRS + 8 * i));
  access.forEach((value, i) => bytes.writeUInt32BE(value, ARS + 4 * i));
  bytes.writeUInt32BE(fpc, FPC);
  bytes.writeUInt32BE((cc * 0x1000_0000 + programMask * 0x100_0000) >>> 0, MASK);
}

export function inputOf(trial: Trial): Buffer {
  const bytes = Buffer.alloc(INPUT_BYTES);
  writeRegisters(bytes, trial);
  bytes.set(trial.code, CODE_AT);
  bytes.set(trial.data, DATA_IN);
  return bytes;
}

/** The trial that `inputOf` has made bytes of. */
export function trialOf(bytes: Buffer): Trial {
  const mask = bytes.readUInt32BE(MASK);
  return {
    ...registersOf(bytes),
    cc: (mask >>> 28) & 3,
    programMask: (mask >>> 24) & 0xf,
    code: new Uint8Array(bytes.subarray(CODE_AT, CODE_AT + CODE_BYTES)),
    data: new Uint8Array(bytes.subarray(DATA_IN, DATA_IN + DATA_BYTES)),
  };
}

function registersOf(bytes: Buffer): Pick<Registers, 'general' | 'floating' | 'access' | 'fpc'> {
  return {
    general: Array.from({ length: 16 }, (_, i) => bytes.readBigUInt64BE(8 * i)),
    floating: Array.from({ length: 16 }, (_, i) => bytes.readBigUInt64BE(FPRS + 8 * i)),
    access: Array.from({ length: 16 }, (_, i) => bytes.readUInt32BE(ARS + 4 * i)),
    fpc: bytes.readUInt32BE(FPC),
  };
}

export function outcomeOf(bytes: Buffer): Outcome {
  const mask = bytes.readUInt32BE(MASK);
  return {
    ...registersOf(bytes),
    cc: (mask >>> 28) & 3,
    programMask: (mask >>> 24) & 0xf,
    ending: SIGNALS[bytes.readUInt32BE(SIGNAL)] ?? 'other',
    data: new Uint8Array(bytes.subarray(DATA_OUT, DATA_OUT + DATA_BYTES)),
  };
}

/** What `outcomeOf` reads; how a trial ended is told by a signal that means the same. */
export function outputOf(outcome: Outcome): Buffer {
  const bytes = Buffer.alloc(OUTPUT_BYTES);
  writeRegisters(bytes, outcome);
  const signal = Object.entries(SIGNALS).find(([, ending]) => ending === outcome.ending)?.[0] ?? UNKNOWN_SIGNAL;
  bytes.writeUInt32BE(Number(signal), SIGNAL);
  bytes.set(outcome.data, DATA_OUT);
  return bytes;
}

const BCR_NEVER = [0x07, 0x00];

/** The instructions one behind the other, filled up to `CODE_BYTES` with no-operations. */
export function codeOf(instructions: readonly Uint8Array[]): Uint8Array {
  const code = new Uint8Array(CODE_BYTES);
  let at = 0;
  for (const instruction of instructions) {
    code.set(instruction, at);
    at += instruction.length;
  }
  for (; at < CODE_BYTES; at += 2) code.set(BCR_NEVER, at);
  return code;
}
