/**
 * Requests to EP11 coprocessors (_zcrypt_send_ep11_cprb of drivers/s390/crypto/zcrypt_api.c).
 */
import { ENODEV, OK } from '../../base/errno.ts';
import { aimEp11Request, decodeEp11Reply, encodeEp11Request, type Ep11Message } from '../../crypto-adapters/messages/ep11-request.ts';
import { ep11Class } from './request-class.ts';
import type { Transfer, ZcryptRequest } from './transfer.ts';
import type { ZcryptOptions } from './zcrypt-options.ts';

/** 0xffff: any. */
export interface Ep11Target {
  readonly adapter: number;
  readonly domain: number;
}

export interface Ep11Order {
  /** Empty: any queue. */
  readonly targets: readonly Ep11Target[];
  /** CPRB and payload. */
  readonly request: Uint8Array;
  /** Room for the response, bytes. */
  readonly responseLength: number;
}

export interface Ep11Result {
  readonly response: Uint8Array;
}

export const ANY_TARGET = 0xffff;

export function ep11Request(order: Ep11Order, { kernel }: ZcryptOptions): ZcryptRequest<Ep11Result> {
  return {
    prepare(admission, largestMessage) {
      const ep11 = encodeEp11Request(order.request, order.responseLength, largestMessage);
      if (typeof ep11 === 'number') return ep11;
      const checked = admission.restricted && kernel.admask && ep11.admin && ep11.domain < ANY_TARGET;
      return checked && !admission.control(ep11.domain) ? ENODEV : transfer(order, ep11);
    },
  };
}

function transfer({ targets, responseLength }: Ep11Order, { message, functionId, admin, special }: Ep11Message): Transfer<Ep11Result> {
  return {
    admin,
    special,
    weight({ mode, card, weights }) {
      if (mode !== 'P' || message.length > card.maxMsgSize) return null;
      if (targets.length > 0 && !targets.some(({ adapter }) => adapter === ANY_TARGET || adapter === card.id)) return null;
      return ep11Class(functionId) * weights.secKey;
    },
    takes: ({ it: { card }, domain }) =>
      targets.length === 0 ||
      targets.some(
        (target) =>
          (target.adapter === ANY_TARGET || target.adapter === card.id) && (target.domain === ANY_TARGET || target.domain === domain),
      ),
    message({ card }, queue) {
      const rc = aimEp11Request(message, queue.domain, card.maxMsgSize);
      return rc === OK ? message : rc;
    },
    convert: (_card, reply) => decodeEp11Reply(reply, responseLength),
  };
}
