/**
 * One EP11 request: the function is looked up, its answer becomes a type 86 reply with CPRB and payload.
 */
import type { CardUnit } from '../card-firmware.ts';
import { maxMessageSize, type CardType } from '../card-type.ts';
import { EP11_CPRB_LENGTH, Ep11Flag, writeEp11Cprb } from '../messages/ep11-cprb.ts';
import { encodeEp11Payload, word } from '../messages/ep11-payload.ts';
import type { Ep11Request } from '../messages/ep11-request.ts';
import { ReplyError } from '../messages/error-reply.ts';
import { encodeType86Blocks, TYPE86_HEADER } from '../messages/type86-blocks.ts';
import { Ckr } from './ckr.ts';
import type { Ep11Answer } from './ep11-function.ts';
import { EP11_FUNCTIONS } from './ep11-functions.ts';

/** Payload header, function, domain, return value and the header of one field. */
const PAYLOAD_OVERHEAD = 26;

/** A reply, or the code of the error reply at once. */
export function ep11Reply(card: CardType, request: Ep11Request): ((unit: CardUnit) => Uint8Array | number) | number {
  const { cprb, payload } = request;
  // Administration needs signatures of administrators, whom these cards do not know.
  if ((cprb.flags & Ep11Flag.ADMIN) !== 0) return () => encode(request, Ckr.FUNCTION_NOT_SUPPORTED);
  if (payload.domain !== cprb.target) return ReplyError.INVALID_DOMAIN;
  const run = EP11_FUNCTIONS.get(payload.functionId);
  const limit = maxMessageSize(card.ml);
  const room = limit - TYPE86_HEADER - EP11_CPRB_LENGTH - PAYLOAD_OVERHEAD;
  return ({ firmware }) => {
    if (run === undefined || payload.api > firmware.ep11Module.apiOrdinal) return encode(request, Ckr.FUNCTION_NOT_SUPPORTED);
    const reply = encode(request, run({ firmware, domain: firmware.ep11(cprb.target), fields: payload.fields, room }));
    return reply.length > limit ? ReplyError.MESSAGE_LENGTH : reply;
  };
}

function encode({ cprb, payload }: Ep11Request, answer: Ep11Answer): Uint8Array {
  const fields = typeof answer === 'number' ? [word(answer)] : [word(Ckr.OK), ...answer];
  const bytes = encodeEp11Payload({ ...payload, fields }, true);
  const block = new Uint8Array(EP11_CPRB_LENGTH + bytes.length);
  writeEp11Cprb(block, 0, { flags: cprb.flags, source: cprb.source, target: cprb.target, payloadLength: bytes.length });
  block.set(bytes, EP11_CPRB_LENGTH);
  return encodeType86Blocks(block);
}
