/**
 * Random bytes from CCA coprocessors (zcrypt_rng of drivers/s390/crypto/zcrypt_api.c). Not tried again, whatever comes.
 */
import { decodeRngReply, encodeRngRequest } from '../../crypto-adapters/messages/rng.ts';
import type { ZcryptRequest } from './transfer.ts';

export interface RngResult {
  /** At most 4096 bytes. */
  readonly data: Uint8Array;
}

export const RNG_REQUEST: ZcryptRequest<RngResult> = {
  prepare: () => ({
    admin: false,
    special: false,
    weight: ({ mode, weights }) => (mode === 'C' ? weights.rng : null),
    takes: () => true,
    message: (_card, { domain }) => encodeRngRequest(domain),
    convert: (_card, reply) => decodeRngReply(reply),
  }),
};
