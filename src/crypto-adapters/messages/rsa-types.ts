/**
 * RSA requests as users hand them in (struct ica_rsa_modexpo and ica_rsa_modexpo_crt in uapi/asm/zcrypt.h), free of message formats.
 */
import type { Errno } from '../../base/errno.ts';

export interface MexRequest {
  readonly kind: 'mex';
  readonly modulus: Uint8Array;
  /** At most as long as the modulus. */
  readonly exponent: Uint8Array;
  /** As long as the modulus. */
  readonly input: Uint8Array;
}

/** p, q, dp, dq and u are half as long as the input, rounded up. */
export interface CrtRequest {
  readonly kind: 'crt';
  readonly p: Uint8Array;
  readonly q: Uint8Array;
  readonly dp: Uint8Array;
  readonly dq: Uint8Array;
  readonly u: Uint8Array;
  readonly input: Uint8Array;
}

export type RsaRequest = MexRequest | CrtRequest;

/** `offline`: the driver takes the queue offline, because the device talks nonsense. */
export type RsaReply = { readonly output: Uint8Array } | { readonly errno: Errno; readonly offline?: boolean };

export const MAX_RSA_BYTES = 512;

/** Throws when the lengths of the parts do not fit together: whoever took the request from a user has to check them first. */
export function assertRsaRequest(request: RsaRequest): void {
  const length = request.input.length;
  if (length < 1 || length > MAX_RSA_BYTES) throw new RangeError(`expected an RSA input of 1 to ${MAX_RSA_BYTES} bytes, got ${length}`);
  if (request.kind === 'mex') {
    const { modulus, exponent } = request;
    if (modulus.length === length && exponent.length >= 1 && exponent.length <= length) return;
    throw new RangeError(
      `expected a modulus of ${length} bytes and an exponent of 1 to ${length}, got ${modulus.length} and ${exponent.length}`,
    );
  }
  const half = (length + 1) >> 1;
  for (const part of ['p', 'q', 'dp', 'dq', 'u'] as const) {
    if (request[part].length !== half)
      throw new RangeError(`expected ${part} of ${half} bytes for an input of ${length}, got ${request[part].length}`);
  }
}
