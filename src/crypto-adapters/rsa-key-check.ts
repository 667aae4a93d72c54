/**
 * Do the parts of an RSA private key belong together? A card that computed with a damaged one would give away its factors (Bellcore attack).
 * No public exponent comes with the parts: both halves must tell the same one, which therefore has to be below the factors. Factors of up to
 * 64 bits may have a larger one.
 */
import { toBigInt, toBytes } from './big-bytes.ts';
import { BoundedCache } from './bounded-cache.ts';
import { inverse } from './mod-pow.ts';
import type { RsaEngine } from './rsa-engine.ts';
import { isProbablePrime } from './rsa-private.ts';

/** p, q, dp, dq, u (the inverse of q modulo p). */
export type KeyParts = readonly [p: Uint8Array, q: Uint8Array, dp: Uint8Array, dq: Uint8Array, u: Uint8Array];

type Numbers = readonly [p: bigint, q: bigint, dp: bigint, dq: bigint, u: bigint];

const KEYS = 256;
const SMALL_FACTOR = 1n << 64n;
/** Public exponents that a repair believes in. */
const EXPONENT_LIMIT = 1n << 64n;

/** What was found out lives as long as the engine: the keys of a program are checked once for all of its runs. */
const known = new WeakMap<RsaEngine, BoundedCache<{ readonly sound: boolean }>>();

export function isSoundKey(rsa: RsaEngine, parts: KeyParts): boolean {
  let cache = known.get(rsa);
  if (cache === undefined) known.set(rsa, (cache = new BoundedCache(KEYS)));
  const name = `${parts[0].length},${parts[1].length}:${Buffer.concat(parts).toString('latin1')}`;
  let entry = cache.get(name);
  if (entry === undefined) cache.set(name, (entry = { sound: check(parts.map(toBigInt) as unknown as Numbers) }));
  return entry.sound;
}

function check([p, q, dp, dq, u]: Numbers): boolean {
  if (!areFactors(p, q) || u >= p || dp >= p || dq >= q || (u * q) % p !== 1n) return false;
  const [ep, eq] = [inverse(dp, p - 1n), inverse(dq, q - 1n)];
  if (ep === null || eq === null) return false;
  if (ep === eq) return true;
  return p < SMALL_FACTOR && q < SMALL_FACTOR && (ep - eq) % gcd(p - 1n, q - 1n) === 0n;
}

function areFactors(p: bigint, q: bigint): boolean {
  return p >= 3n && q >= 3n && p !== q && isProbablePrime(p) && isProbablePrime(q);
}

/**
 * What OpenSSL does with a damaged key of which it knows the public exponent: as if the damage were not there. Here one half must still tell
 * the exponent. null: nothing can be done.
 */
export function repairedKey(parts: KeyParts): KeyParts | null {
  const [p, q, dp, dq] = parts.map(toBigInt) as unknown as Numbers;
  if (!areFactors(p, q)) return null;
  for (const e of [inverse(dp % (p - 1n), p - 1n), inverse(dq % (q - 1n), q - 1n)]) {
    if (e === null || e < 3n || e > EXPONENT_LIMIT) continue;
    const [goodDp, goodDq, goodU] = [inverse(e, p - 1n), inverse(e, q - 1n), inverse(q % p, p)];
    if (goodDp === null || goodDq === null || goodU === null) continue;
    return [parts[0], parts[1], toBytes(goodDp, parts[2].length), toBytes(goodDq, parts[3].length), toBytes(goodU, parts[4].length)];
  }
  return null;
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}
