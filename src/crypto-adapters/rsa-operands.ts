/**
 * The checks that a card makes before it computes: a result is given for proper operands only.
 */
import { isZero, stripZeros, toBigInt } from './big-bytes.ts';
import type { RsaRequest } from './messages/rsa-types.ts';

/** size: modulus outside the card's limits; value: input not below the modulus; even: even modulus; key: the key makes no sense. */
export type OperandFault = 'size' | 'value' | 'even' | 'key';

export function operandFault(request: RsaRequest, limits: { readonly min: number; readonly max: number }): OperandFault | null {
  if (request.kind === 'mex') {
    const { modulus, exponent, input } = request;
    const n = stripZeros(modulus);
    if (isZero(n) || isZero(exponent)) return 'key';
    if (n.length < limits.min || n.length > limits.max) return 'size';
    if (isEven(n)) return 'even';
    return Buffer.compare(input, modulus) >= 0 ? 'value' : null;
  }
  const { p, q, dp, dq, u, input } = request;
  if ([p, q, dp, dq, u].some(isZero)) return 'key';
  if (isEven(p) || isEven(q)) return 'even';
  const [shortP, shortQ] = [stripZeros(p), stripZeros(q)];
  if (isOne(shortP) || isOne(shortQ)) return 'key';
  const length = shortP.length + shortQ.length;
  if (length < limits.min || length > limits.max) return 'size';
  if (length <= input.length && isSurelyBelow(input, shortP, shortQ)) return null;
  const [primeP, primeQ] = [toBigInt(p), toBigInt(q)];
  const modulus = primeP * primeQ;
  // The result has to fit the reply, which is as long as the input.
  if (modulus >> BigInt(input.length * 8) !== 0n) return 'size';
  return toBigInt(input) >= modulus ? 'value' : null;
}

/**
 * Is the input below p * q, as far as three bytes of each factor can tell? They can for nearly every message, and long multiplication is a good
 * part of what a request costs apart from RSA itself. Both factors without leading zeros, at least three bytes.
 */
function isSurelyBelow(input: Uint8Array, p: Uint8Array, q: Uint8Array): boolean {
  if (p.length < 3 || q.length < 3) return false;
  const least = leading(p, 3) * leading(q, 3);
  const short = stripZeros(input);
  const cut = p.length + q.length - 6;
  return short.length <= cut + 6 && leading(short, Math.max(0, short.length - cut)) + 1 <= least;
}

/** The first bytes as a number: at most six, so that it is exact. */
function leading(bytes: Uint8Array, count: number): number {
  let value = 0;
  for (let at = 0; at < count; at++) value = value * 256 + bytes[at]!;
  return value;
}

const isOne = (bytes: Uint8Array): boolean => bytes.length === 1 && bytes[0] === 1;

function isEven(bytes: Uint8Array): boolean {
  return (bytes.at(-1)! & 1) === 0;
}
