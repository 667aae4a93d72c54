/**
 * CPRBs that users send (ioctl ZSECSENDCPRB), the driver's side: the type 6 message around one, and what the reply means
 * (the XCRB part of drivers/s390/crypto/zcrypt_msgtype6.c). Queues are chosen by zcrypt.
 */
import { EAGAIN, EINVAL, EMSGSIZE, OK, type Errno } from '../../base/errno.ts';
import { CPRB_KINDS, CPRBX_LENGTH, CPRBX_VERSION } from './cprbx.ts';
import { decodeErrorReply, replyCodeErrno } from './error-reply.ts';
import { readPair } from './text.ts';
import { readType6Header, TYPE6_HEADER, updateType6Header, writeType6Header } from './type6-header.ts';
import { readType86Header, type86Block, TYPE86_HEADER } from './type86-blocks.ts';

export interface CprbRequest {
  /** 0x4341: `CA`. */
  readonly agent: number;
  /** CPRBX and parameters. */
  readonly control: Uint8Array;
  readonly data: Uint8Array;
  /** Room for the reply's CPRBX and parameters, bytes. */
  readonly replyControlLength: number;
  readonly replyDataLength: number;
}

export interface CprbMessage {
  readonly message: Uint8Array;
  /** Two characters; decides the class. */
  readonly functionCode: string;
  /** `usage` T2; `admin` T3, T5, T6, T7; `other` is refused on nodes other than the first. */
  readonly kind: 'usage' | 'admin' | 'other';
  /** NQAP needs the special bit: function codes `US` and `AU`. */
  readonly special: boolean;
  /** From the CPRBX; 0xffff: any. */
  readonly domain: number;
}

/** `status`: what the user finds in its request block. `offline`: the driver takes the queue offline, the device talks nonsense. */
export type CprbReply =
  | { readonly control: Uint8Array; readonly data: Uint8Array }
  | { readonly errno: Errno; readonly status?: number; readonly offline?: boolean };

const SPECIAL: ReadonlySet<string> = new Set(['US', 'AU']);
const DOMAIN_AT = TYPE6_HEADER + 170;
const U32_MAX = 0xffffffff;
/** HDD_InvalidParm, the status of a request that the card did not understand or answered with nonsense. */
const STATUS_INVALID = 0x0008044d;

const roundedUp = (length: number): number => Math.ceil(length / 4) * 4;

/** -EINVAL when lengths overflow 32 bits or `bufferSize`, or the control block has no room for a function code behind its CPRBX. */
export function encodeCprbRequest(request: CprbRequest, bufferSize: number): CprbMessage | Errno {
  const { agent, control, data, replyControlLength, replyDataLength } = request;
  const [controlLength, replyLength] = [roundedUp(control.length), roundedUp(replyControlLength)];
  if (controlLength > U32_MAX || controlLength + data.length > U32_MAX) return EINVAL;
  const length = TYPE6_HEADER + controlLength + data.length;
  if (length > bufferSize) return EINVAL;
  if (replyLength > U32_MAX || replyLength + replyDataLength > U32_MAX) return EINVAL;
  // What the kernel reads behind a control block that is too short for a CPRBX is zero here.
  const whole = new Uint8Array(Math.max(control.length, CPRBX_LENGTH));
  whole.set(control);
  const cprbLength = new DataView(whole.buffer).getUint16(0);
  if (cprbLength + 2 > control.length) return EINVAL;
  const functionCode = readPair(whole, cprbLength);
  const message = new Uint8Array(length);
  const second = data.length === 0 ? {} : { offset2: TYPE6_HEADER + controlLength, toCard2: data.length };
  writeType6Header(message, {
    agent: String.fromCharCode(agent >> 8, agent & 0xff),
    functionCode,
    toCard1: control.length,
    fromCard1: replyControlLength,
    fromCard2: replyDataLength,
    ...second,
  });
  message.set(control, TYPE6_HEADER);
  message.set(data, TYPE6_HEADER + controlLength);
  const kind = CPRB_KINDS.get(readPair(whole, 6)) ?? 'other';
  return { message, functionCode, kind, special: SPECIAL.has(functionCode), domain: new DataView(whole.buffer).getUint16(170) };
}

/** Makes the CPRBX name the domain of the queue that was chosen. */
export function setCprbDomain(message: Uint8Array, domain: number): void {
  if (message.length >= DOMAIN_AT + 2) new DataView(message.buffer, message.byteOffset, message.length).setUint16(DOMAIN_AT, domain);
}

/** Tells the card how much of a reply the queue's buffer can take; -EINVAL when not even the data block fits. */
export function limitCprbReply(message: Uint8Array, maxMessageSize: number): Errno {
  const header = readType6Header(message);
  if (header === null) return EINVAL;
  const room = maxMessageSize - TYPE86_HEADER;
  const fromCard2 = Math.min(header.fromCard2, room);
  const fromCard1 = Math.min(header.fromCard1, room);
  const excess = Math.max(0, fromCard1 + fromCard2 - room);
  if (excess > fromCard1) return EINVAL;
  updateType6Header(message, { fromCard1: fromCard1 - excess, fromCard2 });
  return OK;
}

/** What the driver gives the user for a reply. Total: any bytes have an answer. */
export function decodeCprbReply(reply: Uint8Array, room: Pick<CprbRequest, 'replyControlLength' | 'replyDataLength'>): CprbReply {
  const error = decodeErrorReply(reply);
  if (error !== null && error.type !== 0x87) return { errno: replyCodeErrno(error.code), status: STATUS_INVALID };
  const header = readType86Header(reply);
  const nonsense = { errno: EAGAIN, status: STATUS_INVALID, offline: true };
  if (header === null) return nonsense;
  const understood = reply.length >= TYPE86_HEADER + 3 && reply[TYPE86_HEADER + 2] === CPRBX_VERSION;
  if (understood && reply.length !== cprbReplyEnd(header)) return { errno: EMSGSIZE };
  if (header.replyCode !== 0) return { errno: replyCodeErrno(header.replyCode), status: header.apfs };
  if (!understood) return nonsense;
  if (header.count1 > room.replyControlLength || header.count2 > room.replyDataLength) return { errno: EMSGSIZE };
  const control = type86Block(reply, header.offset1, header.count1);
  const data = type86Block(reply, header.offset2, header.count2);
  return control === null || data === null ? { errno: EMSGSIZE } : { control, data };
}

/** Where a reply ends by its header. */
export function cprbReplyEnd({
  count1,
  offset1,
  count2,
  offset2,
}: { readonly [name in 'count1' | 'offset1' | 'count2' | 'offset2']: number }): number {
  return count2 === 0 ? offset1 + count1 : offset2 + count2;
}
