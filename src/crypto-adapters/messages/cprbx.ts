/**
 * The 220-byte connectivity programming request block of CCA, in requests and replies (struct CPRBX in uapi/asm/zcrypt.h).
 * Its six pointers mean nothing to the card and stay zero here.
 */
import { readNumbers, writeNumbers, writePair, type NumberTable } from './fields.ts';
import { readPair } from './text.ts';

export const CPRBX_LENGTH = 0xdc;
export const CPRBX_VERSION = 0x02;
/** Where the domain is. */
const DOMAIN_AT = 170;

const NUMBERS = {
  commandFilter: [3, 1],
  flags: [8, 4],
  requestParameters: [12, 4],
  requestData: [16, 4],
  replyMessage: [20, 4],
  repliedParameters: [24, 4],
  replyData: [28, 4],
  repliedData: [32, 4],
  requestExtension: [36, 4],
  repliedExtension: [44, 4],
  returnCode: [144, 2],
  reasonCode: [146, 2],
  macData: [148, 4],
  macContentFlags: [168, 1],
  domain: [DOMAIN_AT, 2],
} as const satisfies NumberTable<string>;

/** Lengths in bytes; `replyMessage` is the room for the reply, `replyData` for its data block. */
export interface Cprbx extends Record<keyof typeof NUMBERS, number> {
  /** `T2`: usage of keys. `T3`, `T5`, `T6`, `T7`: administration. */
  readonly functionId: string;
}

export function writeCprbx(bytes: Uint8Array, at: number, fields: Partial<Cprbx>): void {
  const { functionId = 'T2', ...numbers } = fields;
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length).setUint16(at, CPRBX_LENGTH);
  bytes[at + 2] = CPRBX_VERSION;
  writePair(bytes, at + 6, functionId);
  writeNumbers(NUMBERS, numbers, bytes, at);
}

/** null when there is none at this place: too few bytes, another length, another version. */
export function readCprbx(bytes: Uint8Array, at: number): Cprbx | null {
  if (bytes.length < at + CPRBX_LENGTH) return null;
  if (new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint16(at) !== CPRBX_LENGTH) return null;
  if (bytes[at + 2] !== CPRBX_VERSION) return null;
  return { ...readNumbers(NUMBERS, bytes, at), functionId: readPair(bytes, at + 6) };
}
