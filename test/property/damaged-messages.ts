/**
 * Messages that cards of each mode answer, and damage to them. APEMU_FUZZ_CODECS sets how many are tried, APEMU_FUZZ_SEED which.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { apqnOf } from '../../src/base/apqn.ts';
import { ECDSA } from '../../src/crypto-adapters/ep11/ep11-ecc.ts';
import { Ckm } from '../../src/crypto-adapters/ep11/ep11-aes.ts';
import { Ep11FunctionId } from '../../src/crypto-adapters/ep11/ep11-functions.ts';
import { Cka, encodeKeyTemplate } from '../../src/crypto-adapters/ep11/key-template.ts';
import { P256 } from '../../src/crypto-adapters/ecc-curves.ts';
import { word } from '../../src/crypto-adapters/messages/ep11-payload.ts';
import { encodeRngRequest } from '../../src/crypto-adapters/messages/rng.ts';
import { encodeRsaRequest } from '../../src/crypto-adapters/messages/rsa-request.ts';
import type { RsaRequest } from '../../src/crypto-adapters/messages/rsa-types.ts';
import { BenchCard } from '../crypto-adapters/bench-card.ts';
import { inputOf, rsaKey } from '../crypto-adapters/hardware.ts';

export const RUNS = { numRuns: Number(process.env['APEMU_FUZZ_CODECS'] ?? 400), seed: Number(process.env['APEMU_FUZZ_SEED'] ?? 20) };
export const UNLIMITED = 0;
const DOMAIN = 4;
const APQN = apqnOf(5, DOMAIN);
const u8 = fc.integer({ min: 0, max: 0xff });
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });

export const MODES = ['A', 'C', 'P'] as const;
export type Mode = (typeof MODES)[number];

export interface Bench {
  readonly cards: Readonly<Record<Mode, BenchCard>>;
  readonly messages: Readonly<Record<Mode, readonly Uint8Array[]>>;
  /** Of the message `SE`. */
  readonly aesKey: Uint8Array;
  /** Public keys to the private ones in `SG`, `SV` and in SignSingle, VerifySingle. */
  readonly open: Uint8Array;
  readonly spki: Uint8Array;
}

/** Messages of every kind that a card would answer, by mode, and what else is needed to judge the answers. */
function makeMessages(): Bench {
  const cards = { A: new BenchCard('CEX8A'), C: new BenchCard('CEX8C'), P: new BenchCard('CEX8P') };
  const { C: cca, P: ep11 } = cards;
  const key = rsaKey(512);
  const rsa: readonly RsaRequest[] = [key.mex(inputOf(512, 1)), key.crt(inputOf(512, 2)), rsaKey(1024).crt(inputOf(1024, 3))];
  const aesKey = new Uint8Array(32).fill(0x5a);
  const token = cca.cca('CM', { rules: ['AES     '], vud: aesKey }).keys[0]!.token;
  const [own, open] = cca.cca('PG', { vud: Uint8Array.of(1, 0) }).keys.map((it) => it.token) as [Uint8Array, Uint8Array];
  const hash = createHash('sha256').update('x').digest();
  const signature = cca.cca('SG', { rules: ['ECDSA   '], vud: hash, keys: [own] }).vud;
  const any = word(0);
  const template = (attributes: number, length: number): Uint8Array =>
    encodeKeyTemplate({ attributes, numbers: new Map([[Cka.VALUE_LEN, length]]), strings: new Map() });
  const generate = [any, word(32), word(Ckm.AES_KEY_GEN), template(0x6c00, 32), new Uint8Array(0)];
  const blob = ep11.ep11(Ep11FunctionId.GENERATE_KEY, ...generate).fields[0]!;
  const ecTemplate = encodeKeyTemplate({ attributes: 0x100, numbers: new Map(), strings: new Map([[Cka.EC_PARAMS, P256.oid]]) });
  const pair = [any, any, word(0x1040), ecTemplate, ecTemplate, new Uint8Array(0)];
  const [ecBlob, spki] = ep11.ep11(Ep11FunctionId.GENERATE_KEY_PAIR, ...pair).fields as [Uint8Array, Uint8Array];
  const mechanism = Buffer.concat([word(Ckm.AES_CBC), new Uint8Array(16).fill(3)]);
  const messages = {
    A: rsa.map((request) => encodeRsaRequest('A', request, APQN)),
    C: [
      ...rsa.map((request) => encodeRsaRequest('C', request, APQN)),
      encodeRngRequest(DOMAIN, 64),
      cca.ccaMessage('FQ', { rules: ['STATICSA'] }),
      cca.ccaMessage('OH', { rules: ['SHA-256 '], vud: new Uint8Array(40) }),
      cca.ccaMessage('CM', { rules: ['AES     '], vud: aesKey }),
      cca.ccaMessage('SE', { rules: ['AES     ', 'CBC     '], vud: new Uint8Array(48), keys: [token] }),
      cca.ccaMessage('SG', { rules: ['ECDSA   '], vud: hash, keys: [own] }),
      cca.ccaMessage('SV', {
        rules: ['ECDSA   '],
        vud: Buffer.concat([Uint8Array.of(0, 34), hash, Uint8Array.of(0, 66), signature]),
        keys: [open],
      }),
    ],
    P: [
      ep11.ep11Message(Ep11FunctionId.GENERATE_RANDOM, [word(50)]),
      ep11.ep11Message(Ep11FunctionId.DIGEST_SINGLE, [any, word(0x250), new Uint8Array(40)]),
      ep11.ep11Message(Ep11FunctionId.GENERATE_KEY, generate),
      ep11.ep11Message(Ep11FunctionId.ENCRYPT_SINGLE, [any, mechanism, blob, new Uint8Array(32)]),
      ep11.ep11Message(Ep11FunctionId.SIGN_SINGLE, [any, word(ECDSA), ecBlob, hash]),
      ep11.ep11Message(Ep11FunctionId.VERIFY_SINGLE, [word(ECDSA), spki, hash, signature]),
      ep11.ep11Message(38, [word(1), word(0)]),
    ],
  };
  return { cards, messages, aesKey, open, spki };
}

export const made = makeMessages();

/** A message with some bytes changed, most of them near its start, perhaps cut or with something behind it. */
export const damage = (messages: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc
    .record({
      message: fc.constantFrom(...messages),
      changes: fc.array(fc.tuple(fc.oneof(fc.nat(400), fc.nat(2000)), fc.oneof(u8, fc.constantFrom(0, 1, 0x7f, 0x80, 0xff))), {
        maxLength: 4,
      }),
      cut: fc.option(fc.nat(2000), { freq: 6 }),
      tail: fc.oneof({ weight: 5, arbitrary: fc.constant(new Uint8Array(0)) }, { weight: 1, arbitrary: bytes(9) }),
    })
    .map(({ message, changes, cut, tail }) => {
      const copy = new Uint8Array(Buffer.concat([message.subarray(0, cut ?? undefined), tail]));
      for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
      return copy;
    });
