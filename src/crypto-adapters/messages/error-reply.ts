/**
 * Error replies of the cards: type 82 (accelerator), 87 (EP11), 88 (CCA), 8 bytes each, code in byte 4
 * (struct error_hdr and the REP82/REP88 codes of drivers/s390/crypto/zcrypt_error.h).
 */
import { EAGAIN, EINVAL, type Errno } from '../../base/errno.ts';

const ERROR_REPLY_LENGTH = 8;

export type ErrorReplyType = 0x82 | 0x87 | 0x88;

export const ReplyError = {
  MACHINE_FAILURE: 0x10,
  MESSAGE_TYPE: 0x20,
  MALFORMED: 0x22,
  MESSAGE_LENGTH: 0x23,
  RESERVED_FIELD: 0x24,
  FORMAT_FIELD: 0x29,
  KEY_TYPE: 0x34,
  /** The length field of a type 50 message. */
  TYPE50_LENGTH: 0x80,
  OPERAND_INVALID: 0x82,
  OPERAND_SIZE: 0x84,
  EVEN_MODULUS: 0x85,
  INVALID_DOMAIN: 0x8a,
  TRANSPORT_FAILURE: 0x90,
} as const;

/** Codes that say the request itself is wrong; sending it again would not help. */
const CALLER_ERRORS: ReadonlySet<number> = new Set([0x22, 0x23, 0x24, 0x29, 0x34, 0x40, 0x41, 0x80, 0x82, 0x84, 0x85, 0x8a, 0x8b, 0xa0]);

export function encodeErrorReply(type: ErrorReplyType, code: number): Uint8Array {
  const reply = new Uint8Array(ERROR_REPLY_LENGTH);
  reply[1] = type;
  reply[4] = code;
  return reply;
}

/** null when the reply is not of one of the error types. Which of them a driver expects depends on the request: the others are nonsense to it. */
export function decodeErrorReply(reply: Uint8Array): { readonly type: ErrorReplyType; readonly code: number } | null {
  const type = reply[1];
  if (reply.length < ERROR_REPLY_LENGTH || (type !== 0x82 && type !== 0x87 && type !== 0x88)) return null;
  return { type, code: reply[4]! };
}

/** What a driver makes of a reply code: -EINVAL ends the request, -EAGAIN lets it be tried elsewhere. */
export function replyCodeErrno(code: number): Errno {
  return CALLER_ERRORS.has(code) ? EINVAL : EAGAIN;
}
