/**
 * Type 6 messages for CCA coprocessors: an 88-byte header and a 220-byte CPRBX before the parameters, behind them perhaps a data block
 * (struct type6_hdr in drivers/s390/crypto/zcrypt_msgtype6.h, struct CPRBX in uapi/asm/zcrypt.h).
 */
import { CPRBX_LENGTH, readCprbx, writeCprbx } from './cprbx.ts';
import { ReplyError } from './error-reply.ts';
import { blocksFit, readType6Header, TYPE6_HEADER, writeType6Header } from './type6-header.ts';

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

export interface CcaRequest extends Type6 {
  /** `T2` for the usage of keys, anything else is administration. */
  readonly functionId: string;
  readonly data: Uint8Array;
  /** Bytes of data that the sender wants back at most. */
  readonly replyData: number;
}

/** An RSA request. */
export function encodeType6({ agent, functionCode, domain, parameters }: Type6): Uint8Array {
  const message = new Uint8Array(TYPE6_PARAMETERS + parameters.length);
  writeType6Header(message, { agent, functionCode, toCard1: message.length - TYPE6_HEADER, fromCard1: RSA_REPLY_LENGTH });
  writeCprbx(message, TYPE6_HEADER, { domain, requestParameters: parameters.length, replyMessage: RSA_REPLY_LENGTH });
  message.set(parameters, TYPE6_PARAMETERS);
  return message;
}

/** The card's side: the request, or the code of the error reply. */
export function decodeType6(message: Uint8Array): CcaRequest | number {
  const header = readType6Header(message);
  if (header === null) return ReplyError.MESSAGE_TYPE;
  if (message.length < TYPE6_PARAMETERS) return ReplyError.MESSAGE_LENGTH;
  if (header.offset1 !== TYPE6_HEADER || !blocksFit(header, message.length)) return ReplyError.MALFORMED;
  const cprbx = readCprbx(message, TYPE6_HEADER);
  if (cprbx === null) return ReplyError.MALFORMED;
  const { requestParameters: length, requestData } = cprbx;
  if (CPRBX_LENGTH + length > header.toCard1 || requestData > header.toCard2) return ReplyError.MESSAGE_LENGTH;
  const { agent, functionCode, offset2, toCard2 } = header;
  return {
    agent,
    functionCode,
    functionId: cprbx.functionId,
    domain: cprbx.domain,
    parameters: message.subarray(TYPE6_PARAMETERS, TYPE6_PARAMETERS + length),
    data: toCard2 === 0 ? message.subarray(0, 0) : message.subarray(offset2, offset2 + toCard2),
    replyData: header.fromCard2,
  };
}
