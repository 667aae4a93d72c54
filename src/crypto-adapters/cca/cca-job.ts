/**
 * One CCA request that is not RSA: the function is looked up, its answer becomes a type 86 reply with CPRBX, parameters and data.
 */
import type { CardUnit } from '../card-firmware.ts';
import { maxMessageSize, type CardType } from '../card-type.ts';
import { decodeCcaParameters, encodeCcaParameters } from '../messages/cca-parameters.ts';
import { CPRBX_LENGTH, writeCprbx } from '../messages/cprbx.ts';
import { ReplyError } from '../messages/error-reply.ts';
import type { CcaRequest } from '../messages/type6.ts';
import { encodeType86Blocks, TYPE86_HEADER } from '../messages/type86-blocks.ts';
import type { CcaAnswer, CcaFunction } from './cca-function.ts';
import { CCA_FUNCTIONS } from './cca-functions.ts';
import { Cca } from './cca-reason.ts';

const NOTHING = new Uint8Array(0);
/** What is kept free for CPRBX and parameters when data is asked for. */
const CONTROL_ROOM = TYPE86_HEADER + CPRBX_LENGTH + 0x100;

/** A reply, or the code of the error reply at once. */
export function ccaReply(card: CardType, request: CcaRequest): ((unit: CardUnit) => Uint8Array | number) | number {
  const { functionCode } = request;
  // Administration needs signatures of administrators, whom these cards do not know.
  if (request.kind === 'admin') return () => encode(request, Cca.NOT_AUTHORIZED);
  const parameters = decodeCcaParameters(request.parameters);
  if (typeof parameters === 'number') return parameters;
  const run = CCA_FUNCTIONS.get(functionCode);
  if (run === undefined || parameters.functionCode !== functionCode) return ReplyError.MALFORMED;
  const limit = maxMessageSize(card.ml);
  const room = Math.min(request.replyData, limit - CONTROL_ROOM);
  return ({ firmware }) => {
    const call: Parameters<CcaFunction>[0] = { ...parameters, firmware, domain: firmware.cca(request.domain), room };
    const reply = encode(request, run(call));
    return reply.length > limit ? ReplyError.MESSAGE_LENGTH : reply;
  };
}

function encode({ functionCode, functionId, domain }: CcaRequest, answer: CcaAnswer): Uint8Array {
  const { returnCode, reasonCode, rules = [], vud = NOTHING, keys = [], data = NOTHING } = answer;
  const parameters = encodeCcaParameters({ functionCode, rules, vud, keys });
  const control = new Uint8Array(CPRBX_LENGTH + parameters.length);
  const lengths = { replyMessage: control.length, repliedParameters: parameters.length, repliedData: data.length };
  writeCprbx(control, 0, { functionId, domain, returnCode, reasonCode, ...lengths });
  control.set(parameters, CPRBX_LENGTH);
  return encodeType86Blocks(control, data);
}
