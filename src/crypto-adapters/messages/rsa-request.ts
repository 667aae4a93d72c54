/**
 * RSA over the wire, the driver's side: the message that a card of a mode understands, and what its reply means.
 */
import { domainOf, type Apqn } from '../../base/apqn.ts';
import { encodeCcaRsa } from './cca-rsa.ts';
import type { RsaReply, RsaRequest } from './rsa-types.ts';
import { decodeType80 } from './type80.ts';
import { decodeType86 } from './type86.ts';
import { encodeType50 } from './type50.ts';
import { encodeType6 } from './type6.ts';

/** Modes that do RSA. */
export type RsaMode = 'A' | 'C';

/** Throws a RangeError when the lengths of the request do not fit together: they are checked before a queue is chosen. */
export function encodeRsaRequest(mode: RsaMode, request: RsaRequest, apqn: Apqn): Uint8Array {
  if (mode === 'A') return encodeType50(request);
  const functionCode = request.kind === 'mex' ? 'PK' : 'PD';
  return encodeType6({ agent: 'CA', functionCode, domain: domainOf(apqn), parameters: encodeCcaRsa(request) });
}

export function decodeRsaReply(mode: RsaMode, reply: Uint8Array, outputLength: number): RsaReply {
  return mode === 'A' ? decodeType80(reply, outputLength) : decodeType86(reply, outputLength);
}
