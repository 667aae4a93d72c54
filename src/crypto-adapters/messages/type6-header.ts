/**
 * The 88-byte header of type 6 messages (struct type6_hdr in drivers/s390/crypto/zcrypt_msgtype6.h): up to four blocks to the card,
 * and how much room there is for the four that may come back.
 */
import { readNumber, readNumbers, writeNumbers, writePair, type NumberTable } from './fields.ts';
import { readPair } from './text.ts';

export const TYPE6_HEADER = 0x58;
const TYPE6 = 0x06;

const NUMBERS = {
  right: [4, 4],
  apfs: [12, 4],
  offset1: [16, 4],
  offset2: [20, 4],
  offset3: [24, 4],
  offset4: [28, 4],
  requestId: [48, 2],
  toCard1: [56, 4],
  toCard2: [60, 4],
  toCard3: [64, 4],
  toCard4: [68, 4],
  fromCard1: [72, 4],
  fromCard2: [76, 4],
  fromCard3: [80, 4],
  fromCard4: [84, 4],
} as const satisfies NumberTable<string>;

type Numbers = Record<keyof typeof NUMBERS, number>;

export interface Type6Header extends Numbers {
  /** Two characters: `CA` CCA, `XC` EP11. */
  readonly agent: string;
  /** Two characters; EP11 has none (two zero bytes). */
  readonly functionCode: string;
}

/** Writes it to the start of `message`; numbers that are not given stay zero, offset 1 is where it always is. */
export function writeType6Header(message: Uint8Array, header: Pick<Type6Header, 'agent' | 'functionCode'> & Partial<Numbers>): void {
  const { agent, functionCode, ...numbers } = header;
  message[1] = TYPE6;
  writePair(message, 32, agent);
  writePair(message, 52, functionCode);
  updateType6Header(message, { offset1: TYPE6_HEADER, ...numbers });
}

/** Changes single numbers of a header that is there. */
export function updateType6Header(message: Uint8Array, numbers: Partial<Numbers>): void {
  writeNumbers(NUMBERS, numbers, message);
}

/** null when the message is too short for one, or of another type. */
export function readType6Header(message: Uint8Array): Type6Header | null {
  if (message.length < TYPE6_HEADER || message[1] !== TYPE6) return null;
  return { ...readNumbers(NUMBERS, message), agent: readPair(message, 32), functionCode: readPair(message, 52) };
}

/** One number of a header that is there. */
export function type6Number(message: Uint8Array, name: keyof Numbers): number {
  return readNumber(NUMBERS[name], message);
}

export function isType6(message: Uint8Array, agent: string): boolean {
  return message.length >= TYPE6_HEADER && message[1] === TYPE6 && readPair(message, 32) === agent;
}

export function type6FunctionCode(message: Uint8Array): string {
  return readPair(message, 52);
}

const BLOCKS = [
  ['offset1', 'toCard1'],
  ['offset2', 'toCard2'],
  ['offset3', 'toCard3'],
  ['offset4', 'toCard4'],
] as const satisfies readonly (readonly (keyof Numbers)[])[];

/** Do all blocks lie in the message, none of them in the header or over another one? Offsets of empty blocks mean nothing. */
export function blocksFit(message: Uint8Array): boolean {
  let free = TYPE6_HEADER;
  for (const [offsetName, sizeName] of BLOCKS) {
    const size = type6Number(message, sizeName);
    if (size === 0) continue;
    const offset = type6Number(message, offsetName);
    if (offset < free || offset + size > message.length) return false;
    free = offset + size;
  }
  return true;
}
