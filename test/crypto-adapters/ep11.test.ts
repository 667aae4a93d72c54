/**
 * Goal: an EP11 card answers random, digest, AES and ECC requests with right results, and refuses keys that are not its own.
 * Method: requests as zcrypt sends them, node:crypto as the second opinion, keys of other domains and of before a wrapping key change.
 */
import { createCipheriv, createHash, createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ECC_CURVES, P256, P521 } from '../../src/crypto-adapters/ecc-curves.ts';
import { Ckr } from '../../src/crypto-adapters/ep11/ckr.ts';
import { Ckm } from '../../src/crypto-adapters/ep11/ep11-aes.ts';
import { EC_KEY_PAIR_GEN, ECDSA } from '../../src/crypto-adapters/ep11/ep11-ecc.ts';
import { Ep11FunctionId as Id } from '../../src/crypto-adapters/ep11/ep11-functions.ts';
import { Cka, decodeKeyTemplate, encodeKeyTemplate } from '../../src/crypto-adapters/ep11/key-template.ts';
import { decodeErrorReply } from '../../src/crypto-adapters/messages/error-reply.ts';
import { word } from '../../src/crypto-adapters/messages/ep11-payload.ts';
import { BenchCard, damaged } from './bench-card.ts';

const bytes = (length: number, first = 0): Uint8Array => Uint8Array.from({ length }, (_, index) => (index * 7 + first) & 0xff);
const NOTHING: Uint8Array = new Uint8Array(0);
const ANY = word(0);
const IV = bytes(16, 3);
/** Encrypt, decrypt, wrap, unwrap: what the kernel asks for to take a clear key in. */
const ALL_USES = 0x6c00;
const SIGN = 0x100;
const ATTRIBUTES = new Map<number, Uint8Array>();

const mechanism = (id: number, parameter: Uint8Array = NOTHING): Uint8Array => new Uint8Array(Buffer.concat([word(id), parameter]));
const aesTemplate = (length: number, attributes = ALL_USES): Uint8Array =>
  encodeKeyTemplate({ attributes, numbers: new Map([[Cka.VALUE_LEN, length]]), strings: ATTRIBUTES });
const generate = (card: BenchCard, length = 32, attributes = ALL_USES): ReturnType<BenchCard['ep11']> =>
  card.ep11(Id.GENERATE_KEY, ANY, word(length), mechanism(Ckm.AES_KEY_GEN), aesTemplate(length, attributes), NOTHING);

function blobOf({ rv, fields }: ReturnType<BenchCard['ep11']>): Uint8Array {
  expect(rv).toBe(Ckr.OK);
  return new Uint8Array(fields[0]!);
}

const encrypt = (card: BenchCard, blob: Uint8Array, text = bytes(32)): ReturnType<BenchCard['ep11']> =>
  card.ep11(Id.ENCRYPT_SINGLE, ANY, mechanism(Ckm.AES_CBC, IV), blob, text);

describe('random and digests', () => {
  it('random bytes come as many as are asked for, and the same again from the same seed', () => {
    const [one, again] = [new BenchCard('CEX8P', { seed: 3 }), new BenchCard('CEX8P', { seed: 3 })];
    const first = one.ep11(Id.GENERATE_RANDOM, word(100));
    expect(first.fields[0]).toHaveLength(100);
    expect(one.ep11(Id.GENERATE_RANDOM, word(100))).not.toEqual(first);
    expect(again.ep11(Id.GENERATE_RANDOM, word(100))).toEqual(first);
    expect(one.ep11(Id.GENERATE_RANDOM, word(0))).toEqual({ rv: Ckr.OK, fields: [NOTHING] });
    expect(one.ep11(Id.GENERATE_RANDOM, word(12182)).fields[0]).toHaveLength(12182);
    expect(one.ep11(Id.GENERATE_RANDOM, word(12183))).toEqual({ rv: Ckr.DATA_LEN_RANGE, fields: [] });
    expect(one.ep11(Id.GENERATE_RANDOM, bytes(3)).rv).toBe(Ckr.ARGUMENTS_BAD);
  });

  it.each([
    [0x220, 'sha1'],
    [0x250, 'sha256'],
    [0x255, 'sha224'],
    [0x260, 'sha384'],
    [0x270, 'sha512'],
  ])('mechanism %i is %s', (id, algorithm) => {
    const card = new BenchCard('CEX8P');
    for (const text of [NOTHING, bytes(5000)])
      expect(card.ep11(Id.DIGEST_SINGLE, ANY, mechanism(id), text)).toEqual({
        rv: Ckr.OK,
        fields: [new Uint8Array(createHash(algorithm).update(text).digest())],
      });
    expect(card.ep11(Id.DIGEST_SINGLE, ANY, mechanism(id + 1), bytes(1)).rv).toBe(Ckr.MECHANISM_INVALID);
  });
});

describe('AES', () => {
  it.each([16, 24, 32])('a key of %i bytes that comes in as the kernel brings it encrypts what OpenSSL encrypts', (length) => {
    const card = new BenchCard('CEX8P');
    const key = bytes(length, 9);
    const wrapping = blobOf(generate(card));
    const wrapped = card.ep11(Id.ENCRYPT_SINGLE, ANY, mechanism(Ckm.AES_CBC_PAD, IV), wrapping, key).fields[0]!;
    const numbers = new Map<number, number>([
      [Cka.KEY_TYPE, 0x1f],
      [Cka.VALUE_LEN, length],
    ]);
    const template = encodeKeyTemplate({ attributes: ALL_USES, numbers, strings: ATTRIBUTES });
    expect([...template.subarray(0, 4)]).toEqual([0x10, 2, 0, 0]);
    const blob = blobOf(card.ep11(Id.UNWRAP_KEY, template, mechanism(Ckm.AES_CBC_PAD, IV), wrapping, NOTHING, NOTHING, wrapped));
    expect(Buffer.from(blob).includes(Buffer.from(key))).toBe(false);
    for (const [id, mode, padded, text] of [
      [Ckm.AES_ECB, 'ecb', false, bytes(48)],
      [Ckm.AES_CBC, 'cbc', false, bytes(48)],
      [Ckm.AES_CBC_PAD, 'cbc', true, bytes(49)],
    ] as const) {
      const iv = mode === 'ecb' ? NOTHING : IV;
      const cipher = createCipheriv(`aes-${length * 8}-${mode}`, key, mode === 'ecb' ? null : iv).setAutoPadding(padded);
      const expected = new Uint8Array(Buffer.concat([cipher.update(text), cipher.final()]));
      expect(card.ep11(Id.ENCRYPT_SINGLE, ANY, mechanism(id, iv), blob, text)).toEqual({ rv: Ckr.OK, fields: [expected] });
      expect(card.ep11(Id.DECRYPT_SINGLE, ANY, mechanism(id, iv), blob, expected)).toEqual({ rv: Ckr.OK, fields: [text] });
    }
    const short = encodeKeyTemplate({ attributes: ALL_USES, numbers: new Map([[Cka.VALUE_LEN, length]]), strings: ATTRIBUTES });
    const unwrap = (...fields: Uint8Array[]): number => card.ep11(Id.UNWRAP_KEY, ...fields).rv;
    expect(unwrap(short, mechanism(Ckm.AES_CBC_PAD, IV), wrapping, NOTHING, NOTHING, wrapped)).toBe(Ckr.TEMPLATE_INCONSISTENT);
    expect(unwrap(template, mechanism(Ckm.AES_CBC, IV), wrapping, NOTHING, NOTHING, wrapped.subarray(0, 15))).toBe(
      Ckr.ENCRYPTED_DATA_LEN_RANGE,
    );
    expect(unwrap(template, mechanism(Ckm.AES_CBC_PAD, IV), wrapping, bytes(1), NOTHING, wrapped)).toBe(Ckr.ARGUMENTS_BAD);
    expect(unwrap(template, mechanism(Ckm.AES_CBC_PAD, IV), blobOf(generate(card, 32, 0xc00)), NOTHING, NOTHING, wrapped)).toBe(
      Ckr.KEY_FUNCTION_NOT_PERMITTED,
    );
  });

  it('makes blobs as the kernel knows them, each another', () => {
    const card = new BenchCard('CEX8P');
    const blob = blobOf(generate(card, 16, 0x00200c00));
    const view = new DataView(blob.buffer);
    expect(blob).toHaveLength(256);
    expect([view.getUint16(64), view.getBigUint64(48)]).toEqual([0x1234, 0x00200c00n]);
    expect(blob.subarray(0, 32)).toEqual(new Uint8Array(32));
    const { current } = card.unit.firmware.ep11(4).info;
    expect(blob.subarray(32, 48)).toEqual('pattern' in current ? current.pattern.subarray(0, 16) : null);
    const other = blobOf(generate(card, 16, 0x00200c00));
    expect(encrypt(card, other)).not.toEqual(encrypt(card, blob));
  });

  it('refuses blobs that are damaged, whichever byte it is', () => {
    const card = new BenchCard('CEX8P');
    const blob = blobOf(generate(card));
    for (let at = 0; at < 256; at++) {
      const pattern = at >= 32 && at < 48;
      expect([at, encrypt(card, damaged(blob, at)).rv]).toEqual([at, pattern ? Ckr.IBM_WKID_MISMATCH : Ckr.IBM_BLOB_ERROR]);
    }
    for (const bad of [NOTHING, blob.subarray(1), bytes(256)]) expect(encrypt(card, bad).rv).toBe(Ckr.IBM_BLOB_ERROR);
  });

  it('refuses keys, uses, mechanisms and texts that do not fit', () => {
    const card = new BenchCard('CEX8P');
    const [blob, onlyEncrypts] = [blobOf(generate(card)), blobOf(generate(card, 32, 0x800))];
    const crypt = (id: number, ...fields: Uint8Array[]): number => card.ep11(id, ANY, ...fields).rv;
    expect(crypt(Id.DECRYPT_SINGLE, mechanism(Ckm.AES_CBC, IV), onlyEncrypts, bytes(16))).toBe(Ckr.KEY_FUNCTION_NOT_PERMITTED);
    expect(crypt(Id.ENCRYPT_SINGLE, mechanism(Ckm.AES_CBC, IV), onlyEncrypts, bytes(16))).toBe(Ckr.OK);
    expect(crypt(Id.ENCRYPT_SINGLE, mechanism(Ckm.AES_CBC), blob, bytes(16))).toBe(Ckr.MECHANISM_PARAM_INVALID);
    expect(crypt(Id.ENCRYPT_SINGLE, mechanism(Ckm.AES_ECB, IV), blob, bytes(16))).toBe(Ckr.MECHANISM_PARAM_INVALID);
    expect(crypt(Id.ENCRYPT_SINGLE, mechanism(0x1086, IV), blob, bytes(16))).toBe(Ckr.MECHANISM_INVALID);
    expect(crypt(Id.ENCRYPT_SINGLE, bytes(3), blob, bytes(16))).toBe(Ckr.ARGUMENTS_BAD);
    expect(crypt(Id.ENCRYPT_SINGLE, mechanism(Ckm.AES_CBC, IV), blob, bytes(17))).toBe(Ckr.DATA_LEN_RANGE);
    expect(crypt(Id.DECRYPT_SINGLE, mechanism(Ckm.AES_CBC_PAD, IV), blob, bytes(17))).toBe(Ckr.ENCRYPTED_DATA_LEN_RANGE);
    expect(crypt(Id.DECRYPT_SINGLE, mechanism(Ckm.AES_CBC_PAD, IV), blob, bytes(32))).toBe(Ckr.ENCRYPTED_DATA_INVALID);
    expect(crypt(Id.ENCRYPT_SINGLE, mechanism(Ckm.AES_CBC, IV), blob)).toBe(Ckr.ARGUMENTS_BAD);
    const made = (...fields: Uint8Array[]): number => card.ep11(Id.GENERATE_KEY, ANY, ...fields).rv;
    expect(made(word(20), mechanism(Ckm.AES_KEY_GEN), aesTemplate(20), NOTHING)).toBe(Ckr.KEY_SIZE_RANGE);
    expect(made(word(16), mechanism(Ckm.AES_KEY_GEN), aesTemplate(32), NOTHING)).toBe(Ckr.TEMPLATE_INCONSISTENT);
    expect(made(word(16), mechanism(Ckm.AES_CBC), aesTemplate(16), NOTHING)).toBe(Ckr.MECHANISM_INVALID);
    const empty = encodeKeyTemplate({ attributes: 0, numbers: new Map(), strings: ATTRIBUTES });
    expect(made(word(16), mechanism(Ckm.AES_KEY_GEN), empty, NOTHING)).toBe(Ckr.TEMPLATE_INCOMPLETE);
    expect(made(word(16), mechanism(Ckm.AES_KEY_GEN), bytes(9), NOTHING)).toBe(Ckr.ARGUMENTS_BAD);
  });

  it('refuses the key of another domain or of before a change of the wrapping key, and does nothing without one', () => {
    const card = new BenchCard('CEX8P', { domain: 4 });
    const blob = blobOf(generate(card));
    const expected = encrypt(card, blob);
    expect(encrypt(new BenchCard('CEX8P', { domain: 5 }), blob)).toEqual({ rv: Ckr.IBM_WKID_MISMATCH, fields: [] });
    expect(encrypt(new BenchCard('CEX7P', { domain: 4, adapter: 9 }), blob)).toEqual(expected);
    const domain = card.unit.firmware.ep11(4);
    expect([domain.commitNew(), domain.activateNew()]).toEqual([false, false]);
    domain.loadNew(bytes(32));
    expect(domain.info.new.state).toBe('uncommitted');
    expect(domain.activateNew()).toBe(false);
    expect(domain.commitNew()).toBe(true);
    expect(domain.info.new.state).toBe('committed');
    expect(encrypt(card, blob)).toEqual(expected);
    expect(domain.activateNew()).toBe(true);
    expect(domain.info).toMatchObject({ current: { state: 'valid' }, new: { state: 'empty' } });
    expect(encrypt(card, blob).rv).toBe(Ckr.IBM_WKID_MISMATCH);
    expect(encrypt(card, blobOf(generate(card))).rv).toBe(Ckr.OK);
    expect(() => domain.loadNew(bytes(31))).toThrow('32 bytes, got 31');
    domain.zeroize();
    expect(domain.info.current.state).toBe('invalid');
    expect([generate(card).rv, encrypt(card, blob).rv]).toEqual([Ckr.IBM_WK_NOT_INITIALIZED, Ckr.IBM_WK_NOT_INITIALIZED]);
  });
});

describe('ECC', () => {
  const template = (attributes: number, oid?: Uint8Array): Uint8Array =>
    encodeKeyTemplate({ attributes, numbers: new Map(), strings: oid === undefined ? ATTRIBUTES : new Map([[Cka.EC_PARAMS, oid]]) });
  const pair = (card: BenchCard, oid: Uint8Array | undefined, attributes = SIGN): ReturnType<BenchCard['ep11']> =>
    card.ep11(Id.GENERATE_KEY_PAIR, ANY, ANY, mechanism(EC_KEY_PAIR_GEN), template(0x8000, oid), template(attributes), NOTHING);
  const hash = new Uint8Array(createHash('sha256').update('text').digest());
  const TEXT = new Uint8Array(Buffer.from('text'));

  it.each(ECC_CURVES.map((curve) => [curve.bits, curve] as const))(
    'P-%i: OpenSSL and the card verify what the card signs',
    (_bits, curve) => {
      const card = new BenchCard('CEX8P');
      const { rv, fields } = pair(card, curve.oid);
      expect(rv).toBe(Ckr.OK);
      const [blob, spki] = fields.map((field) => new Uint8Array(field)) as [Uint8Array, Uint8Array];
      const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
      for (const [id, data] of [
        [ECDSA, hash],
        [0x1044, TEXT],
      ] as const) {
        const signature = card.ep11(Id.SIGN_SINGLE, ANY, mechanism(id), blob, data).fields[0]!;
        expect(verify('sha256', TEXT, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
        const check = (text: Uint8Array, sig: Uint8Array, publicKey = spki): number =>
          card.ep11(Id.VERIFY_SINGLE, mechanism(id), publicKey, text, sig).rv;
        expect(check(data, signature)).toBe(Ckr.OK);
        expect(check(damaged(data, 1), signature)).toBe(Ckr.SIGNATURE_INVALID);
        expect(check(data, damaged(signature, 7))).toBe(Ckr.SIGNATURE_INVALID);
        expect(check(data, signature.subarray(1))).toBe(Ckr.SIGNATURE_LEN_RANGE);
        expect(check(data, signature, damaged(spki, spki.length - 1))).toBe(Ckr.KEY_TYPE_INCONSISTENT);
      }
    },
  );

  it('refuses what does not fit', () => {
    const card = new BenchCard('CEX8P');
    expect(pair(card, undefined).rv).toBe(Ckr.TEMPLATE_INCOMPLETE);
    expect(pair(card, damaged(P256.oid, 9)).rv).toBe(Ckr.CURVE_NOT_SUPPORTED);
    const blob = blobOf(pair(card, P521.oid));
    const aes = blobOf(generate(card));
    const useless = blobOf(pair(card, P256.oid, 0x400));
    const sign = (...fields: Uint8Array[]): number => card.ep11(Id.SIGN_SINGLE, ANY, ...fields).rv;
    expect(sign(mechanism(ECDSA), aes, hash)).toBe(Ckr.KEY_TYPE_INCONSISTENT);
    expect(encrypt(card, blob).rv).toBe(Ckr.KEY_TYPE_INCONSISTENT);
    expect(sign(mechanism(ECDSA), useless, hash)).toBe(Ckr.KEY_FUNCTION_NOT_PERMITTED);
    expect(sign(mechanism(0x1050), blob, hash)).toBe(Ckr.MECHANISM_INVALID);
    expect(sign(mechanism(ECDSA), blob, bytes(65))).toBe(Ckr.DATA_LEN_RANGE);
    expect(sign(mechanism(ECDSA), damaged(blob, 100), hash)).toBe(Ckr.IBM_BLOB_ERROR);
    expect(new BenchCard('CEX8P', { domain: 9 }).ep11(Id.SIGN_SINGLE, ANY, mechanism(ECDSA), blob, hash).rv).toBe(Ckr.IBM_WKID_MISMATCH);
  });
});

describe('templates', () => {
  it('round trip, and are refused when anything is missing or left over', () => {
    const template = { attributes: 0x80000c00, numbers: new Map([[Cka.VALUE_LEN, 16]]), strings: new Map([[Cka.EC_PARAMS, bytes(5)]]) };
    const encoded = encodeKeyTemplate(template);
    expect([...encoded.subarray(0, 4)]).toEqual([0x10, 1, 0, 1]);
    expect(decodeKeyTemplate(encoded)).toEqual(template);
    for (let length = 0; length < encoded.length; length++) expect(decodeKeyTemplate(encoded.subarray(0, length))).toBeNull();
    expect(decodeKeyTemplate(Uint8Array.from([...encoded, 0]))).toBeNull();
  });
});

describe('requests that no function answers', () => {
  const card = new BenchCard('CEX8P');

  it('unknown functions and newer interfaces than that of the card', () => {
    expect(card.ep11(99, ANY).rv).toBe(Ckr.FUNCTION_NOT_SUPPORTED);
    const old = new BenchCard('CEX4P');
    expect(old.ep11(Id.GENERATE_RANDOM, word(1)).rv).toBe(Ckr.OK);
    const reply = old.send(old.ep11Message(Id.GENERATE_RANDOM, [word(1)], { api: 2 }));
    expect(Buffer.from(reply).includes(Buffer.from(word(Ckr.FUNCTION_NOT_SUPPORTED)))).toBe(true);
  });

  it('another family, another domain, two domains at once', () => {
    expect(decodeErrorReply(card.send(new BenchCard('CEX8C').ccaMessage('OH', {})))).toEqual({ type: 0x87, code: 0x20 });
    const message = card.ep11Message(Id.GENERATE_RANDOM, [word(1)]);
    expect(decodeErrorReply(card.send(damaged(message, 88 + 15)))).toEqual({ type: 0x87, code: 0x8a });
    const payloadDomain = 88 + 32 + 4 + 6 + 5;
    expect(decodeErrorReply(card.send(damaged(message, payloadDomain)))).toEqual({ type: 0x87, code: 0x8a });
  });

  it('administration, wherever it goes', () => {
    const message = damaged(card.ep11Message(41, [], { flags: 0x80 }), 88 + 15);
    expect(Buffer.from(card.send(message)).includes(Buffer.from(word(Ckr.FUNCTION_NOT_SUPPORTED)))).toBe(true);
  });
});
