/**
 * Goal: a card computes for proper operands only, and the quick look at the leading bytes never decides otherwise than the long
 * multiplication. Method: random factors with inputs around their product, judged by BigInt.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toBigInt, toBytes } from '../../src/crypto-adapters/big-bytes.ts';
import { operandFault } from '../../src/crypto-adapters/rsa-operands.ts';

const LIMITS = { min: 2, max: 512 };
const ONE = new Uint8Array([1]);

/** Odd, of 1 to 12 bytes, with leading zeros or without. */
const factor = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => {
  bytes[bytes.length - 1]! |= 1;
  return bytes;
});

function faultOf(p: Uint8Array, q: Uint8Array, input: Uint8Array): ReturnType<typeof operandFault> {
  return operandFault({ kind: 'crt', p, q, dp: ONE, dq: ONE, u: ONE, input }, LIMITS);
}

describe('operands of a private key in parts', () => {
  test('an input is refused if and only if it is not below the product, however near', () => {
    fc.assert(
      fc.property(factor, factor, fc.bigInt(-70_000n, 70_000n), fc.integer({ min: 0, max: 3 }), (p, q, off, room) => {
        const modulus = toBigInt(p) * toBigInt(q);
        fc.pre(toBigInt(p) !== 1n && toBigInt(q) !== 1n);
        const value = modulus + off;
        const width = p.length + q.length + room;
        fc.pre(value >= 0n && value < 1n << BigInt(8 * width));
        expect(faultOf(p, q, toBytes(value, width))).toBe(value >= modulus ? 'value' : null);
      }),
      { seed: 7, numRuns: 5_000 },
    );
  });

  test('any input of the width is judged like that', () => {
    fc.assert(
      fc.property(factor, factor, fc.uint8Array({ minLength: 24, maxLength: 24 }), (p, q, input) => {
        fc.pre(toBigInt(p) !== 1n && toBigInt(q) !== 1n);
        expect(faultOf(p, q, input)).toBe(toBigInt(input) >= toBigInt(p) * toBigInt(q) ? 'value' : null);
      }),
      { seed: 8, numRuns: 2_000 },
    );
  });

  test.each([
    ['a factor of one', new Uint8Array([0, 1]), new Uint8Array([7]), 'key'],
    ['an even factor', new Uint8Array([8]), new Uint8Array([7]), 'even'],
    ['a factor of zero', new Uint8Array([0]), new Uint8Array([7]), 'key'],
  ])('%s is refused', (_what, p, q, fault) => {
    expect(faultOf(p, q, new Uint8Array(8))).toBe(fault);
  });

  test('a product that does not fit the reply is refused for its size', () => {
    expect(faultOf(new Uint8Array([0xff, 0xff]), new Uint8Array([0xff, 0xfd]), new Uint8Array(3))).toBe('size');
  });
});
