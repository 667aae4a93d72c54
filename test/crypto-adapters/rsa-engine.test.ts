/** Goal: the engine computes what BigInt computes, whichever way of OpenSSL it takes. Method: random operands of every size class. */
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { rightJustified, toBigInt, toBytes } from '../../src/crypto-adapters/big-bytes.ts';
import { inverse, modPowBigInt } from '../../src/crypto-adapters/mod-pow.ts';
import { createRsaEngine } from '../../src/crypto-adapters/rsa-engine.ts';
import { crtBigInt, preparePrivate } from '../../src/crypto-adapters/rsa-private.ts';
import { preparePublic } from '../../src/crypto-adapters/rsa-public.ts';
import { inputOf, rsaKey } from './hardware.ts';

const prng = new Prng(7);

function oddNumber(bytes: number): Uint8Array {
  const number = prng.bytes(bytes);
  number[0]! |= 0x80;
  number[bytes - 1]! |= 1;
  return number;
}

function below(bytes: number): Uint8Array {
  const number = prng.bytes(bytes);
  number[0]! &= 0x7f;
  return number;
}

const oracle = (n: Uint8Array, e: Uint8Array, m: Uint8Array): Uint8Array =>
  toBytes(modPowBigInt(toBigInt(m), toBigInt(e), toBigInt(n)), n.length);

describe('modExpo', () => {
  const rsa = createRsaEngine();

  it.each([1, 2, 16, 31, 32, 63, 64, 65, 128, 129, 256, 384, 512])('equals BigInt for a modulus of %i bytes', (bytes) => {
    const n = oddNumber(bytes);
    for (const e of [
      Uint8Array.of(1),
      Uint8Array.of(2),
      Uint8Array.of(3),
      rightJustified(Uint8Array.of(1, 0, 1), Math.max(3, bytes)),
      below(bytes),
    ]) {
      const m = below(bytes);
      expect(rsa.modExpo(n, e, m)).toEqual(oracle(n, e, m));
    }
  });

  it.each([384, 385, 512])('takes OpenSSL, not BigInt, for a large exponent and %i bytes', (bytes) => {
    const [n, e, m] = [oddNumber(bytes), below(bytes), below(bytes)];
    expect(new Uint8Array(preparePublic(n, e)!(m))).toEqual(oracle(n, e, m));
  });

  it('computes inputs and exponents that OpenSSL refuses', () => {
    const n = oddNumber(512);
    const e = below(512);
    for (const m of [toBytes(0n, 512), toBytes(1n, 512), toBytes(toBigInt(n) - 1n, 512), n])
      expect(rsa.modExpo(n, e, m)).toEqual(oracle(n, e, m));
    const even = rightJustified(Uint8Array.of(0xc0, 0x10), 64);
    const m = below(64);
    expect(rsa.modExpo(even, Uint8Array.of(5), m)).toEqual(oracle(even, Uint8Array.of(5), m));
    const large = new Uint8Array(64).fill(0xff);
    const small = oddNumber(64);
    expect(rsa.modExpo(small, large, m)).toEqual(oracle(small, large, m));
  });

  it('keeps the width of a modulus with leading zeros', () => {
    const n = rightJustified(oddNumber(100), 128);
    const m = rightJustified(below(100), 128);
    const result = rsa.modExpo(n, Uint8Array.of(1, 0, 1), m);
    expect(result).toHaveLength(128);
    expect(result).toEqual(oracle(n, Uint8Array.of(1, 0, 1), m));
  });
});

describe('crt', () => {
  it.each([512, 1024, 2048, 3072, 4096])('inverts modExpo with a key of %i bits, through OpenSSL', (bits) => {
    const rsa = createRsaEngine();
    const key = rsaKey(bits);
    const m = inputOf(bits, 3);
    const { p, q, dp, dq, u, input } = key.crt(rsa.modExpo(key.modulus, toBytes(key.e, 3), m));
    expect(preparePrivate([p, q, dp, dq, u, input])).not.toBeNull();
    expect(rsa.crt(p, q, dp, dq, u, input)).toEqual(m);
    expect(modPowBigInt(toBigInt(input), key.d, key.n)).toBe(toBigInt(m));
  });

  it('computes from parts that do not belong together what the parts say', () => {
    const rsa = createRsaEngine();
    const { p, q, dp, dq, u, input } = rsaKey(1024).crt(inputOf(1024, 5));
    const wrongDp = toBytes(toBigInt(dp) ^ 2n, dp.length);
    expect(preparePrivate([p, q, wrongDp, dq, u, input])).toBeNull();
    expect(rsa.crt(p, q, wrongDp, dq, u, input)).toEqual(toBytes(crtBigInt([p, q, wrongDp, dq, u, input]), 128));
    const wrongU = toBytes(toBigInt(u) ^ 2n, u.length);
    expect(rsa.crt(p, q, dp, dq, wrongU, input)).toEqual(toBytes(crtBigInt([p, q, dp, dq, wrongU, input]), 128));
  });

  it('does not hand factors that are not prime to OpenSSL, which would compute something else', () => {
    const rsa = createRsaEngine();
    const { q } = rsaKey(512).crt(inputOf(512, 1));
    const p = toBytes((1n << 255n) + 5n * 7n * 11n * 13n, 32);
    const [pn, qn, e] = [toBigInt(p), toBigInt(q), 65537n];
    const [dp, dq, u] = [inverse(e, pn - 1n)!, inverse(e, qn - 1n)!, inverse(qn, pn)!].map((part) => toBytes(part, 32)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const input = inputOf(512, 2);
    expect(preparePrivate([p, q, dp, dq, u, input])).toBeNull();
    expect(rsa.crt(p, q, dp, dq, u, input)).toEqual(toBytes(crtBigInt([p, q, dp, dq, u, input]), 64));
  });
});

describe('bounds', () => {
  it('remembers results without handing out its own copy, and stays right when its caches overflow', () => {
    const rsa = createRsaEngine({ memo: 4, keys: 2 });
    const n = oddNumber(64);
    const inputs = Array.from({ length: 10 }, () => below(64));
    for (let round = 0; round < 2; round++) {
      for (const m of inputs) {
        const result = rsa.modExpo(n, Uint8Array.of(3), m);
        expect(result).toEqual(oracle(n, Uint8Array.of(3), m));
        result.fill(0);
        expect(rsa.modExpo(n, Uint8Array.of(3), m)).toEqual(oracle(n, Uint8Array.of(3), m));
      }
    }
    for (let i = 0; i < 5; i++) {
      const [other, m] = [oddNumber(64), below(64)];
      expect(rsa.modExpo(other, Uint8Array.of(3), m)).toEqual(oracle(other, Uint8Array.of(3), m));
    }
  });
});
