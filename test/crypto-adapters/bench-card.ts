/**
 * A coprocessor on a bench: requests go straight to its firmware, in the messages that zcrypt would send.
 */
import { jobFor } from '../../src/crypto-adapters/card-job.ts';
import type { CardUnit } from '../../src/crypto-adapters/card-firmware.ts';
import type { CardType } from '../../src/crypto-adapters/card-type.ts';
import { decodeCcaParameters, encodeCcaParameters, type CcaKey } from '../../src/crypto-adapters/messages/cca-parameters.ts';
import { decodeCprbReply, encodeCprbRequest } from '../../src/crypto-adapters/messages/cprb-request.ts';
import { CPRBX_LENGTH, readCprbx, writeCprbx } from '../../src/crypto-adapters/messages/cprbx.ts';
import { EP11_CPRB_LENGTH } from '../../src/crypto-adapters/messages/ep11-cprb.ts';
import { decodeEp11Payload, encodeEp11Payload, wordOf } from '../../src/crypto-adapters/messages/ep11-payload.ts';
import { encodeEp11Block } from '../../src/crypto-adapters/messages/ep11-query.ts';
import { aimEp11Request, decodeEp11Reply, encodeEp11Request } from '../../src/crypto-adapters/messages/ep11-request.ts';
import { card, unit } from './hardware.ts';

const BUFFER = 12288;
const NOTHING = new Uint8Array(0);

export interface CcaAsk {
  readonly rules?: readonly string[];
  readonly vud?: Uint8Array;
  readonly keys?: readonly Uint8Array[];
  /** Attributes of the keys, default 0. */
  readonly attributes?: readonly number[];
  readonly functionId?: string;
}

export interface CcaTold {
  /** Return code, reason code. */
  readonly code: readonly [number, number];
  readonly rules: readonly string[];
  readonly vud: Uint8Array;
  readonly keys: readonly CcaKey[];
}

export class BenchCard {
  readonly type: CardType;
  readonly unit: CardUnit;
  readonly domain: number;

  constructor(type: string, options: { domain?: number } & Parameters<typeof unit>[1] = {}) {
    this.type = card(type);
    this.unit = unit(this.type, options);
    this.domain = options.domain ?? 4;
  }

  send(message: Uint8Array): Uint8Array {
    return jobFor(this.type, this.domain, message).reply(this.unit);
  }

  ccaMessage(functionCode: string, ask: CcaAsk): Uint8Array {
    const keys = (ask.keys ?? []).map((token, index) => ({ attributes: ask.attributes?.[index] ?? 0, token }));
    const parameters = encodeCcaParameters({ functionCode, rules: ask.rules ?? [], vud: ask.vud ?? NOTHING, keys });
    const control = new Uint8Array(CPRBX_LENGTH + parameters.length);
    writeCprbx(control, 0, { domain: this.domain, requestParameters: parameters.length, functionId: ask.functionId ?? 'T2' });
    control.set(parameters, CPRBX_LENGTH);
    const request = { agent: 0x4341, control, data: NOTHING, replyControlLength: BUFFER, replyDataLength: 0 };
    const message = encodeCprbRequest(request, BUFFER);
    if (typeof message === 'number') throw new Error(`expected a message, got errno ${message}`);
    return message.message;
  }

  cca(functionCode: string, ask: CcaAsk): CcaTold {
    const reply = decodeCprbReply(this.send(this.ccaMessage(functionCode, ask)), { replyControlLength: BUFFER, replyDataLength: BUFFER });
    if ('errno' in reply) throw new Error(`expected a CPRB, got errno ${reply.errno}`);
    const cprbx = readCprbx(reply.control, 0)!;
    const parameters = decodeCcaParameters(reply.control.subarray(CPRBX_LENGTH));
    if (typeof parameters === 'number') throw new Error(`expected parameters, got ${parameters}`);
    const { rules, vud, keys } = parameters;
    return { code: [cprbx.returnCode, cprbx.reasonCode], rules, vud, keys };
  }

  ep11Message(functionId: number, fields: readonly Uint8Array[], options: { api?: number; flags?: number } = {}): Uint8Array {
    const payload = encodeEp11Payload({ functionId, api: options.api ?? 1, domain: 0, fields });
    const message = encodeEp11Request(encodeEp11Block(payload, options.flags ?? 0), BUFFER, BUFFER);
    if (typeof message === 'number') throw new Error(`expected a message, got errno ${message}`);
    aimEp11Request(message.message, this.domain, BUFFER);
    return message.message;
  }

  ep11(functionId: number, ...fields: readonly Uint8Array[]): { rv: number; fields: readonly Uint8Array[] } {
    const reply = decodeEp11Reply(this.send(this.ep11Message(functionId, fields)), BUFFER);
    if ('errno' in reply) throw new Error(`expected a response, got errno ${reply.errno}`);
    const payload = decodeEp11Payload(reply.response.subarray(EP11_CPRB_LENGTH))!;
    return { rv: wordOf(payload.fields[0])!, fields: payload.fields.slice(1) };
  }
}

/** A byte of `bytes` with another value. */
export function damaged(bytes: Uint8Array, at: number, by = 1): Uint8Array {
  const copy = bytes.slice();
  copy[at]! ^= by;
  return copy;
}
