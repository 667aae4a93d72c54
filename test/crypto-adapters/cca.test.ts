/**
 * Goal: a CCA card answers facility queries, random, hash, AES and ECC requests with right results, and refuses keys that are not its own.
 * Method: requests as zcrypt sends them, node:crypto as the second opinion, keys of other domains and of before a master key change.
 */
import { createCipheriv, createHash, verify, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { jobFor } from '../../src/crypto-adapters/card-job.ts';
import type { CcaDomain } from '../../src/crypto-adapters/cca/cca-domain.ts';
import { ECC_CURVES } from '../../src/crypto-adapters/ecc-curves.ts';
import { encodeSpki } from '../../src/crypto-adapters/ep11/spki.ts';
import { decodeErrorReply } from '../../src/crypto-adapters/messages/error-reply.ts';
import { decodeRngReply, encodeRngRequest } from '../../src/crypto-adapters/messages/rng.ts';
import { BenchCard, damaged, type CcaTold } from './bench-card.ts';

const bytes = (length: number, first = 0): Uint8Array => Uint8Array.from({ length }, (_, index) => (index * 7 + first) & 0xff);
const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const OK = [0, 0];
const OLD_MASTER_KEY = [0, 10001];
const UNKNOWN_MASTER_KEY = [8, 48];
const AES = 'AES     ';
const ECDSA = 'ECDSA   ';
const KEY_WANTED = { keys: [new Uint8Array(64)], attributes: [0x30] };

const tokenOf = (told: CcaTold): Uint8Array => {
  expect(told.code).toEqual(OK);
  return new Uint8Array(told.keys[0]!.token);
};
const imported = (card: BenchCard, key: Uint8Array): Uint8Array => tokenOf(card.cca('CM', { rules: [AES], vud: key }));
const generated = (card: BenchCard, length = 'KEYLN32 '): Uint8Array =>
  tokenOf(card.cca('KG', { vud: ascii(`OP      ${length}AESDATA         `), ...KEY_WANTED }));
const encipher = (card: BenchCard, token: Uint8Array, text = bytes(32)): CcaTold =>
  card.cca('SE', { rules: [AES, 'CBC     '], vud: Buffer.concat([bytes(16, 3), text]), keys: [token] });

/** Another master key, as an administrator would load it. */
function change(domain: CcaDomain, name: 'aes' | 'apka', value: number): void {
  expect(domain[name].load('first', bytes(32, value))).toBe(true);
  expect(domain[name].load('last', bytes(32, value + 1))).toBe(true);
  expect(domain[name].set()).toBe(true);
}

describe('random numbers', () => {
  it('come as many as are asked for, never the same, and the same again from the same seed', () => {
    const [one, again] = [new BenchCard('CEX8C', { seed: 7 }), new BenchCard('CEX8C', { seed: 7 })];
    const draw = (card: BenchCard, length?: number): Uint8Array => {
      const reply = decodeRngReply(card.send(encodeRngRequest(4, length)), length);
      if (!('data' in reply)) throw new Error(`expected bytes, got errno ${reply.errno}`);
      return reply.data;
    };
    const first = draw(one);
    expect(first).toHaveLength(4096);
    const second = draw(one, 100);
    expect(second).toHaveLength(100);
    expect(second).not.toEqual(first.subarray(0, 100));
    expect(draw(again)).toEqual(first);
    expect(draw(again, 100)).toEqual(second);
    for (const other of [{ seed: 8 }, { seed: 7, adapter: 6 }]) expect(draw(new BenchCard('CEX8C', other))).not.toEqual(first);
    // Every byte value turns up, none of them in a third of all places.
    const counts = new Map<number, number>();
    for (const byte of first) counts.set(byte, (counts.get(byte) ?? 0) + 1);
    expect(counts.size).toBe(256);
    expect(Math.max(...counts.values())).toBeLessThan(64);
  });

  it('are never more than a message takes', () => {
    const card = new BenchCard('CEX8C');
    const reply = card.send(encodeRngRequest(4, 60_000));
    expect(reply.length).toBeLessThanOrEqual(12288);
    expect(decodeRngReply(reply, 60_000)).toHaveProperty('data');
  });

  it('of two domains have nothing in common', () => {
    const [a, b] = [new BenchCard('CEX8C', { domain: 4 }), new BenchCard('CEX8C', { domain: 5 })];
    expect(a.send(encodeRngRequest(4, 64)).subarray(-64)).not.toEqual(b.send(encodeRngRequest(5, 64)).subarray(-64));
  });
});

describe('hashes', () => {
  const card = new BenchCard('CEX8C');

  it.each([
    ['SHA-1   ', 'sha1'],
    ['SHA-224 ', 'sha224'],
    ['SHA-256 ', 'sha256'],
    ['SHA-384 ', 'sha384'],
    ['SHA-512 ', 'sha512'],
  ])('%s is the hash that OpenSSL gives', (rule, algorithm) => {
    for (const text of [new Uint8Array(0), bytes(1), bytes(4000)]) {
      const expected = new Uint8Array(createHash(algorithm).update(text).digest());
      for (const rules of [[rule], [rule, 'ONLY    ']])
        expect(card.cca('OH', { rules, vud: text })).toMatchObject({ code: OK, vud: expected });
    }
  });

  it.each([
    [[], [8, 35]],
    [
      ['SHA-256 ', 'ONLY    ', 'ONLY    '],
      [8, 35],
    ],
    [['MD4     '], [8, 33]],
    [
      ['SHA-256 ', 'FIRST   '],
      [8, 34],
    ],
  ])('rules %j are refused', (rules, code) => {
    expect(card.cca('OH', { rules, vud: bytes(3) })).toMatchObject({ code, vud: new Uint8Array(0) });
  });
});

describe('AES', () => {
  it.each([16, 24, 32])('a clear key of %i bytes enciphers what OpenSSL enciphers, and deciphers it', (length) => {
    const card = new BenchCard('CEX8C');
    const key = bytes(length, 9);
    const token = imported(card, key);
    expect(token).toHaveLength(64);
    expect([token[0], token[4], ...token.subarray(56, 60)]).toEqual([1, 4, (length * 8) >> 8, (length * 8) & 0xff, 0, 32]);
    expect(Buffer.from(token).includes(Buffer.from(key))).toBe(false);
    for (const [rule, mode, padded, text] of [
      ['ECB     ', 'ecb', false, bytes(48)],
      ['CBC     ', 'cbc', false, bytes(48)],
      ['PKCS-PAD', 'cbc', true, bytes(49)],
      ['PKCS-PAD', 'cbc', true, new Uint8Array(0)],
    ] as const) {
      const iv = mode === 'ecb' ? new Uint8Array(0) : bytes(16, 5);
      const cipher = createCipheriv(`aes-${length * 8}-${mode}`, key, mode === 'ecb' ? null : iv).setAutoPadding(padded);
      const expected = new Uint8Array(Buffer.concat([cipher.update(text), cipher.final()]));
      expect(card.cca('SE', { rules: [AES, rule], vud: Buffer.concat([iv, text]), keys: [token] })).toMatchObject({
        code: OK,
        vud: expected,
      });
      const back = card.cca('SD', { rules: [AES, rule], vud: Buffer.concat([iv, expected]), keys: [token] });
      expect(back).toMatchObject({ code: OK, vud: text });
    }
  });

  it.each([
    ['KEYLN16 ', 128],
    ['KEYLN24 ', 192],
    ['KEYLN32 ', 256],
  ])('makes keys: %s', (length, bits) => {
    const card = new BenchCard('CEX8C');
    const [one, two] = [generated(card, length), generated(card, length)];
    expect(new DataView(one.buffer).getUint16(56)).toBe(bits);
    expect(one).not.toEqual(two);
    const [first, second] = [encipher(card, one), encipher(card, two)];
    expect(first.code).toEqual(OK);
    expect(first.vud).not.toEqual(second.vud);
  });

  it('refuses wrong forms, lengths, modes and texts', () => {
    const card = new BenchCard('CEX8C');
    const token = imported(card, bytes(16));
    const code = (functionCode: string, ask: Parameters<BenchCard['cca']>[1]): readonly number[] => card.cca(functionCode, ask).code;
    expect(code('KG', { vud: ascii('EX      KEYLN32 AESDATA         '), ...KEY_WANTED })).toEqual([8, 41]);
    expect(code('KG', { vud: ascii('OP      KEYLN40 AESDATA         '), ...KEY_WANTED })).toEqual([8, 43]);
    expect(code('KG', { vud: ascii('OP      KEYLN32 DESDATA         '), ...KEY_WANTED })).toEqual([8, 33]);
    expect(code('KG', { vud: ascii('OP      KEYLN32 AESDATA '), ...KEY_WANTED })).toEqual([8, 72]);
    expect(code('KG', { vud: ascii('OP      KEYLN32 AESDATA         ') })).toEqual([8, 47]);
    expect(code('CM', { rules: [AES], vud: bytes(20) })).toEqual([8, 43]);
    expect(code('CM', { rules: ['DES     '], vud: bytes(16) })).toEqual([8, 33]);
    expect(code('SE', { rules: [AES], vud: bytes(32), keys: [token] })).toEqual([8, 35]);
    expect(code('SE', { rules: [AES, 'CBC     '], vud: bytes(32) })).toEqual([8, 35]);
    expect(code('SE', { rules: [AES, 'CTR     '], vud: bytes(32), keys: [token] })).toEqual([8, 33]);
    expect(code('SE', { rules: [AES, 'CBC     '], vud: bytes(15), keys: [token] })).toEqual([8, 72]);
    expect(code('SE', { rules: [AES, 'CBC     '], vud: bytes(33), keys: [token] })).toEqual([8, 25]);
    expect(code('SD', { rules: [AES, 'PKCS-PAD'], vud: bytes(32), keys: [imported(card, bytes(16, 77))] })).toEqual([8, 25]);
  });

  it('refuses tokens that are damaged, whichever byte it is', () => {
    const card = new BenchCard('CEX8C');
    const token = imported(card, bytes(16));
    const codes = new Map<string, number>();
    for (let at = 0; at < 64; at++) {
      const { code, vud } = encipher(card, damaged(token, at));
      expect(code[0]).toBe(8);
      expect(vud).toHaveLength(0);
      codes.set(code.join(), (codes.get(code.join()) ?? 0) + 1);
    }
    // Type, version, and everything else by the validation value.
    expect(Object.fromEntries(codes)).toEqual({ '8,31': 1, '8,49': 1, '8,29': 62 });
    for (const bad of [new Uint8Array(0), token.subarray(1), bytes(64)]) expect(encipher(card, bad).code).toEqual([8, 31]);
  });

  it('refuses the key of another domain, which works on another card in its own domain', () => {
    const card = new BenchCard('CEX8C', { domain: 4 });
    const token = generated(card);
    const expected = encipher(card, token);
    expect(encipher(new BenchCard('CEX8C', { domain: 5 }), token)).toMatchObject({ code: UNKNOWN_MASTER_KEY, vud: new Uint8Array(0) });
    expect(encipher(new BenchCard('CEX8C', { domain: 4, seed: 2 }), token).code).toEqual(UNKNOWN_MASTER_KEY);
    expect(encipher(new BenchCard('CEX7C', { domain: 4, adapter: 9 }), token)).toEqual(expected);
  });

  it('tells of a key under the old master key, and refuses it after the next change', () => {
    const card = new BenchCard('CEX8C');
    const domain = card.unit.firmware.cca(4);
    const token = imported(card, bytes(24));
    const { vud } = encipher(card, token);
    change(domain, 'aes', 1);
    expect(encipher(card, token)).toMatchObject({ code: OLD_MASTER_KEY, vud });
    const renewed = imported(card, bytes(24));
    expect(renewed).not.toEqual(token);
    expect(encipher(card, renewed)).toMatchObject({ code: OK, vud });
    change(domain, 'aes', 2);
    expect(encipher(card, token).code).toEqual(UNKNOWN_MASTER_KEY);
    expect(encipher(card, renewed).code).toEqual(OLD_MASTER_KEY);
    domain.aes.clearOld();
    expect(encipher(card, renewed).code).toEqual(UNKNOWN_MASTER_KEY);
  });
});

describe('ECC', () => {
  const hash = new Uint8Array(createHash('sha256').update('text').digest());
  const prime = (bits: number): Uint8Array => Uint8Array.of(bits >> 8, bits & 0xff);
  const counted = (...parts: Uint8Array[]): Uint8Array => Buffer.concat(parts.flatMap((part) => [prime(part.length + 2), part]));
  const keyPair = (card: BenchCard, bits: number): [Uint8Array, Uint8Array] => {
    const told = card.cca('PG', { rules: ['MASTER  '], vud: prime(bits) });
    expect(told.code).toEqual(OK);
    return told.keys.map(({ token }) => new Uint8Array(token)) as [Uint8Array, Uint8Array];
  };
  const signature = (card: BenchCard, token: Uint8Array): CcaTold => card.cca('SG', { rules: [ECDSA], vud: hash, keys: [token] });

  it.each(ECC_CURVES.map((curve) => [curve.bits, curve] as const))(
    'P-%i: OpenSSL and the card verify what the card signs',
    (bits, curve) => {
      const card = new BenchCard('CEX8C');
      const [own, open] = keyPair(card, bits);
      expect([own[0], own[8], open[0], open[8]]).toEqual([0x1f, 0x20, 0x1e, 0x21]);
      const { code, vud } = signature(card, own);
      expect(code).toEqual(OK);
      const key = createPublicKey({
        key: Buffer.from(encodeSpki(curve, open.subarray(-1 - 2 * curve.bytes))),
        format: 'der',
        type: 'spki',
      });
      expect(verify('sha256', Buffer.from('text'), { key, dsaEncoding: 'ieee-p1363' }, vud)).toBe(true);
      for (const token of [own, open]) expect(card.cca('SV', { rules: [ECDSA], vud: counted(hash, vud), keys: [token] }).code).toEqual(OK);
      const wrong = card.cca('SV', { rules: [ECDSA], vud: counted(damaged(hash, 5), vud), keys: [open] });
      expect(wrong.code).toEqual([4, 429]);
      const other = keyPair(card, bits)[1];
      expect(card.cca('SV', { rules: [ECDSA], vud: counted(hash, vud), keys: [other] }).code).toEqual([4, 429]);
    },
  );

  it('refuses damaged private keys, whichever byte it is, and never signs with another', () => {
    const card = new BenchCard('CEX8C');
    const [own] = keyPair(card, 256);
    const privateEnd = 8 + new DataView(own.buffer).getUint16(10);
    const expected = signature(card, own).vud;
    for (let at = 0; at < privateEnd; at++) {
      const told = signature(card, damaged(own, at));
      // Reserved bytes of the header are not looked at.
      if (told.code[0] === 0) expect([at, told.vud]).toEqual([at, expected]);
      else expect(told).toMatchObject({ code: [8, expect.any(Number)], vud: new Uint8Array(0) });
      expect(told.code[0] === 0).toBe(at === 1 || (at >= 4 && at < 8));
    }
  });

  it('refuses lengths, rules and keys that are none', () => {
    const card = new BenchCard('CEX8C');
    const [own, open] = keyPair(card, 256);
    const code = (functionCode: string, ask: Parameters<BenchCard['cca']>[1]): readonly number[] => card.cca(functionCode, ask).code;
    expect(code('PG', { vud: prime(255) })).toEqual([8, 43]);
    expect(code('PG', { vud: bytes(3) })).toEqual([8, 72]);
    expect(code('PG', { rules: ['RETAIN  '], vud: prime(256) })).toEqual([8, 33]);
    expect(code('PG', { rules: ['MASTER  ', 'MASTER  '], vud: prime(256) })).toEqual([8, 35]);
    expect(code('SG', { rules: [ECDSA], vud: bytes(31), keys: [own] })).toEqual([8, 72]);
    expect(code('SG', { rules: ['PKCS-1.1'], vud: hash, keys: [own] })).toEqual([8, 33]);
    expect(code('SG', { rules: [ECDSA], vud: hash })).toEqual([8, 35]);
    expect(code('SG', { rules: [ECDSA], vud: hash, keys: [open] })).toEqual([8, 770]);
    for (const vud of [new Uint8Array(0), hash, counted(hash), counted(hash, bytes(64), bytes(1)), counted(bytes(10), bytes(64))])
      expect(code('SV', { rules: [ECDSA], vud, keys: [open] })).toEqual([8, 72]);
    for (const bad of [new Uint8Array(0), bytes(100), open.subarray(1), damaged(open, open.length - 1)])
      expect(code('SV', { rules: [ECDSA], vud: counted(hash, bytes(64)), keys: [bad] })).toEqual([8, 770]);
  });

  it('needs the APKA master key: another domain, an old one, a changed one, none', () => {
    const card = new BenchCard('CEX8C');
    const [own] = keyPair(card, 384);
    const { vud } = signature(card, own);
    expect(signature(new BenchCard('CEX8C', { domain: 5 }), own).code).toEqual(UNKNOWN_MASTER_KEY);
    const domain = card.unit.firmware.cca(4);
    change(domain, 'aes', 1);
    expect(signature(card, own)).toMatchObject({ code: OK, vud });
    change(domain, 'apka', 1);
    expect(signature(card, own)).toMatchObject({ code: OLD_MASTER_KEY, vud });
    change(domain, 'apka', 2);
    expect(signature(card, own).code).toEqual(UNKNOWN_MASTER_KEY);
  });
});

describe('master key registers', () => {
  it('are filled part by part, in order', () => {
    const { aes } = new BenchCard('CEX8C').unit.firmware.cca(4);
    const states = (): string => [aes.statuses.new, aes.statuses.current, aes.statuses.old].map(({ state }) => state).join('');
    const before = aes.statuses.current.pattern;
    expect(states()).toBe('121');
    expect([aes.load('middle', bytes(32)), aes.load('last', bytes(32)), aes.set()]).toEqual([false, false, false]);
    expect(aes.load('first', bytes(32))).toBe(true);
    expect(states()).toBe('221');
    expect([aes.load('first', bytes(32)), aes.set()]).toEqual([false, false]);
    expect(aes.load('middle', bytes(32, 1))).toBe(true);
    expect(aes.load('last', bytes(32, 2))).toBe(true);
    expect(states()).toBe('321');
    expect([aes.load('middle', bytes(32)), aes.load('first', bytes(32))]).toEqual([false, false]);
    const next = aes.statuses.new.pattern;
    const sum = bytes(32).map((byte, index) => byte ^ bytes(32, 1)[index]! ^ bytes(32, 2)[index]!);
    expect(next).toEqual(new Uint8Array(createHash('sha256').update(sum).digest().subarray(0, 8)));
    expect(aes.set()).toBe(true);
    expect(states()).toBe('122');
    expect([aes.statuses.current.pattern, aes.statuses.old.pattern]).toEqual([next, before]);
    expect(() => aes.load('first', bytes(31))).toThrow('32 bytes, got 31');
    expect(aes.load('first', bytes(32))).toBe(true);
    aes.clearNew();
    expect(states()).toBe('122');
  });
});

describe('requests that no function answers', () => {
  const card = new BenchCard('CEX8C');
  const errorOf = (message: Uint8Array): ReturnType<typeof decodeErrorReply> => decodeErrorReply(card.send(message));

  it('an unknown function code, or another one in the parameters', () => {
    expect(errorOf(card.ccaMessage('ZZ', {}))).toEqual({ type: 0x88, code: 0x22 });
    const message = card.ccaMessage('OH', { rules: ['SHA-256 '] });
    message[52] = 0x5a;
    expect(errorOf(message)).toEqual({ type: 0x88, code: 0x22 });
  });

  it('another agent, another family, another domain', () => {
    const message = card.ccaMessage('OH', { rules: ['SHA-256 '] });
    expect(errorOf(damaged(message, 32))).toEqual({ type: 0x88, code: 0x20 });
    expect(errorOf(damaged(message, 88 + 171))).toEqual({ type: 0x88, code: 0x8a });
    expect(errorOf(new BenchCard('CEX8P').ep11Message(4, []))).toEqual({ type: 0x88, code: 0x20 });
  });

  it('neither usage nor administration', () => {
    for (const functionId of ['T4', 'T8', 'xx'])
      expect(errorOf(card.ccaMessage('OH', { functionId, rules: ['SHA-256 '] }))).toEqual({ type: 0x88, code: 0x22 });
  });

  it('administration, wherever it goes', () => {
    for (const functionId of ['T3', 'T5', 'T6', 'T7']) expect(card.cca('OH', { functionId, rules: ['SHA-256 '] }).code).toEqual([8, 90]);
    const message = damaged(card.ccaMessage('OH', { functionId: 'T5' }), 88 + 171);
    expect(jobFor(card.type, 4, message).reply(card.unit)[1]).toBe(0x86);
  });
});
