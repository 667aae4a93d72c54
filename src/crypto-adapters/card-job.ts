/**
 * What a card does with one message: reads it, checks the operands as its firmware does, computes, words the reply.
 */
import { modulusLimits, type CardType } from './card-type.ts';
import { encodeErrorReply, ReplyError, type ErrorReplyType } from './messages/error-reply.ts';
import { decodeCcaRsa } from './messages/cca-rsa.ts';
import type { RsaRequest } from './messages/rsa-types.ts';
import { decodeType50 } from './messages/type50.ts';
import { decodeType6 } from './messages/type6.ts';
import { encodeType80 } from './messages/type80.ts';
import { encodeType86 } from './messages/type86.ts';
import { operandFault } from './rsa-operands.ts';
import type { RsaEngine } from './rsa-engine.ts';
import type { ServiceRequest } from './service-model.ts';

export interface CardJob extends ServiceRequest {
  /** Computes; called when the service time is over. */
  reply(rsa: RsaEngine): Uint8Array;
}

/** The family of error replies of each mode. */
const ERROR_TYPES: Readonly<Record<CardType['mode'], ErrorReplyType>> = { A: 0x82, C: 0x88, P: 0x87 };

/** `domain`: of the queue that the message came through. */
export function jobFor(card: CardType, domain: number, message: Uint8Array): CardJob {
  switch (card.mode) {
    case 'A':
      return acceleratorJob(card, message);
    case 'C':
      return ccaJob(card, domain, message);
    case 'P':
      // EP11 is not emulated: no message type that such a card takes is known here.
      return errorJob(card, ReplyError.MESSAGE_TYPE);
  }
}

/** The domain in the CPRBX of a type 6 message, or null when the card does not look at one. */
export function targetDomain(card: CardType, message: Uint8Array): number | null {
  if (card.mode !== 'C') return null;
  const request = decodeType6(message);
  return typeof request === 'number' ? null : request.domain;
}

function acceleratorJob(card: CardType, message: Uint8Array): CardJob {
  const decoded = decodeType50(message);
  if (typeof decoded === 'number') return errorJob(card, decoded);
  const fault = operandFault(decoded.request, modulusLimits(card));
  if (fault !== null) return errorJob(card, fault === 'value' ? ReplyError.OPERAND_INVALID : FAULT_CODES[fault]);
  return rsaJob(decoded.request, encodeType80);
}

function ccaJob(card: CardType, domain: number, message: Uint8Array): CardJob {
  const decoded = decodeType6(message);
  if (typeof decoded === 'number') return errorJob(card, decoded);
  const { agent, functionCode } = decoded;
  if (agent !== 'CA') return errorJob(card, ReplyError.MESSAGE_TYPE);
  if (functionCode !== 'PK' && functionCode !== 'PD') return errorJob(card, ReplyError.MALFORMED);
  if (decoded.domain !== domain) return errorJob(card, ReplyError.INVALID_DOMAIN);
  const request = decodeCcaRsa(functionCode, decoded.parameters);
  if (typeof request === 'number') return errorJob(card, request);
  const fault = operandFault(request, modulusLimits(card));
  if (fault !== null) return errorJob(card, FAULT_CODES[fault]);
  return rsaJob(request, (data) => encodeType86({ functionCode, domain, data }));
}

/** Where the families differ (an input that is too large), these are the codes of type 88. */
const FAULT_CODES = {
  size: ReplyError.OPERAND_SIZE,
  value: ReplyError.OPERAND_SIZE,
  even: ReplyError.EVEN_MODULUS,
  key: ReplyError.OPERAND_INVALID,
} as const;

function rsaJob(request: RsaRequest, word: (data: Uint8Array) => Uint8Array): CardJob {
  if (request.kind === 'mex') {
    const { modulus, exponent, input } = request;
    return { kind: 'mex', bits: input.length * 8, reply: (rsa) => word(rsa.modExpo(modulus, exponent, input)) };
  }
  const { p, q, dp, dq, u, input } = request;
  return { kind: 'crt', bits: input.length * 8, reply: (rsa) => word(rsa.crt(p, q, dp, dq, u, input)) };
}

function errorJob(card: CardType, code: number): CardJob {
  return { kind: 'other', bits: 0, reply: () => encodeErrorReply(ERROR_TYPES[card.mode], code) };
}
