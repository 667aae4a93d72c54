/**
 * EP11 requests, the driver's side (ioctl ZSENDEP11CPRB): the type 6 message around one, and what the reply means
 * (the EP11 part of drivers/s390/crypto/zcrypt_msgtype6.c). And the card's side of the message.
 */
import { EAGAIN, EINVAL, EMSGSIZE, OK, type Errno } from '../../base/errno.ts';
import { Ep11Flag, EP11_CPRB_LENGTH, EP11_CPRB_VERSION, readEp11Cprb, type Ep11Cprb } from './ep11-cprb.ts';
import { decodeEp11Payload, type Ep11Payload } from './ep11-payload.ts';
import { decodeErrorReply, ReplyError, replyCodeErrno } from './error-reply.ts';
import { blocksFit, isType6, TYPE6_HEADER, type6Number, updateType6Header, writeType6Header } from './type6-header.ts';
import { readType86Header, type86Block, TYPE86_HEADER } from './type86-blocks.ts';

export interface Ep11Message {
  readonly message: Uint8Array;
  /** Decides the class. */
  readonly functionId: number;
  /** From the CPRB. */
  readonly domain: number;
  /** Goes to the domain that it names, and is not tried again. */
  readonly admin: boolean;
  /** NQAP needs the special bit. */
  readonly special: boolean;
}

/** `response`: CPRB and payload. `offline`: the driver takes the queue offline, the device talks nonsense. */
export type Ep11Reply = { readonly response: Uint8Array } | { readonly errno: Errno; readonly offline?: boolean };

const FLAGS_AT = 5;
const TARGET_AT = 12;
const U32_MAX = 0xffffffff;
const FUNCTION = { agent: 'XC', functionCode: '\0\0', requestId: 1 } as const;

/** `request`: CPRB and payload; `responseLength`: room for the response. -EINVAL when a length overflows, or has a form that is unknown. */
export function encodeEp11Request(request: Uint8Array, responseLength: number, bufferSize: number): Ep11Message | Errno {
  const length = TYPE6_HEADER + Math.ceil(request.length / 4) * 4;
  if (length > bufferSize || length > U32_MAX) return EINVAL;
  if (Math.ceil(responseLength / 4) * 4 > U32_MAX) return EINVAL;
  const message = new Uint8Array(length);
  writeType6Header(message, { ...FUNCTION, toCard1: request.length, fromCard1: responseLength });
  message.set(request, TYPE6_HEADER);
  const fieldsAt = payloadFields(message);
  if (fieldsAt === null) return EINVAL;
  const flags = request[FLAGS_AT] ?? 0;
  return {
    message,
    functionId: readWord(message, fieldsAt + 2) & 0xffff,
    domain: readWord(message, TYPE6_HEADER + TARGET_AT),
    admin: (flags & Ep11Flag.ADMIN) !== 0,
    special: (flags & Ep11Flag.SPECIAL) !== 0,
  };
}

/** The chosen queue: a request that is no administration goes to its domain, and the card may answer as much as its buffer takes. */
export function aimEp11Request(message: Uint8Array, domain: number, maxMessageSize: number): Errno {
  if (((message[TYPE6_HEADER + FLAGS_AT] ?? 0) & Ep11Flag.ADMIN) === 0) {
    const fieldsAt = payloadFields(message);
    if (fieldsAt === null) return EINVAL;
    writeWord(message, TYPE6_HEADER + TARGET_AT, domain);
    writeWord(message, fieldsAt + 8, domain);
  }
  updateType6Header(message, { fromCard1: maxMessageSize - TYPE86_HEADER });
  return OK;
}

/** Where the first field of the payload starts by the length form of the sequence: the kernel looks at no more of it. */
function payloadFields(message: Uint8Array): number | null {
  const at = TYPE6_HEADER + EP11_CPRB_LENGTH + 1;
  const form = message[at] ?? 0;
  if ((form & 0x80) === 0) return at + 1;
  const extra = form & 0x03;
  return extra === 1 || extra === 2 ? at + 1 + extra : null;
}

/** Bytes behind the end of the message read as zero. */
function readWord(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) value = value * 0x100 + (bytes[at + i] ?? 0);
  return value;
}

function writeWord(bytes: Uint8Array, at: number, value: number): void {
  if (at + 4 <= bytes.length) new DataView(bytes.buffer, bytes.byteOffset, bytes.length).setUint32(at, value);
}

/** What the driver gives the user for a reply. Total: any bytes have an answer. */
export function decodeEp11Reply(reply: Uint8Array, responseLength: number): Ep11Reply {
  const error = decodeErrorReply(reply);
  if (error !== null && error.type !== 0x88) return { errno: replyCodeErrno(error.code) };
  const header = readType86Header(reply);
  if (header === null) return { errno: EAGAIN, offline: true };
  const understood = reply.length >= TYPE86_HEADER + 3 && reply[TYPE86_HEADER + 2] === EP11_CPRB_VERSION;
  if (understood && reply.length !== header.offset1 + header.count1) return { errno: EMSGSIZE };
  if (header.replyCode !== 0) return { errno: replyCodeErrno(header.replyCode) };
  if (!understood) return { errno: EAGAIN, offline: true };
  if (header.count1 > responseLength) return { errno: EMSGSIZE };
  const response = type86Block(reply, header.offset1, header.count1);
  return response === null ? { errno: EMSGSIZE } : { response };
}

export interface Ep11Request {
  readonly cprb: Ep11Cprb;
  readonly payload: Ep11Payload;
}

/** The card's side: the request, or the code of the error reply. */
export function decodeEp11Message(message: Uint8Array): Ep11Request | number {
  if (!isType6(message, FUNCTION.agent)) return ReplyError.MESSAGE_TYPE;
  if (message.length < TYPE6_HEADER + EP11_CPRB_LENGTH) return ReplyError.MESSAGE_LENGTH;
  if (type6Number(message, 'offset1') !== TYPE6_HEADER || !blocksFit(message)) return ReplyError.MALFORMED;
  const cprb = readEp11Cprb(message, TYPE6_HEADER);
  if (cprb === null || cprb.functionId !== 'T4') return ReplyError.MALFORMED;
  if (EP11_CPRB_LENGTH + cprb.payloadLength > type6Number(message, 'toCard1')) return ReplyError.MESSAGE_LENGTH;
  const start = TYPE6_HEADER + EP11_CPRB_LENGTH;
  const payload = decodeEp11Payload(message.subarray(start, start + cprb.payloadLength));
  return payload === null ? ReplyError.MALFORMED : { cprb, payload };
}
