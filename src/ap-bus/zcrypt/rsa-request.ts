/**
 * RSA through zcrypt, with an exponent or with the private key in parts (zcrypt_rsa_modexpo and zcrypt_rsa_crt of
 * drivers/s390/crypto/zcrypt_api.c).
 */
import { EINVAL, type Errno } from '../../base/errno.ts';
import { isZero } from '../../crypto-adapters/big-bytes.ts';
import { sizeClass } from '../../crypto-adapters/card-type.ts';
import { decodeRsaReply, encodeRsaRequest, type RsaMode } from '../../crypto-adapters/messages/rsa-request.ts';
import type { RsaRequest } from '../../crypto-adapters/messages/rsa-types.ts';
import type { Transfer, ZcryptRequest } from './transfer.ts';
import type { ZcryptCard } from './zcrypt-card.ts';

/** What the user hands in: lengths first, the rest is fetched when a queue has been found. */
export interface RsaOrder {
  readonly kind: RsaRequest['kind'];
  /** Bytes. */
  readonly inputLength: number;
  /** Room for the result; at least `inputLength`. */
  readonly outputLength: number;
  /** The numbers, or -EFAULT. */
  fetch(): RsaRequest | Errno;
}

export interface RsaResult {
  /** As long as the input. */
  readonly output: Uint8Array;
}

/** -EINVAL before any queue is looked for: room smaller than the input, an input of no length. */
export function rsaRequest(order: RsaOrder): ZcryptRequest<RsaResult> {
  const { kind, inputLength, outputLength } = order;
  return {
    prepare: () => (outputLength < inputLength || inputLength === 0 ? EINVAL : transfer(order)),
  };

  function transfer({ fetch }: Pick<RsaOrder, 'fetch'>): Transfer<RsaResult> {
    return {
      admin: false,
      special: false,
      weight(card) {
        const { min, max } = card.modulus;
        return rsaMode(card) === null || inputLength < min || inputLength > max ? null : card.weights[kind][sizeClass(inputLength * 8)];
      },
      takes: () => true,
      message(card, queue) {
        const request = fetch();
        if (typeof request === 'number') return request;
        // The key token of a coprocessor has no room for an exponent without digits.
        if (card.mode === 'C' && request.kind === 'mex' && isZero(request.exponent)) return EINVAL;
        return encodeRsaRequest(rsaMode(card)!, request, queue.it.apqn);
      },
      convert: (card, reply) => decodeRsaReply(rsaMode(card)!, reply, inputLength),
    };
  }
}

const rsaMode = ({ mode }: ZcryptCard): RsaMode | null => (mode === 'P' ? null : mode);
