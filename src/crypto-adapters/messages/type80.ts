/**
 * Type 80 messages: replies of accelerators (struct type80_hdr in drivers/s390/crypto/zcrypt_msgtype50.c).
 * A 16-byte header, then the result right-justified in a field as wide as the message field of the request.
 */
import { EAGAIN, EMSGSIZE } from '../../base/errno.ts';
import { decodeErrorReply, replyCodeErrno } from './error-reply.ts';
import type { RsaReply } from './rsa-types.ts';

const HEADER = 16;
/** Header and 4096 bits: nothing longer exists. */
const MAX_LENGTH = 0x210;

export function encodeType80(data: Uint8Array): Uint8Array {
  const reply = new Uint8Array(HEADER + data.length);
  if (reply.length > MAX_LENGTH) throw new RangeError(`expected a type 80 reply of at most ${MAX_LENGTH} bytes, got ${reply.length}`);
  reply[1] = 0x80;
  new DataView(reply.buffer).setUint16(2, reply.length);
  reply.set(data, HEADER);
  return reply;
}

/** The driver's side. The result is the last `outputLength` bytes. */
export function decodeType80(reply: Uint8Array, outputLength: number): RsaReply {
  const error = decodeErrorReply(reply);
  if (error !== null && error.type !== 0x87) return { errno: replyCodeErrno(error.code) };
  if (reply[1] !== 0x80 || reply.length < HEADER) return { errno: EAGAIN, offline: true };
  const length = new DataView(reply.buffer, reply.byteOffset, reply.length).getUint16(2);
  if (length !== reply.length || length > MAX_LENGTH) return { errno: EMSGSIZE };
  if (reply[4] !== 0) return { errno: replyCodeErrno(reply[4]!) };
  if (length < HEADER + outputLength) return { errno: EAGAIN, offline: true };
  return { output: new Uint8Array(reply.subarray(reply.length - outputLength)) };
}
