/**
 * RSA private keys in parts (p, q, dp, dq, u) as the crypto cards get them: no modulus, no exponent. Both are derived for OpenSSL.
 */
import { constants, createPrivateKey, privateDecrypt, type JsonWebKey } from 'node:crypto';
import { rightJustified, toBigInt, toBytes } from './big-bytes.ts';
import { inverse, modPowBigInt } from './mod-pow.ts';
import { base64Url, preparePublic, type Power } from './rsa-public.ts';

/** p, q, dp, dq, u (the inverse of q modulo p), input. */
export type CrtOperands = readonly [p: Uint8Array, q: Uint8Array, dp: Uint8Array, dq: Uint8Array, u: Uint8Array, input: Uint8Array];

/** What a card computes from the parts, whether they belong together or not. */
export function crtBigInt(operands: CrtOperands): bigint {
  const [p, q, dp, dq, u, input] = operands.map(toBigInt) as [bigint, bigint, bigint, bigint, bigint, bigint];
  const m1 = modPowBigInt(input % p, dp, p);
  const m2 = modPowBigInt(input % q, dq, q);
  const h = (u * (((m1 - m2) % p) + p)) % p;
  return m2 + h * q;
}

/** The key of these parts over OpenSSL, or null when they do not make up one. Results are as long as the input. */
export function preparePrivate(operands: CrtOperands): Power | null {
  const jwk = deriveJwk(operands);
  if (jwk === null) return null;
  const width = operands[5].length;
  try {
    const options = { key: createPrivateKey({ key: jwk.key, format: 'jwk' }), padding: constants.RSA_NO_PADDING };
    return (input) => rightJustified(privateDecrypt(options, rightJustified(input, jwk.modulusLength)), width);
  } catch {
    return null;
  }
}

/**
 * OpenSSL checks its result with the public exponent and computes another one when that fails, a card does not:
 * so only parts of a proper key may go there.
 */
function deriveJwk(operands: CrtOperands): { key: JsonWebKey; modulusLength: number } | null {
  const [p, q, dp, dq, u] = operands.map(toBigInt) as [bigint, bigint, bigint, bigint, bigint, bigint];
  if (p < 3n || q < 3n || p === q || u >= p || dp >= p || dq >= q) return null;
  const e = inverse(dp, p - 1n);
  if (e === null || (e * dq) % (q - 1n) !== 1n % (q - 1n) || (u * q) % p !== 1n || !isProbablePrime(p) || !isProbablePrime(q)) return null;
  const d = inverse(e, (p - 1n) * (q - 1n));
  if (d === null) return null;
  const n = minimal(p * q);
  const parts = { n, e: minimal(e), d: minimal(d), p: minimal(p), q: minimal(q), dp: minimal(dp), dq: minimal(dq), qi: minimal(u) };
  const fields = Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [name, base64Url(bytes)]));
  return { key: { kty: 'RSA', ...fields }, modulusLength: n.length };
}

/** To base 2: a key with a factor that passes though it is none is as good as impossible to find by damaging one. */
export function isProbablePrime(value: bigint): boolean {
  const modulus = minimal(value);
  const power = preparePublic(modulus, minimal(value - 1n));
  if (power === null) return modPowBigInt(2n, value - 1n, value) === 1n;
  return toBigInt(power(toBytes(2n, modulus.length))) === 1n;
}

function minimal(value: bigint): Uint8Array {
  return toBytes(value, Math.max(1, Math.ceil(value.toString(16).length / 2)));
}
