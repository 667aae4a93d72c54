/**
 * The 220-byte connectivity programming request block of CCA, in requests and replies (struct CPRBX in uapi/asm/zcrypt.h).
 * Its six pointers mean nothing to the card and stay zero here.
 */
import { readNumber, readNumbers, writeNumbers, writePair, type NumberTable } from './fields.ts';
import { readPair } from './text.ts';

export const CPRBX_LENGTH = 0xdc;
export const CPRBX_VERSION = 0x02;
/** What a CPRB is for, by its function id; others are unknown. */
export const CPRB_KINDS: ReadonlyMap<string, 'usage' | 'admin'> = new Map([
  ['T2', 'usage'],
  ...['T3', 'T5', 'T6', 'T7'].map((id) => [id, 'admin'] as const),
]);

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
  return isCprbx(bytes, at) ? { ...readNumbers(NUMBERS, bytes, at), functionId: cprbxFunctionId(bytes, at) } : null;
}

export function isCprbx(bytes: Uint8Array, at: number): boolean {
  if (bytes.length < at + CPRBX_LENGTH || bytes[at + 2] !== CPRBX_VERSION) return false;
  return bytes[at] === CPRBX_LENGTH >> 8 && bytes[at + 1] === (CPRBX_LENGTH & 0xff);
}

/** One number of a block that is there. */
export function cprbxNumber(bytes: Uint8Array, at: number, name: keyof typeof NUMBERS): number {
  return readNumber(NUMBERS[name], bytes, at);
}

export function cprbxFunctionId(bytes: Uint8Array, at: number): string {
  return readPair(bytes, at + 6);
}
