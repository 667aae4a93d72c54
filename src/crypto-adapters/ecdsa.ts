/**
 * ECDSA over hashes that are already there, as both kinds of coprocessors sign. The nonce is that of RFC 6979: a signature is a function
 * of key and hash, as replay needs it.
 */
import { createHmac } from 'node:crypto';
import { toBigInt, toBytes } from './big-bytes.ts';
import { combinedX, multiplyBase } from './ecc-arithmetic.ts';
import type { EccCurve } from './ecc-curves.ts';
import { inverse } from './mod-pow.ts';
import type { SecretStream } from './secret-stream.ts';

const NONCE_HASHES = { 256: 'sha256', 384: 'sha384', 521: 'sha512' } as const;

/** A private key from 1 to n - 1. */
export function drawPrivateKey(curve: EccCurve, stream: SecretStream): bigint {
  // 64 bits more than the order has leave no number noticeably more likely than another.
  return (toBigInt(stream.bytes(curve.bytes + 8)) % (curve.n - 1n)) + 1n;
}

/** r and s, each as long as a scalar. */
export function ecdsaSign(curve: EccCurve, privateKey: bigint, hash: Uint8Array): Uint8Array {
  const { n, bytes } = curve;
  const z = truncated(curve, hash);
  for (const k of nonces(curve, privateKey, hash)) {
    const r = toBigInt(multiplyBase(curve, k).subarray(1, 1 + bytes)) % n;
    const s = (inverse(k, n)! * (z + r * privateKey)) % n;
    if (r === 0n || s === 0n) continue;
    const signature = new Uint8Array(2 * bytes);
    signature.set(toBytes(r, bytes));
    signature.set(toBytes(s, bytes), bytes);
    return signature;
  }
  throw new Error('expected a nonce, got to the end of all');
}

/** `publicKey`: an uncompressed point of the curve. */
export function ecdsaVerify(curve: EccCurve, publicKey: Uint8Array, hash: Uint8Array, signature: Uint8Array): boolean {
  const { n, bytes } = curve;
  if (signature.length !== 2 * bytes) return false;
  const [r, s] = [toBigInt(signature.subarray(0, bytes)), toBigInt(signature.subarray(bytes))];
  if (r === 0n || s === 0n || r >= n || s >= n) return false;
  const w = inverse(s, n)!;
  const x = combinedX(curve, publicKey, (truncated(curve, hash) * w) % n, (r * w) % n);
  return x !== null && x % n === r;
}

/** The leftmost bits of a hash, as many as the order has, modulo the order. */
function truncated(curve: EccCurve, hash: Uint8Array): bigint {
  return leftmost(curve, hash) % curve.n;
}

function leftmost({ bits }: EccCurve, bytes: Uint8Array): bigint {
  const excess = bytes.length * 8 - bits;
  return excess > 0 ? toBigInt(bytes) >> BigInt(excess) : toBigInt(bytes);
}

/** RFC 6979, 3.2. */
function* nonces(curve: EccCurve, privateKey: bigint, hash: Uint8Array): Generator<bigint> {
  const { n, bytes, bits } = curve;
  const algorithm = NONCE_HASHES[bits];
  const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array => {
    const it = createHmac(algorithm, key);
    for (const part of parts) it.update(part);
    return it.digest();
  };
  const key = toBytes(privateKey, bytes);
  const message = toBytes(truncated(curve, hash), bytes);
  const size = hmac(key).length;
  let v: Uint8Array = new Uint8Array(size).fill(1);
  let k: Uint8Array = new Uint8Array(size);
  for (const step of [0, 1]) {
    k = hmac(k, v, Uint8Array.of(step), key, message);
    v = hmac(k, v);
  }
  for (;;) {
    const drawn: Uint8Array[] = [];
    for (let length = 0; length < bytes; length += size) drawn.push((v = hmac(k, v)));
    const nonce = leftmost(curve, Buffer.concat(drawn).subarray(0, bytes));
    if (nonce > 0n && nonce < n) yield nonce;
    k = hmac(k, v, Uint8Array.of(0));
    v = hmac(k, v);
  }
}
