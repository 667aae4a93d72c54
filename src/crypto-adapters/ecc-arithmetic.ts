/**
 * Points of the prime curves over node:crypto's ECDH, which multiplies but neither adds nor tells the y of a product.
 */
import { ECDH, createECDH } from 'node:crypto';
import { toBigInt, toBytes } from './big-bytes.ts';
import type { EccCurve } from './ecc-curves.ts';
import { inverse } from './mod-pow.ts';

/** Uncompressed: 04, x, y. */
export function pointLength(curve: EccCurve): number {
  return 1 + 2 * curve.bytes;
}

interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

const EVEN_Y = 0x02;

/** Is it an uncompressed point of the curve? */
export function isPoint(curve: EccCurve, bytes: Uint8Array): boolean {
  if (bytes.length !== pointLength(curve) || bytes[0] !== 0x04) return false;
  try {
    ECDH.convertKey(bytes, curve.openssl);
    return true;
  } catch {
    return false;
  }
}

/** Base point times scalar, which must be from 1 to n - 1; uncompressed. */
export function multiplyBase(curve: EccCurve, scalar: bigint): Uint8Array {
  const { buffer, byteOffset, length } = exchange(curve, scalar).getPublicKey();
  return new Uint8Array(buffer, byteOffset, length);
}

function exchange(curve: EccCurve, scalar: bigint): ReturnType<typeof createECDH> {
  const it = createECDH(curve.openssl);
  it.setPrivateKey(toBytes(scalar, curve.bytes));
  return it;
}

/** x of u1 times the base point plus u2 times `key`, both from 0 to n - 1; null when the sum is the point at infinity. */
export function combinedX(curve: EccCurve, key: Uint8Array, u1: bigint, u2: bigint): bigint | null {
  const first = u1 === 0n ? null : read(curve, multiplyBase(curve, u1));
  const second = u2 === 0n ? null : multiply(curve, key, u2);
  return add(curve, first, second)?.x ?? null;
}

function read(curve: EccCurve, bytes: Uint8Array): Point {
  return { x: toBigInt(bytes.subarray(1, 1 + curve.bytes)), y: toBigInt(bytes.subarray(1 + curve.bytes)) };
}

/**
 * ECDH gives the x of the product only. Of the two points with this x the right one is that whose sum with `key` has the x of the next
 * multiple.
 */
function multiply(curve: EccCurve, key: Uint8Array, scalar: bigint): Point {
  const point = read(curve, key);
  if (scalar === 1n) return point;
  if (scalar === curve.n - 1n) return negative(curve, point);
  const x = exchange(curve, scalar).computeSecret(key);
  const compressed = Buffer.concat([Uint8Array.of(EVEN_Y), x]);
  const candidate = read(curve, ECDH.convertKey(compressed, curve.openssl, undefined, undefined, 'uncompressed') as Buffer);
  const next = toBigInt(exchange(curve, scalar + 1n).computeSecret(key));
  return add(curve, candidate, point)?.x === next ? candidate : negative(curve, candidate);
}

function negative({ p }: EccCurve, { x, y }: Point): Point {
  return { x, y: y === 0n ? 0n : p - y };
}

/** null is the point at infinity. */
function add({ p }: EccCurve, a: Point | null, b: Point | null): Point | null {
  if (a === null) return b;
  if (b === null) return a;
  if (a.x === b.x && a.y !== b.y) return null;
  const rise = a.x === b.x ? 3n * (a.x * a.x - 1n) : b.y - a.y;
  const run = a.x === b.x ? 2n * a.y : b.x - a.x;
  const slope = modulo(rise, p) * inverse(modulo(run, p), p)!;
  const x = modulo(slope * slope - a.x - b.x, p);
  return { x, y: modulo(slope * (a.x - x) - a.y, p) };
}

function modulo(value: bigint, p: bigint): bigint {
  const rest = value % p;
  return rest < 0n ? rest + p : rest;
}
