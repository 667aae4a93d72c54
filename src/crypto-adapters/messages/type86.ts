/**
 * Type 86 messages: replies of coprocessors (struct type86_hdr and type86_fmt2_ext in drivers/s390/crypto/zcrypt_msgtype6.h),
 * here with the reply CPRBX of an RSA request behind them.
 */
import { EAGAIN, EINVAL, EMSGSIZE, type Errno } from '../../base/errno.ts';
import { rightJustified } from '../big-bytes.ts';
import { decodeErrorReply, replyCodeErrno } from './error-reply.ts';
import type { RsaReply } from './rsa-types.ts';
import { CPRBX_LENGTH, writeCprbx } from './cprbx.ts';
import { writeText } from './text.ts';
import { TYPE86_HEADER as HEADER } from './type86-blocks.ts';

const PARAMETERS = HEADER + CPRBX_LENGTH;
/** Function code and empty rule. */
const RULE_BLOCK = 4;
const LENGTH_AT = PARAMETERS + RULE_BLOCK;
const DATA_AT = LENGTH_AT + 2;
/** An empty key block: nothing but its own length. */
const EMPTY_KEY_BLOCK = 2;

/** CCA return and reason codes that blame the caller. */
const CALLER_ERRORS: ReadonlySet<string> = new Set(['8,65', '8,66', '8,72', '8,770', '12,769']);
/** The card cannot do this size. */
const REASON_SIZE = 0x14f;

export interface Type86 {
  readonly functionCode: string;
  readonly domain: number;
  readonly data: Uint8Array;
}

export function encodeType86({ functionCode, domain, data }: Type86): Uint8Array {
  const reply = new Uint8Array(DATA_AT + data.length + EMPTY_KEY_BLOCK);
  const view = new DataView(reply.buffer);
  reply[1] = 0x86;
  reply[2] = 0x02;
  view.setUint32(16, reply.length - HEADER);
  view.setUint32(20, HEADER);
  writeCprbx(reply, HEADER, { domain, repliedParameters: reply.length - PARAMETERS });
  writeText(reply, PARAMETERS, functionCode);
  view.setUint16(PARAMETERS + 2, 2);
  view.setUint16(LENGTH_AT, data.length + 2);
  reply.set(data, DATA_AT);
  view.setUint16(reply.length - EMPTY_KEY_BLOCK, EMPTY_KEY_BLOCK);
  return reply;
}

/** The driver's side. */
export function decodeType86(reply: Uint8Array, outputLength: number): RsaReply {
  const error = decodeErrorReply(reply);
  if (error !== null && error.type !== 0x87) return { errno: replyCodeErrno(error.code) };
  if (reply[1] !== 0x86 || reply.length < 8) return { errno: EAGAIN, offline: true };
  if (reply[4] !== 0) return { errno: replyCodeErrno(reply[4]!) };
  if (reply.length < PARAMETERS || reply[HEADER + 2] !== 0x02) return { errno: EAGAIN, offline: true };
  const view = new DataView(reply.buffer, reply.byteOffset, reply.length);
  const returnCode = view.getUint16(HEADER + 144);
  if (returnCode !== 0) return refusal(returnCode, view.getUint16(HEADER + 146), outputLength);
  if (reply.length < DATA_AT) return { errno: EMSGSIZE };
  const length = view.getUint16(LENGTH_AT);
  if (length < 2 || reply.length !== DATA_AT + length || length - 2 > outputLength) return { errno: EMSGSIZE };
  return { output: new Uint8Array(rightJustified(reply.subarray(DATA_AT, DATA_AT + length - 2), outputLength)) };
}

function refusal(returnCode: number, reasonCode: number, outputLength: number): { errno: Errno; offline?: boolean } {
  if (CALLER_ERRORS.has(`${returnCode},${reasonCode}`)) return { errno: EINVAL };
  if (reasonCode === REASON_SIZE && outputLength > 256) return { errno: EINVAL };
  return { errno: EAGAIN, offline: true };
}
