/** Goal: RSA messages have the lengths and fields of the real ones and survive the way there and back. Method: golden lengths, round trips. */
import { describe, expect, it } from 'vitest';
import { apqnOf } from '../../../src/base/apqn.ts';
import { EAGAIN, EINVAL, EMSGSIZE } from '../../../src/base/errno.ts';
import { jobFor } from '../../../src/crypto-adapters/card-job.ts';
import { encodeErrorReply, decodeErrorReply, replyCodeErrno } from '../../../src/crypto-adapters/messages/error-reply.ts';
import { decodeCcaRsa, encodeCcaRsa } from '../../../src/crypto-adapters/messages/cca-rsa.ts';
import { decodeRsaReply, encodeRsaRequest, type RsaMode } from '../../../src/crypto-adapters/messages/rsa-request.ts';
import type { RsaRequest } from '../../../src/crypto-adapters/messages/rsa-types.ts';
import { decodeType50, encodeType50 } from '../../../src/crypto-adapters/messages/type50.ts';
import { decodeType6 } from '../../../src/crypto-adapters/messages/type6.ts';
import { encodeType80 } from '../../../src/crypto-adapters/messages/type80.ts';
import { encodeType86 } from '../../../src/crypto-adapters/messages/type86.ts';
import { Prng } from '../../../src/base/prng.ts';
import { card, inputOf, rsaKey, unit } from '../hardware.ts';

const fill = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

function mex(length: number): RsaRequest {
  return {
    kind: 'mex',
    modulus: fill(length, 0xc1),
    exponent: length < 3 ? Uint8Array.of(3) : Uint8Array.of(1, 0, 1),
    input: fill(length, 0x33),
  };
}

function crt(length: number): RsaRequest {
  const half = (length + 1) >> 1;
  return {
    kind: 'crt',
    p: fill(half, 1),
    q: fill(half, 2),
    dp: fill(half, 3),
    dq: fill(half, 4),
    u: fill(half, 5),
    input: fill(length, 6),
  };
}

describe('type 50', () => {
  it.each([
    [mex(128), 0x0001, 400],
    [mex(1), 0x0001, 400],
    [mex(129), 0x0002, 784],
    [mex(256), 0x0002, 784],
    [mex(512), 0x0003, 1552],
    [crt(128), 0x0011, 464],
    [crt(256), 0x0012, 912],
    [crt(257), 0x0013, 1808],
    [crt(512), 0x0013, 1808],
  ])('message %# has block type and length of its format', (request, block, length) => {
    const message = encodeType50(request);
    const view = new DataView(message.buffer);
    expect([message[1], view.getUint16(2), view.getUint16(8), message.length]).toEqual([0x50, length, block, length]);
  });

  it('gives the card the numbers right-justified', () => {
    const request = mex(100);
    const decoded = decodeType50(encodeType50(request));
    if (typeof decoded === 'number' || decoded.request.kind !== 'mex' || request.kind !== 'mex') throw new Error('expected a mex request');
    expect(decoded.width).toBe(128);
    expect(decoded.request.modulus.subarray(28)).toEqual(request.modulus);
    expect(decoded.request.modulus.subarray(0, 28)).toEqual(new Uint8Array(28));
    expect(decoded.request.exponent.subarray(125)).toEqual(request.exponent);
    expect(decoded.request.input.subarray(28)).toEqual(request.input);
  });

  it('round trips a crt request of full width', () => {
    expect(decodeType50(encodeType50(crt(256)))).toEqual({ width: 256, request: crt(256) });
  });

  it('refuses lengths that no format has', () => {
    expect(() => encodeType50(mex(513))).toThrow('1 to 512');
    expect(() => encodeType50({ ...mex(64), modulus: fill(65, 1) } as RsaRequest)).toThrow('modulus of 64 bytes');
    expect(() => encodeType50({ ...crt(64), u: fill(40, 1) } as RsaRequest)).toThrow('u of 32 bytes');
  });
});

describe('type 6', () => {
  it.each([128, 256, 512])('PK message for %i bytes', (n) => {
    const message = encodeRsaRequest('C', mex(n), apqnOf(5, 0x47));
    const view = new DataView(message.buffer);
    // Header, CPRBX, rule, length and input, key block: 6 + 8 + 12 + exponent + modulus.
    expect(message.length).toBe(88 + 220 + 12 + 2 + n + 26 + 3 + n);
    expect([message[1], view.getUint32(16), view.getUint32(56), view.getUint32(72)]).toEqual([6, 0x58, message.length - 88, 1828]);
    expect(Buffer.from(message.subarray(32, 34)).toString()).toBe('CA');
    expect(Buffer.from(message.subarray(52, 54)).toString()).toBe('PK');
    expect([view.getUint16(88), message[90], view.getUint32(88 + 12), view.getUint16(88 + 170)]).toEqual([
      0xdc,
      2,
      message.length - 308,
      0x47,
    ]);
    expect(Buffer.from(message.subarray(308, 320)).toString('latin1')).toBe('PK\0\nMRP     ');
    expect(view.getUint16(320)).toBe(n + 2);
    const key = 322 + n;
    const token = 8 + 12 + 3 + n;
    expect([view.getUint16(key), view.getUint16(key + 2), view.getUint16(key + 4)]).toEqual([token + 6, token + 4, 0]);
    expect([message[key + 6], view.getUint16(key + 8)]).toEqual([0x1e, token]);
    expect([
      message[key + 14],
      view.getUint16(key + 16),
      view.getUint16(key + 20),
      view.getUint16(key + 22),
      view.getUint16(key + 24),
    ]).toEqual([0x04, 12 + 3 + n, 3, n * 8, n]);
  });

  it.each([128, 255, 256, 512])('PD message for %i bytes', (n) => {
    const message = encodeRsaRequest('C', crt(n), apqnOf(5, 4));
    const view = new DataView(message.buffer);
    const [short, long] = [(n + 1) >> 1, ((n + 1) >> 1) + 8];
    const key = 322 + n;
    const section = key + 14;
    const pad = view.getUint16(section + 70);
    const parts = 3 * long + 2 * short;
    expect((parts + pad) % 8).toBe(0);
    expect(message.length).toBe(section + 132 + parts + pad + n + 15);
    expect(view.getUint16(key)).toBe(message.length - key);
    expect([message[section], message[section + 28], message[section + 50]]).toEqual([0x08, 0x40, 0x80]);
    expect([0, 1, 2, 3, 4, 5].map((index) => view.getUint16(section + 54 + 2 * index))).toEqual([long, short, long, short, long, n]);
    expect([...message.subarray(section + 132, section + 141)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(message.subarray(section + 132 + parts + pad, section + 132 + parts + pad + n)).toEqual(fill(n, 0xff));
    expect([...message.subarray(message.length - 15)]).toEqual([4, 0, 0, 15, 0, 0, 0, 3, 0, 0, 0, 0, 1, 0, 1]);
  });

  it.each([
    ['PK', mex(128)],
    ['PD', crt(128)],
    ['PD', crt(255)],
  ])('round trips %s', (functionCode, request) => {
    const decoded = decodeType6(encodeRsaRequest('C', request, apqnOf(5, 4)));
    if (typeof decoded === 'number') throw new Error(`expected a request, got ${decoded}`);
    expect(decoded).toMatchObject({ agent: 'CA', functionCode, domain: 4 });
    expect(decodeCcaRsa(functionCode, decoded.parameters)).toEqual(request);
    expect(decoded.parameters).toEqual(encodeCcaRsa(request));
  });
});

describe('replies', () => {
  it('type 80 is 16 bytes and the data, of which the driver takes the end', () => {
    const reply = encodeType80(Uint8Array.from({ length: 128 }, (_, i) => i));
    expect([reply[1], new DataView(reply.buffer).getUint16(2), reply.length]).toEqual([0x80, 144, 144]);
    expect(decodeRsaReply('A', reply, 2)).toEqual({ output: Uint8Array.of(126, 127) });
    expect(decodeRsaReply('A', reply, 129)).toEqual({ errno: EAGAIN, offline: true });
    expect(decodeRsaReply('A', reply.subarray(0, 143), 128)).toEqual({ errno: EMSGSIZE });
    expect(() => encodeType80(new Uint8Array(513))).toThrow('528');
  });

  it('type 86 obeys length = 274 + L', () => {
    const reply = encodeType86({ functionCode: 'PK', domain: 4, data: fill(128, 9) });
    const view = new DataView(reply.buffer);
    expect(reply.length).toBe(274 + view.getUint16(272));
    expect([view.getUint16(272), view.getUint32(20), view.getUint32(16), view.getUint16(reply.length - 2)]).toEqual([
      130,
      0x30,
      reply.length - 48,
      2,
    ]);
    expect(decodeRsaReply('C', reply, 128)).toEqual({ output: fill(128, 9) });
    expect(decodeRsaReply('C', reply, 130)).toEqual({ output: Uint8Array.from([0, 0, ...fill(128, 9)]) });
    expect(decodeRsaReply('C', reply, 127)).toEqual({ errno: EMSGSIZE });
    expect(decodeRsaReply('C', reply.subarray(0, -1), 128)).toEqual({ errno: EMSGSIZE });
  });

  it.each([
    [8, 65, 128, { errno: EINVAL }],
    [8, 770, 128, { errno: EINVAL }],
    [12, 769, 128, { errno: EINVAL }],
    [12, 65, 128, { errno: EAGAIN, offline: true }],
    [8, 0x14f, 512, { errno: EINVAL }],
    [8, 0x14f, 256, { errno: EAGAIN, offline: true }],
  ])('CCA return code %i, reason %i', (returnCode, reason, outputLength, result) => {
    const reply = encodeType86({ functionCode: 'PK', domain: 4, data: fill(128, 9) });
    const view = new DataView(reply.buffer);
    view.setUint16(48 + 144, returnCode);
    view.setUint16(48 + 146, reason);
    expect(decodeRsaReply('C', reply, outputLength)).toEqual(result);
  });

  it('a wrong CPRB version, type or a stump takes the queue offline', () => {
    const reply = encodeType86({ functionCode: 'PK', domain: 4, data: fill(128, 9) });
    reply[50] = 4;
    for (const bytes of [reply, Uint8Array.of(0, 0x99, 0, 0, 0, 0, 0, 0), new Uint8Array(0)]) {
      expect(decodeRsaReply('C', bytes, 128)).toEqual({ errno: EAGAIN, offline: true });
      expect(decodeRsaReply('A', bytes, 128)).toEqual({ errno: EAGAIN, offline: true });
    }
  });

  it('the error reply of another family is nonsense, too', () => {
    const reply = encodeErrorReply(0x87, 0x84);
    for (const mode of ['A', 'C'] as const) expect(decodeRsaReply(mode, reply, 128)).toEqual({ errno: EAGAIN, offline: true });
  });

  it('error replies are 8 bytes and mean EINVAL or EAGAIN by their code', () => {
    const caller = [0x22, 0x23, 0x24, 0x29, 0x34, 0x40, 0x41, 0x80, 0x82, 0x84, 0x85, 0x8a, 0x8b, 0xa0];
    for (let code = 0; code < 256; code++) expect(replyCodeErrno(code)).toBe(caller.includes(code) ? EINVAL : EAGAIN);
    const reply = encodeErrorReply(0x88, 0x84);
    expect([...reply]).toEqual([0, 0x88, 0, 0, 0x84, 0, 0, 0]);
    expect(decodeErrorReply(reply)).toEqual({ type: 0x88, code: 0x84 });
    expect(decodeRsaReply('C', reply, 128)).toEqual({ errno: EINVAL });
    expect(decodeRsaReply('A', encodeErrorReply(0x82, 0x10), 128)).toEqual({ errno: EAGAIN });
  });
});

describe('cards', () => {
  const units = new Map(['CEX8A', 'CEX8C', 'CEX8P'].map((type) => [type, unit(card(type))]));
  const answer = (type: string, message: Uint8Array): Uint8Array => jobFor(card(type), 4, message).reply(units.get(type)!);

  it.each([
    ['A', 1024],
    ['C', 1024],
    ['A', 2048],
    ['C', 2048],
    ['A', 4096],
    ['C', 4096],
  ] as const)('a card of mode %s encrypts and decrypts %i bits', (mode: RsaMode, bits) => {
    const key = rsaKey(bits);
    const plain = inputOf(bits, 77);
    const encrypted = decodeRsaReply(mode, answer(`CEX8${mode}`, encodeRsaRequest(mode, key.mex(plain), apqnOf(5, 4))), plain.length);
    if (!('output' in encrypted)) throw new Error(`expected a result, got errno ${encrypted.errno}`);
    expect(encrypted.output).not.toEqual(plain);
    const decrypted = answer(`CEX8${mode}`, encodeRsaRequest(mode, key.crt(encrypted.output), apqnOf(5, 4)));
    expect(decodeRsaReply(mode, decrypted, plain.length)).toEqual({ output: plain });
  });

  const key = rsaKey(1024);
  const good = key.mex(inputOf(1024, 1));
  const goodCrt = key.crt(inputOf(1024, 1));
  const even = key.modulus.slice();
  even[127]! &= 0xfe;
  const wrongDomain = apqnOf(5, 9);
  /** The message with another value in one byte. */
  const changed = (message: Uint8Array, at: number, value: number): Uint8Array => {
    const copy = message.slice();
    copy[at] = value;
    return copy;
  };
  // Behind header, CPRBX, rule, the block of the input and the header of the key block; its public section is 8 bytes on.
  const token = 88 + 220 + 12 + (2 + 128) + 6;

  it.each([
    ['the other family', 'A', encodeRsaRequest('C', good, 4), 0x82, 0x20],
    ['the other family', 'C', encodeRsaRequest('A', good, 4), 0x88, 0x20],
    ['any message', 'P', encodeRsaRequest('C', good, 4), 0x87, 0x20],
    ['a stump', 'A', Uint8Array.of(0), 0x82, 0x20],
    ['a type 50 stump', 'A', encodeRsaRequest('A', good, 4).subarray(0, 399), 0x82, 0x80],
    ['a type 50 of a format that there is not', 'A', changed(encodeRsaRequest('A', good, 4), 9, 4), 0x82, 0x29],
    ['a key token that is none', 'C', changed(encodeRsaRequest('C', good, 4), token, 0x1f), 0x88, 0x34],
    ['a key token without a public section', 'C', changed(encodeRsaRequest('C', good, 4), token + 8, 0x02), 0x88, 0x34],
    ['a type 6 stump', 'C', encodeRsaRequest('C', good, 4).subarray(0, 307), 0x88, 0x23],
    ['an input that is not below the modulus', 'A', encodeRsaRequest('A', key.mex(key.modulus), 4), 0x82, 0x82],
    ['an input that is not below the modulus', 'C', encodeRsaRequest('C', key.mex(key.modulus), 4), 0x88, 0x84],
    ['a crt input that is not below the modulus', 'C', encodeRsaRequest('C', key.crt(key.modulus), 4), 0x88, 0x84],
    ['an even modulus', 'A', encodeRsaRequest('A', { ...good, modulus: even }, 4), 0x82, 0x85],
    ['an even modulus', 'C', encodeRsaRequest('C', { ...good, modulus: even }, 4), 0x88, 0x85],
    ['an even factor', 'A', encodeRsaRequest('A', { ...goodCrt, p: fill(64, 2) }, 4), 0x82, 0x85],
    ['exponent 0', 'A', encodeRsaRequest('A', { ...good, exponent: fill(1, 0) }, 4), 0x82, 0x82],
    ['exponent 0', 'C', encodeRsaRequest('C', { ...good, exponent: fill(1, 0) }, 4), 0x88, 0x82],
    ['a key part 0', 'C', encodeRsaRequest('C', { ...goodCrt, dp: fill(64, 0) }, 4), 0x88, 0x82],
    ['a modulus that is too short', 'C', encodeRsaRequest('C', mex(15), 4), 0x88, 0x84],
    ['another domain', 'C', encodeRsaRequest('C', good, wrongDomain), 0x88, 0x8a],
  ])('%s is refused by mode %s', (_name, mode, message, type, code) => {
    expect(decodeErrorReply(answer(`CEX8${mode}`, message))).toEqual({ type, code });
  });

  it('a 2k accelerator refuses 4096 bits', () => {
    const small = { ...card('CEX8A'), functions: 0x0a000000 };
    const message = encodeRsaRequest('A', rsaKey(4096).mex(inputOf(4096, 1)), 4);
    expect(decodeErrorReply(jobFor(small, 4, message).reply(unit(small)))).toEqual({ type: 0x82, code: 0x84 });
  });

  it('no damaged message makes a card throw', () => {
    const prng = new Prng(11);
    const messages = (['A', 'C'] as const).flatMap((mode) =>
      [good, goodCrt, crt(127), mex(200)].map((request) => encodeRsaRequest(mode, request, 4)),
    );
    for (let round = 0; round < 4000; round++) {
      const message = prng.pick(messages).slice(0, prng.oneIn(4) ? prng.below(900) : undefined);
      for (let i = prng.below(6); i > 0 && message.length > 0; i--)
        message[prng.below(Math.min(message.length, prng.pick([20, 120, 700, 2000])))] = prng.next() & 0xff;
      for (const mode of ['A', 'C', 'P']) {
        const reply = answer(`CEX8${mode}`, message);
        expect([0x80, 0x82, 0x86, 0x87, 0x88]).toContain(reply[1]);
      }
    }
  });
});
