/**
 * Type 86 replies of coprocessors: an 8-byte header, for format 2 a 40-byte extension that says where up to four blocks are
 * (struct type86_hdr and type86_fmt2_ext in drivers/s390/crypto/zcrypt_msgtype6.h). Format 1 is the header alone: an error.
 */
import { readNumbers, writeNumbers, type NumberTable } from './fields.ts';

const TYPE86 = 0x86;
const TYPE86_FORMAT_OK = 0x02;
const FORMAT_ERROR = 0x01;
const SHORT_HEADER = 8;
/** Header and format-2 extension. */
export const TYPE86_HEADER = 0x30;
/** Where the final status is. */
const APFS_AT = 12;

const NUMBERS = {
  count1: [16, 4],
  offset1: [20, 4],
  count2: [24, 4],
  offset2: [28, 4],
  count3: [32, 4],
  offset3: [36, 4],
  count4: [40, 4],
  offset4: [44, 4],
} as const satisfies NumberTable<string>;

export interface Type86Header extends Record<keyof typeof NUMBERS, number> {
  readonly format: number;
  /** 0: the blocks are there. */
  readonly replyCode: number;
  /** Final status, given to the user of a CPRB with a reply code. */
  readonly apfs: number;
}

/** Blocks are one behind the other; an empty one has offset and count 0. */
export function encodeType86Blocks(...blocks: readonly Uint8Array[]): Uint8Array {
  if (blocks.length > 4) throw new RangeError(`expected at most 4 blocks, got ${blocks.length}`);
  const reply = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, TYPE86_HEADER));
  reply[1] = TYPE86;
  reply[2] = TYPE86_FORMAT_OK;
  const view = new DataView(reply.buffer);
  let at = TYPE86_HEADER;
  for (const [index, block] of blocks.entries()) {
    if (block.length === 0) continue;
    view.setUint32(16 + index * 8, block.length);
    view.setUint32(20 + index * 8, at);
    reply.set(block, at);
    at += block.length;
  }
  return reply;
}

/** Format 1 with a reply code; the final status is behind the header, where format 2 has it. */
export function encodeType86Error(replyCode: number, apfs: number): Uint8Array {
  const reply = new Uint8Array(APFS_AT + 4);
  reply[1] = TYPE86;
  reply[2] = FORMAT_ERROR;
  reply[4] = replyCode;
  writeNumbers({ apfs: [APFS_AT, 4] }, { apfs }, reply);
  return reply;
}

/** What is there of the header; missing numbers are 0. null when it is no type 86 reply. */
export function readType86Header(reply: Uint8Array): Type86Header | null {
  if (reply.length < SHORT_HEADER || reply[1] !== TYPE86) return null;
  const whole = new Uint8Array(TYPE86_HEADER);
  whole.set(reply.subarray(0, TYPE86_HEADER));
  const { apfs } = readNumbers({ apfs: [APFS_AT, 4] }, whole);
  return { ...readNumbers(NUMBERS, whole), apfs, format: whole[2]!, replyCode: whole[4]! };
}

/** A block as a copy, or null when it does not lie within the reply. */
export function type86Block(reply: Uint8Array, offset: number, count: number): Uint8Array | null {
  if (count === 0) return new Uint8Array(0);
  if (offset < TYPE86_HEADER || offset + count > reply.length) return null;
  return new Uint8Array(reply.subarray(offset, offset + count));
}
