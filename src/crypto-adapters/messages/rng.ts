/**
 * Random numbers from a CCA coprocessor, the driver's side: function `RL`, the bytes come back in the data block
 * (the RNG part of drivers/s390/crypto/zcrypt_msgtype6.c and .h).
 */
import { EAGAIN, EINVAL, EMSGSIZE, type Errno } from '../../base/errno.ts';
import { encodeCcaParameters } from './cca-parameters.ts';
import { cprbReplyEnd } from './cprb-request.ts';
import { CPRBX_LENGTH, CPRBX_VERSION, readCprbx, writeCprbx } from './cprbx.ts';
import { TYPE6_HEADER, writeType6Header } from './type6-header.ts';
import { readType86Header, type86Block, TYPE86_HEADER } from './type86-blocks.ts';

/** What zcrypt asks for at once. */
const RNG_BUFFER = 4096;
export const RNG_RULE = 'RANDOM  ';

export type RngReply = { readonly data: Uint8Array } | { readonly errno: Errno; readonly offline?: boolean };

export function encodeRngRequest(domain: number, length = RNG_BUFFER): Uint8Array {
  const parameters = encodeCcaParameters({ functionCode: 'RL', rules: [RNG_RULE], vud: new Uint8Array(0), keys: [] });
  const message = new Uint8Array(TYPE6_HEADER + CPRBX_LENGTH + parameters.length);
  const toCard1 = message.length - TYPE6_HEADER;
  writeType6Header(message, { agent: 'CA', functionCode: 'RL', toCard1, fromCard1: toCard1, fromCard2: length });
  writeCprbx(message, TYPE6_HEADER, { domain, requestParameters: parameters.length, replyMessage: toCard1, replyData: length });
  message.set(parameters, TYPE6_HEADER + CPRBX_LENGTH);
  return message;
}

/** Total: any bytes have an answer. The card may give fewer bytes than were asked for. */
export function decodeRngReply(reply: Uint8Array, length = RNG_BUFFER): RngReply {
  if (reply.length >= 8 && (reply[1] === 0x82 || reply[1] === 0x88)) return { errno: EINVAL };
  const header = readType86Header(reply);
  if (header === null) return { errno: EAGAIN, offline: true };
  const understood = reply.length >= TYPE86_HEADER + 3 && reply[TYPE86_HEADER + 2] === CPRBX_VERSION;
  if (understood && reply.length !== cprbReplyEnd(header)) return { errno: EMSGSIZE };
  if (header.replyCode !== 0) return { errno: EINVAL };
  if (!understood) return { errno: EAGAIN, offline: true };
  const cprbx = readCprbx(reply, TYPE86_HEADER);
  if (cprbx === null || header.count2 > length) return { errno: EMSGSIZE };
  if (cprbx.returnCode !== 0 || cprbx.reasonCode !== 0) return { errno: EINVAL };
  const data = type86Block(reply, header.offset2, header.count2);
  return data === null ? { errno: EMSGSIZE } : { data };
}
