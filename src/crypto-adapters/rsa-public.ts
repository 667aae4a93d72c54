/**
 * Powers with a modulus and an exponent through node:crypto: RSA public keys where OpenSSL takes them, Diffie-Hellman for the rest.
 */
import { constants, createDiffieHellman, createPublicKey, publicEncrypt } from 'node:crypto';
import { rightJustified, stripZeros } from './big-bytes.ts';

/** A key made ready: computes one power. Throws what OpenSSL throws. */
export type Power = (input: Uint8Array) => Uint8Array;

/** OpenSSL refuses exponents above 64 bits for moduli above this. */
const SMALL_MODULUS_BITS = 3072;
const LARGE_MODULUS_EXPONENT_BITS = 64;
/** Below it OpenSSL's Diffie-Hellman answers nonsense instead of refusing. */
const DH_MIN_BITS = 512;

/** The fastest way to input ^ exponent mod modulus, or null when OpenSSL has none for this pair. Results are as long as the modulus. */
export function preparePublic(modulus: Uint8Array, exponent: Uint8Array): Power | null {
  const n = stripZeros(modulus);
  const e = stripZeros(exponent);
  // Montgomery multiplication needs an odd modulus.
  if (n.length === 0 || e.length === 0 || (n.at(-1)! & 1) === 0 || e[0] === 0) return null;
  const power = rsaTakes(n, e) ? overRsa(n, e) : bitLength(n) >= DH_MIN_BITS ? overDiffieHellman(n, e) : null;
  if (power === null) return null;
  return (input) => rightJustified(power(rightJustified(input, n.length)), modulus.length);
}

function rsaTakes(n: Uint8Array, e: Uint8Array): boolean {
  if (e.length > n.length || (e.length === n.length && Buffer.compare(e, n) >= 0)) return false;
  return bitLength(n) <= SMALL_MODULUS_BITS || bitLength(e) <= LARGE_MODULUS_EXPONENT_BITS;
}

function overRsa(n: Uint8Array, e: Uint8Array): Power | null {
  try {
    const key = createPublicKey({ key: { kty: 'RSA', n: base64Url(n), e: base64Url(e) }, format: 'jwk' });
    const options = { key, padding: constants.RSA_NO_PADDING };
    return (input) => publicEncrypt(options, input);
  } catch {
    return null;
  }
}

/** The shared secret is the other side's public value to the power of the private one: just the power that is wanted. */
function overDiffieHellman(n: Uint8Array, e: Uint8Array): Power | null {
  try {
    const exchange = createDiffieHellman(Buffer.from(n), 2);
    exchange.setPrivateKey(Buffer.from(e));
    return (input) => exchange.computeSecret(input);
  } catch {
    return null;
  }
}

function bitLength(stripped: Uint8Array): number {
  return stripped.length * 8 - (Math.clz32(stripped[0]!) - 24);
}

export function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}
