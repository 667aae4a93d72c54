/**
 * One RSA operation of a program: a request with a key of the pool, and how its result is checked by an independent computation.
 * No kernel counterpart: a library such as libica, and a user who does not trust it.
 */
import type { Prng } from '../base/prng.ts';
import type { RsaRequest } from '../crypto-adapters/messages/rsa-types.ts';
import { rsaKeys, type RsaKey } from './rsa-key-pool.ts';

/** What operations are drawn from. */
export interface RsaMix {
  /** Modulus lengths to mix. */
  readonly bits: readonly number[];
  readonly forms: readonly ('mex' | 'crt')[];
}

export interface RsaOperation {
  /** For reports. */
  readonly what: string;
  readonly request: RsaRequest;
  /** Is this the right result? */
  readonly verify: (output: Uint8Array) => boolean;
}

/** RangeError for a modulus length without keys. */
export function drawRsaOperation(random: Prng, { bits, forms }: RsaMix): RsaOperation {
  const key = random.pick(rsaKeys(random.pick(bits)));
  const form = random.pick(forms);
  const input = messageBelow(key, random);
  if (form === 'crt') {
    const { p, q, dp, dq, qi } = key;
    return privateOperation(key, { kind: 'crt', p, q, dp, dq, u: qi, input });
  }
  if (random.oneIn(2)) return privateOperation(key, { kind: 'mex', modulus: key.n, exponent: key.d, input });
  return {
    what: `RSA-${key.bits} mex, public exponent`,
    request: { kind: 'mex', modulus: key.n, exponent: key.e, input },
    verify: (output) => same(output, key.publicOperation(input)),
  };
}

/** The public operation undoes the private one. */
function privateOperation(key: RsaKey, request: RsaRequest): RsaOperation {
  const what = `RSA-${key.bits} ${request.kind === 'crt' ? 'crt' : 'mex, private exponent'}`;
  const below = (output: Uint8Array): boolean => output.length === key.n.length && Buffer.compare(output, key.n) < 0;
  return { what, request, verify: (output) => below(output) && same(key.publicOperation(output), request.input) };
}

/** Below the modulus because its first byte is; the moduli of the pool begin with 0x80 at least. */
function messageBelow(key: RsaKey, random: Prng): Uint8Array {
  const message = random.bytes(key.n.length);
  message[0] = random.below(key.n[0]!);
  return message;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
