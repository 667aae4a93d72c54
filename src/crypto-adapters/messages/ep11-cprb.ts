/**
 * The 32-byte request block of EP11, in requests and replies (struct ep11_cprb in uapi/asm/zcrypt.h).
 */
import { readNumbers, writeNumbers, writePair, type NumberTable } from './fields.ts';
import { readPair } from './text.ts';

export const EP11_CPRB_LENGTH = 32;
export const EP11_CPRB_VERSION = 0x04;
export const Ep11Flag = { ADMIN: 0x80, SPECIAL: 0x20 } as const;

const NUMBERS = {
  length: [0, 2],
  version: [2, 1],
  flags: [5, 1],
  source: [8, 4],
  target: [12, 4],
  returnCode: [16, 4],
  payloadLength: [28, 4],
} as const satisfies NumberTable<string>;

export interface Ep11Cprb extends Record<keyof typeof NUMBERS, number> {
  /** `T4`. */
  readonly functionId: string;
}

/** Length, version and function id are what they always are unless given. */
export function writeEp11Cprb(bytes: Uint8Array, at: number, fields: Partial<Ep11Cprb>): void {
  const { functionId = 'T4', ...numbers } = fields;
  writePair(bytes, at + 6, functionId);
  writeNumbers(NUMBERS, { length: EP11_CPRB_LENGTH, version: EP11_CPRB_VERSION, ...numbers }, bytes, at);
}

/** null when there are too few bytes, or another version. */
export function readEp11Cprb(bytes: Uint8Array, at: number): Ep11Cprb | null {
  if (bytes.length < at + EP11_CPRB_LENGTH || bytes[at + 2] !== EP11_CPRB_VERSION) return null;
  return { ...readNumbers(NUMBERS, bytes, at), functionId: readPair(bytes, at + 6) };
}
