/**
 * Type 6 messages: an 88-byte header and a 220-byte CPRBX before the parameters, for CCA coprocessors
 * (struct type6_hdr in drivers/s390/crypto/zcrypt_msgtype6.h, struct CPRBX in uapi/asm/zcrypt.h).
 */
import { ReplyError } from './error-reply.ts';
import { readPair, writeText } from './text.ts';

const TYPE6_HEADER = 0x58;
export const CPRBX_LENGTH = 0xdc;
/** Where the parameters start. */
const TYPE6_PARAMETERS = TYPE6_HEADER + CPRBX_LENGTH;
/** What the driver asks the card to answer at most to an RSA request. */
const RSA_REPLY_LENGTH = 0x77c - TYPE6_HEADER;

export interface Type6 {
  /** Two characters, `CA` for RSA. */
  readonly agent: string;
  /** Two characters: `PK` RSA with an exponent, `PD` RSA with the private key in parts. */
  readonly functionCode: string;
  /** Domain of the queue that the request is for. */
  readonly domain: number;
  readonly parameters: Uint8Array;
}

export function encodeType6({ agent, functionCode, domain, parameters }: Type6): Uint8Array {
  const message = new Uint8Array(TYPE6_PARAMETERS + parameters.length);
  const view = new DataView(message.buffer);
  message[1] = 0x06;
  view.setUint32(16, TYPE6_HEADER);
  writeText(message, 32, agent);
  writeText(message, 52, functionCode);
  view.setUint32(56, message.length - TYPE6_HEADER);
  view.setUint32(72, RSA_REPLY_LENGTH);
  writeCprbx(view, TYPE6_HEADER, domain);
  view.setUint32(TYPE6_HEADER + 12, parameters.length);
  view.setUint32(TYPE6_HEADER + 20, RSA_REPLY_LENGTH);
  message.set(parameters, TYPE6_PARAMETERS);
  return message;
}

/** Length, version, function id and domain of a CPRBX; the rest stays as it is. */
export function writeCprbx(view: DataView, at: number, domain: number): void {
  view.setUint16(at, CPRBX_LENGTH);
  view.setUint8(at + 2, 0x02);
  view.setUint16(at + 6, 0x5432);
  view.setUint16(at + 170, domain);
}

/** The card's side: the request, or the code of the error reply. */
export function decodeType6(message: Uint8Array): Type6 | number {
  if (message.length < TYPE6_HEADER || message[1] !== 0x06) return ReplyError.MESSAGE_TYPE;
  if (message.length < TYPE6_PARAMETERS) return ReplyError.MESSAGE_LENGTH;
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  if (view.getUint32(16) !== TYPE6_HEADER || view.getUint32(56) > message.length - TYPE6_HEADER) return ReplyError.MALFORMED;
  if (view.getUint16(TYPE6_HEADER) !== CPRBX_LENGTH || message[TYPE6_HEADER + 2] !== 0x02) return ReplyError.MALFORMED;
  const length = view.getUint32(TYPE6_HEADER + 12);
  if (length > message.length - TYPE6_PARAMETERS) return ReplyError.MESSAGE_LENGTH;
  return {
    agent: readPair(message, 32),
    functionCode: readPair(message, 52),
    domain: view.getUint16(TYPE6_HEADER + 170),
    parameters: message.subarray(TYPE6_PARAMETERS, TYPE6_PARAMETERS + length),
  };
}
