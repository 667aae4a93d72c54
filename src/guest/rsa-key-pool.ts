/**
 * The committed RSA test keys, ready for use: parts as big-endian bytes, and the public key as node:crypto wants it for verification.
 */
import { constants, createPublicKey, publicEncrypt, type KeyObject } from 'node:crypto';
import { RSA_KEY_DATA, type RsaKeyData } from './rsa-key-pool-data.ts';

const PUBLIC_EXPONENT = Uint8Array.of(0x01, 0x00, 0x01);

export class RsaKey {
  readonly bits: number;
  readonly n: Uint8Array;
  readonly e: Uint8Array = PUBLIC_EXPONENT;
  readonly d: Uint8Array;
  readonly p: Uint8Array;
  readonly q: Uint8Array;
  readonly dp: Uint8Array;
  readonly dq: Uint8Array;
  /** Inverse of q modulo p. */
  readonly qi: Uint8Array;
  private publicKey: KeyObject | null = null;

  constructor(data: RsaKeyData) {
    const length = data.bits / 8;
    this.bits = data.bits;
    this.n = bytes(data.n, length);
    this.d = bytes(data.d, length);
    this.p = bytes(data.p, length / 2);
    this.q = bytes(data.q, length / 2);
    this.dp = bytes(data.dp, length / 2);
    this.dq = bytes(data.dq, length / 2);
    this.qi = bytes(data.qi, length / 2);
  }

  /** input ^ e mod n by node:crypto, with no code of the emulated cards involved. The input is as long as the modulus and below it. */
  publicOperation(input: Uint8Array): Uint8Array {
    if (this.publicKey === null) {
      const jwk = { kty: 'RSA', n: Buffer.from(this.n).toString('base64url'), e: Buffer.from(this.e).toString('base64url') };
      this.publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    }
    return publicEncrypt({ key: this.publicKey, padding: constants.RSA_NO_PADDING }, input);
  }
}

/** By modulus length in bits. */
const POOL: ReadonlyMap<number, readonly RsaKey[]> = groupByBits();

/** Modulus lengths for which there are keys. */
export const RSA_KEY_BITS: readonly number[] = [...POOL.keys()];

/** The keys of this length. Throws when the pool has none: workloads are checked before they start. */
export function rsaKeys(bits: number): readonly RsaKey[] {
  const keys = POOL.get(bits);
  if (keys === undefined) throw new RangeError(`expected an RSA key length among ${RSA_KEY_BITS.join(', ')}, got ${bits}`);
  return keys;
}

function groupByBits(): Map<number, RsaKey[]> {
  const pool = new Map<number, RsaKey[]>();
  for (const data of RSA_KEY_DATA) pool.set(data.bits, [...(pool.get(data.bits) ?? []), new RsaKey(data)]);
  return pool;
}

function bytes(text: string, length: number): Uint8Array {
  const raw = Buffer.from(text, 'base64');
  if (raw.length > length) throw new Error(`expected a key part of at most ${length} bytes, got ${raw.length}`);
  const padded = new Uint8Array(length);
  padded.set(raw, length - raw.length);
  return padded;
}
