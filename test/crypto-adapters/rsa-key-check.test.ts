/**
 * Goal: a card never computes with a damaged private key: it refuses it, or, without its strict switch, computes what OpenSSL would.
 * Method: each part of real keys damaged in turn, in the messages of both families; the strict switch on and off.
 */
import { describe, expect, it } from 'vitest';
import { apqnOf } from '../../src/base/apqn.ts';
import { toBigInt, toBytes } from '../../src/crypto-adapters/big-bytes.ts';
import { jobFor } from '../../src/crypto-adapters/card-job.ts';
import { decodeErrorReply } from '../../src/crypto-adapters/messages/error-reply.ts';
import { decodeRsaReply, encodeRsaRequest, type RsaMode } from '../../src/crypto-adapters/messages/rsa-request.ts';
import type { CrtRequest } from '../../src/crypto-adapters/messages/rsa-types.ts';
import { modPowBigInt } from '../../src/crypto-adapters/mod-pow.ts';
import { createRsaEngine } from '../../src/crypto-adapters/rsa-engine.ts';
import { isSoundKey, repairedKey, type KeyParts } from '../../src/crypto-adapters/rsa-key-check.ts';
import { card, inputOf, rsaKey, unit } from './hardware.ts';

const PARTS = ['p', 'q', 'dp', 'dq', 'u'] as const;
type Part = (typeof PARTS)[number];
const key = rsaKey(1024);
const good = key.crt(inputOf(1024, 9));
const right = toBytes(modPowBigInt(toBigInt(good.input), key.d, key.n), 128);

const partsOf = ({ p, q, dp, dq, u }: CrtRequest): KeyParts => [p, q, dp, dq, u];
const bits: Readonly<Record<Part, bigint>> = { p: 1n << 40n, q: 1n << 40n, dp: 2n, dq: 2n, u: 1n };
/** Odd parts stay odd: an even factor has a code of its own. */
function damage(request: CrtRequest, ...parts: readonly Part[]): CrtRequest {
  const changes = parts.map((part) => [part, toBytes(toBigInt(request[part]) ^ bits[part], request[part].length)]);
  return { ...request, ...(Object.fromEntries(changes) as Partial<CrtRequest>) };
}

function answer(mode: RsaMode, request: CrtRequest, strictKeys: boolean): Uint8Array {
  const type = card(`CEX8${mode}`);
  return jobFor(type, 4, encodeRsaRequest(mode, request, apqnOf(5, 4))).reply(unit(type, { strictKeys }));
}

describe.each(['A', 'C'] as const)('a card of mode %s', (mode) => {
  const refused = { type: mode === 'A' ? 0x82 : 0x88, code: 0x82 };

  it('computes with a sound key, strict or not', () => {
    for (const strict of [true, false]) expect(decodeRsaReply(mode, answer(mode, good, strict), 128)).toEqual({ output: right });
  });

  it.each(PARTS)('refuses a key with damaged %s when it is strict', (part) => {
    const reply = answer(mode, damage(good, part), true);
    const error = decodeErrorReply(reply);
    // A smaller factor can make the input too large for the modulus.
    expect([refused, { ...refused, code: 0x84 }]).toContainEqual(error);
  });

  it.each([['dp'], ['dq'], ['u'], ['dp', 'u'], ['dq', 'u']] as const)('repairs %s %s silently when it is not', (...parts) => {
    const request = damage(good, ...(parts.filter((part) => part !== undefined) as Part[]));
    expect(decodeRsaReply(mode, answer(mode, request, false), 128)).toEqual({ output: right });
  });

  it.each([['p'], ['q'], ['dp', 'dq']] as const)('refuses damaged %s %s also when it is not', (...parts) => {
    const request = damage(good, ...(parts.filter((part) => part !== undefined) as Part[]));
    expect(decodeErrorReply(answer(mode, request, false))).toMatchObject({ type: refused.type });
  });
});

describe('the check of a key', () => {
  const rsa = createRsaEngine();
  const numbers = (p: bigint, q: bigint, dp: bigint, dq: bigint, u: bigint): KeyParts =>
    [p, q, dp, dq, u].map((part) => toBytes(part, 4)) as unknown as KeyParts;

  it('knows small keys, whose exponent is above the factors', () => {
    // e = 65537 with p = 251, q = 241.
    const inverse = (value: bigint, modulus: bigint): bigint => {
      for (let i = 1n; i < modulus; i++) if ((value * i) % modulus === 1n) return i;
      throw new Error('expected an inverse');
    };
    const [p, q] = [251n, 241n];
    const sound = [p, q, inverse(65537n, p - 1n), inverse(65537n, q - 1n), inverse(q, p)] as const;
    expect(isSoundKey(rsa, numbers(...sound))).toBe(true);
    expect(isSoundKey(rsa, numbers(p, q, 2n, sound[3], sound[4]))).toBe(false);
    expect(isSoundKey(rsa, numbers(p, q, sound[2], sound[3], sound[4] + 1n))).toBe(false);
  });

  it('takes neither equal factors, nor composite ones, nor parts above the factors', () => {
    const [p, q, dp, dq, u] = partsOf(good);
    expect(isSoundKey(rsa, [p, q, dp, dq, u])).toBe(true);
    expect(isSoundKey(rsa, [p, p, dp, dp, u])).toBe(false);
    expect(isSoundKey(rsa, [p, q, dq, dp, u])).toBe(false);
    expect(isSoundKey(rsa, [q, p, dq, dp, u])).toBe(false);
    const above = toBytes(toBigInt(u) + toBigInt(p), u.length + 1);
    expect(isSoundKey(rsa, [p, q, dp, dq, above])).toBe(false);
    expect(isSoundKey(rsa, numbers(9n, 5n, 1n, 1n, 2n))).toBe(false);
    expect(repairedKey([p, p, dp, dp, u])).toBeNull();
    expect(repairedKey(partsOf(damage(good, 'p')))).toBeNull();
  });

  it('gives the same answer when it remembers it, and does not mix up widths', () => {
    const bad = partsOf(damage(good, 'u'));
    for (let round = 0; round < 2; round++) {
      expect(isSoundKey(rsa, bad)).toBe(false);
      expect(isSoundKey(rsa, partsOf(good))).toBe(true);
    }
    expect(repairedKey(bad)).toEqual(partsOf(good));
  });
});
