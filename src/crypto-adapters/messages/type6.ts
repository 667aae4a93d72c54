/**
 * Type 6 messages for CCA coprocessors: an 88-byte header and a 220-byte CPRBX before the parameters, behind them perhaps a data block
 * (struct type6_hdr in drivers/s390/crypto/zcrypt_msgtype6.h, struct CPRBX in uapi/asm/zcrypt.h).
 */
import { CPRB_KINDS, CPRBX_LENGTH, cprbxFunctionId, cprbxNumber, isCprbx, writeCprbx } from './cprbx.ts';
import { ReplyError } from './error-reply.ts';
import { blocksFit, isType6, TYPE6_HEADER, type6FunctionCode, type6Number, writeType6Header } from './type6-header.ts';

/** Where the parameters start. */
const TYPE6_PARAMETERS = TYPE6_HEADER + CPRBX_LENGTH;
/** What the driver asks the card to answer at most to an RSA request. */
const RSA_REPLY_LENGTH = 0x77c - TYPE6_HEADER;
const CCA_AGENT = 'CA';

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
  readonly kind: 'usage' | 'admin';
  /** Of the CPRBX; the reply has it, too. */
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
  if (!isType6(message, CCA_AGENT)) return ReplyError.MESSAGE_TYPE;
  if (message.length < TYPE6_PARAMETERS) return ReplyError.MESSAGE_LENGTH;
  if (type6Number(message, 'offset1') !== TYPE6_HEADER || !blocksFit(message)) return ReplyError.MALFORMED;
  if (!isCprbx(message, TYPE6_HEADER)) return ReplyError.MALFORMED;
  const functionId = cprbxFunctionId(message, TYPE6_HEADER);
  const kind = CPRB_KINDS.get(functionId);
  if (kind === undefined) return ReplyError.MALFORMED;
  const length = cprbxNumber(message, TYPE6_HEADER, 'requestParameters');
  const dataLength = type6Number(message, 'toCard2');
  if (CPRBX_LENGTH + length > type6Number(message, 'toCard1')) return ReplyError.MESSAGE_LENGTH;
  if (cprbxNumber(message, TYPE6_HEADER, 'requestData') > dataLength) return ReplyError.MESSAGE_LENGTH;
  const dataAt = dataLength === 0 ? 0 : type6Number(message, 'offset2');
  return {
    agent: CCA_AGENT,
    functionCode: type6FunctionCode(message),
    kind,
    functionId,
    domain: cprbxNumber(message, TYPE6_HEADER, 'domain'),
    parameters: message.subarray(TYPE6_PARAMETERS, TYPE6_PARAMETERS + length),
    data: message.subarray(dataAt, dataAt + dataLength),
    replyData: type6Number(message, 'fromCard2'),
  };
}
