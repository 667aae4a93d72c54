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
  const [primeP, primeQ] = [toBigInt(p), toBigInt(q)];
  if (primeP === 1n || primeQ === 1n) return 'key';
  const length = stripZeros(p).length + stripZeros(q).length;
  if (length < limits.min || length > limits.max) return 'size';
  const modulus = primeP * primeQ;
  // The result has to fit the reply, which is as long as the input.
  if (modulus >> BigInt(input.length * 8) !== 0n) return 'size';
  return toBigInt(input) >= modulus ? 'value' : null;
}

function isEven(bytes: Uint8Array): boolean {
  return (bytes.at(-1)! & 1) === 0;
}
