/**
 * What a card does with one message: reads it, checks the operands as its firmware does, computes, words the reply.
 */
import type { ApMask } from '../base/ap-mask.ts';
import { ccaReply } from './cca/cca-job.ts';
import type { CardUnit } from './card-firmware.ts';
import { modulusLimits, type CardType } from './card-type.ts';
import { ep11Reply } from './ep11/ep11-job.ts';
import { decodeCcaRsa } from './messages/cca-rsa.ts';
import { Ep11Flag } from './messages/ep11-cprb.ts';
import { decodeEp11Message, type Ep11Request } from './messages/ep11-request.ts';
import { encodeErrorReply, ReplyError, type ErrorReplyType } from './messages/error-reply.ts';
import type { RsaRequest } from './messages/rsa-types.ts';
import { decodeType50 } from './messages/type50.ts';
import { decodeType6, type CcaRequest } from './messages/type6.ts';
import { encodeType80 } from './messages/type80.ts';
import { encodeType86 } from './messages/type86.ts';
import { isSoundKey, repairedKey, type KeyParts } from './rsa-key-check.ts';
import { operandFault } from './rsa-operands.ts';
import type { ServiceRequest } from './service-model.ts';

export interface CardJob extends ServiceRequest {
  /** Computes; called when the service time is over. */
  reply(unit: CardUnit): Uint8Array;
}

/** The family of error replies of each mode. */
const ERROR_TYPES: Readonly<Record<CardType['mode'], ErrorReplyType>> = { A: 0x82, C: 0x88, P: 0x87 };

/** `domain`: of the queue that the message came through; `controls`: domains whose administration it may ask for, default all. */
export function jobFor(card: CardType, domain: number, message: Uint8Array, controls?: ApMask): CardJob {
  switch (card.mode) {
    case 'A':
      return acceleratorJob(card, message);
    case 'C':
      return ccaJob(card, domain, message, controls);
    case 'P':
      return ep11Job(card, domain, message, controls);
  }
}

/**
 * Does the message name a domain that it may not reach? A card that does not look at a domain, or cannot read the message, refuses it otherwise or
 * not at all.
 */
export function isInvalidDomain(card: CardType, domain: number, message: Uint8Array, controls?: ApMask): boolean {
  if (card.mode === 'A') return false;
  if (card.mode === 'C') {
    const request = decodeType6(message);
    return typeof request !== 'number' && !reaches(ccaTarget(request), domain, controls);
  }
  const request = decodeEp11Message(message);
  return typeof request !== 'number' && !reaches(ep11Target(request), domain, controls);
}

/** What a message wants, and of which domain. */
interface Target {
  readonly admin: boolean;
  readonly domain: number;
}

const ccaTarget = ({ kind, domain }: CcaRequest): Target => ({ admin: kind === 'admin', domain });
const ep11Target = ({ cprb }: Ep11Request): Target => ({ admin: (cprb.flags & Ep11Flag.ADMIN) !== 0, domain: cprb.target });

/** Usage is of the queue's own domain; administration goes to control domains, which need no queue. */
const reaches = ({ admin, domain }: Target, own: number, controls: ApMask | undefined): boolean =>
  admin ? (controls?.has(domain) ?? true) : domain === own;

function acceleratorJob(card: CardType, message: Uint8Array): CardJob {
  const decoded = decodeType50(message);
  if (typeof decoded === 'number') return errorJob(card, decoded);
  const fault = operandFault(decoded.request, modulusLimits(card));
  if (fault !== null) return errorJob(card, fault === 'value' ? ReplyError.OPERAND_INVALID : FAULT_CODES[fault]);
  return rsaJob(card, decoded.request, encodeType80);
}

function ccaJob(card: CardType, domain: number, message: Uint8Array, controls: ApMask | undefined): CardJob {
  const decoded = decodeType6(message);
  if (typeof decoded === 'number') return errorJob(card, decoded);
  if (!reaches(ccaTarget(decoded), domain, controls)) return errorJob(card, ReplyError.INVALID_DOMAIN);
  const { functionCode } = decoded;
  if (decoded.kind === 'usage' && (functionCode === 'PK' || functionCode === 'PD')) return ccaRsaJob(card, decoded, functionCode);
  return firmwareJob(card, functionCode === 'RL' ? 'rng' : 'other', ccaReply(card, decoded));
}

function ccaRsaJob(card: CardType, { domain, parameters }: CcaRequest, functionCode: 'PK' | 'PD'): CardJob {
  const request = decodeCcaRsa(functionCode, parameters);
  if (typeof request === 'number') return errorJob(card, request);
  const fault = operandFault(request, modulusLimits(card));
  if (fault !== null) return errorJob(card, FAULT_CODES[fault]);
  return rsaJob(card, request, (data) => encodeType86({ functionCode, domain, data }));
}

function ep11Job(card: CardType, domain: number, message: Uint8Array, controls: ApMask | undefined): CardJob {
  const decoded = decodeEp11Message(message);
  if (typeof decoded === 'number') return errorJob(card, decoded);
  if (!reaches(ep11Target(decoded), domain, controls)) return errorJob(card, ReplyError.INVALID_DOMAIN);
  return firmwareJob(card, 'other', ep11Reply(card, decoded));
}

/** Where the families differ (an input that is too large), these are the codes of type 88. */
const FAULT_CODES = {
  size: ReplyError.OPERAND_SIZE,
  value: ReplyError.OPERAND_SIZE,
  even: ReplyError.EVEN_MODULUS,
  key: ReplyError.OPERAND_INVALID,
} as const;

function rsaJob(card: CardType, request: RsaRequest, word: (data: Uint8Array) => Uint8Array): CardJob {
  const bits = request.input.length * 8;
  if (request.kind === 'mex') {
    const { modulus, exponent, input } = request;
    return { kind: 'mex', bits, reply: ({ rsa }) => word(rsa.modExpo(modulus, exponent, input)) };
  }
  const { p, q, dp, dq, u, input } = request;
  return {
    kind: 'crt',
    bits,
    reply: ({ rsa, strictKeys }) => {
      const parts: KeyParts = [p, q, dp, dq, u];
      const key = isSoundKey(rsa, parts) ? parts : strictKeys ? null : repairedKey(parts);
      return key === null ? encodeErrorReply(ERROR_TYPES[card.mode], ReplyError.OPERAND_INVALID) : word(rsa.crt(...key, input));
    },
  };
}

/** `answer`: the code of an error reply, or what gives it or a reply. */
function firmwareJob(card: CardType, kind: ServiceRequest['kind'], answer: ReturnType<typeof ccaReply>): CardJob {
  if (typeof answer === 'number') return errorJob(card, answer);
  const reply = (unit: CardUnit): Uint8Array => {
    const bytes = answer(unit);
    return typeof bytes === 'number' ? encodeErrorReply(ERROR_TYPES[card.mode], bytes) : bytes;
  };
  return { kind, bits: 0, reply };
}

function errorJob(card: CardType, code: number): CardJob {
  return { kind: 'other', bits: 0, reply: () => encodeErrorReply(ERROR_TYPES[card.mode], code) };
}
