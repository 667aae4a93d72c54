/**
 * Goal: a card that is sent damaged messages answers well-formed replies whose results, if there are any, are right. Method: valid messages
 * with random damage; results are checked by other means than the card's.
 */
import { createCipheriv, createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toBigInt } from '../../src/crypto-adapters/big-bytes.ts';
import { ECDSA } from '../../src/crypto-adapters/ep11/ep11-ecc.ts';
import { Ep11FunctionId } from '../../src/crypto-adapters/ep11/ep11-functions.ts';
import { decodeSpki } from '../../src/crypto-adapters/ep11/spki.ts';
import { P256 } from '../../src/crypto-adapters/ecc-curves.ts';
import { ecdsaVerify } from '../../src/crypto-adapters/ecdsa.ts';
import { decodeCcaParameters } from '../../src/crypto-adapters/messages/cca-parameters.ts';
import { decodeCcaRsa } from '../../src/crypto-adapters/messages/cca-rsa.ts';
import { decodeCprbReply } from '../../src/crypto-adapters/messages/cprb-request.ts';
import { CPRBX_LENGTH, readCprbx } from '../../src/crypto-adapters/messages/cprbx.ts';
import { EP11_CPRB_LENGTH } from '../../src/crypto-adapters/messages/ep11-cprb.ts';
import { decodeEp11Payload, wordOf } from '../../src/crypto-adapters/messages/ep11-payload.ts';
import { decodeEp11Message, decodeEp11Reply } from '../../src/crypto-adapters/messages/ep11-request.ts';
import { decodeErrorReply } from '../../src/crypto-adapters/messages/error-reply.ts';
import { decodeRsaReply } from '../../src/crypto-adapters/messages/rsa-request.ts';
import type { RsaRequest } from '../../src/crypto-adapters/messages/rsa-types.ts';
import { decodeType50 } from '../../src/crypto-adapters/messages/type50.ts';
import { decodeType6 } from '../../src/crypto-adapters/messages/type6.ts';
import { inverse, modPowBigInt } from '../../src/crypto-adapters/mod-pow.ts';
import { damage, made, MODES, RUNS, UNLIMITED, type Mode } from './damaged-messages.ts';

const BUFFER = 12288;
const LARGE = { replyControlLength: 0xffffffff, replyDataLength: 0xffffffff };
const ERROR_TYPES = { A: 0x82, C: 0x88, P: 0x87 } as const;
const CODES: ReadonlySet<number> = new Set([0x20, 0x22, 0x23, 0x29, 0x34, 0x80, 0x82, 0x84, 0x85, 0x8a]);

describe('a card that is sent damaged messages', () => {
  test.each(MODES)(
    'of mode %s answers well-formed replies, and no result is wrong',
    (mode) => {
      const all = [
        ...MODES.flatMap((other) => (other === mode ? [] : made.messages[other].slice(0, 2))),
        ...made.messages[mode],
        ...made.messages[mode],
      ];
      let [results, errors] = [0, 0];
      const run = fc.property(damage(all), (message) => {
        const before = message.slice();
        const reply = made.cards[mode].send(message);
        expect(message).toEqual(before);
        const error = decodeErrorReply(reply);
        if (error === null) results += judge[mode](message, reply) ? 1 : 0;
        else {
          errors++;
          expect([reply.length, error.type, CODES.has(error.code)]).toEqual([8, ERROR_TYPES[mode], true]);
        }
      });
      fc.assert(run, { ...RUNS, numRuns: RUNS.numRuns * 5 });
      // Neither everything nor nothing was refused.
      expect(results).toBeGreaterThan(RUNS.numRuns / 4);
      expect(errors).toBeGreaterThan(RUNS.numRuns / 4);
    },
    UNLIMITED,
  );

  /** Throws when the reply is malformed or its result wrong; true when there is a result. */
  const judge: Readonly<Record<Mode, (message: Uint8Array, reply: Uint8Array) => boolean>> = {
    A(message, reply) {
      const decoded = decodeType50(message);
      if (typeof decoded === 'number') throw new Error(`expected an error reply with code ${decoded}`);
      return rightRsa(decoded.request, decodeRsaReply('A', reply, decoded.width));
    },
    C(message, reply) {
      const request = decodeType6(message);
      if (typeof request === 'number') throw new Error(`expected an error reply with code ${request}`);
      const { functionCode } = request;
      if (request.kind === 'usage' && (functionCode === 'PK' || functionCode === 'PD')) {
        const rsa = decodeCcaRsa(functionCode, request.parameters);
        if (typeof rsa === 'number') throw new Error(`expected an error reply with code ${rsa}`);
        return rightRsa(rsa, decodeRsaReply('C', reply, rsa.input.length));
      }
      return rightCca(request.parameters, reply);
    },
    P(message, reply) {
      const request = decodeEp11Message(message);
      if (typeof request === 'number') throw new Error(`expected an error reply with code ${request}`);
      const answer = decodeEp11Reply(reply, BUFFER);
      if ('errno' in answer) throw new Error(`expected a response, got errno ${answer.errno}`);
      const payload = decodeEp11Payload(answer.response.subarray(EP11_CPRB_LENGTH))!;
      expect(payload).toMatchObject({ functionId: request.payload.functionId, domain: request.payload.domain });
      const [rv, ...fields] = payload.fields;
      if (wordOf(rv) !== 0) return expect(fields).toEqual([]) !== undefined;
      return rightEp11(request.payload, fields);
    },
  };
});

/** The result to the power of the public exponent is the input again, modulo each factor. */
function rightRsa(request: RsaRequest, reply: ReturnType<typeof decodeRsaReply>): boolean {
  if (!('output' in reply)) throw new Error(`expected a result, got errno ${reply.errno}`);
  const [input, output] = [toBigInt(request.input), toBigInt(reply.output)];
  if (request.kind === 'mex') {
    expect(output).toBe(modPowBigInt(input, toBigInt(request.exponent), toBigInt(request.modulus)));
    return true;
  }
  for (const [factor, exponent] of [
    [request.p, request.dp],
    [request.q, request.dq],
  ] as const) {
    const prime = toBigInt(factor);
    expect(modPowBigInt(output, inverse(toBigInt(exponent), prime - 1n)!, prime)).toBe(input % prime);
  }
  return true;
}

function rightCca(parameters: Uint8Array, reply: Uint8Array): boolean {
  const answer = decodeCprbReply(reply, LARGE);
  if ('errno' in answer) throw new Error(`expected a CPRB, got errno ${answer.errno}`);
  const { returnCode } = readCprbx(answer.control, 0)!;
  const told = decodeCcaParameters(answer.control.subarray(CPRBX_LENGTH));
  if (typeof told === 'number') throw new Error(`expected parameters, got ${told}`);
  if (returnCode !== 0) {
    expect([told.rules, told.vud.length, told.keys, answer.data.length]).toEqual([[], 0, [], 0]);
    return false;
  }
  const asked = decodeCcaParameters(parameters);
  if (typeof asked === 'number') throw new Error(`expected an error reply with code ${asked}`);
  const { rules, vud } = asked;
  if (asked.functionCode === 'OH') {
    const algorithm = rules[0]!.trim().toLowerCase().replace('-', '');
    expect(told.vud).toEqual(new Uint8Array(createHash(algorithm).update(vud).digest()));
  }
  if (asked.functionCode === 'SE')
    expect(told.vud).toEqual(encrypted(rules[1]! === 'ECB     ' ? 'ecb' : 'cbc', vud, rules[1] === 'PKCS-PAD'));
  const point = { curve: P256, point: made.open.subarray(-65) };
  if (asked.functionCode === 'SG') expect(ecdsaVerify(P256, point.point, vud, told.vud)).toBe(true);
  if (asked.functionCode === 'SV') expect(asked.keys[0]!.token.subarray(-65)).toEqual(point.point);
  return true;
}

function encrypted(mode: 'ecb' | 'cbc', vud: Uint8Array, padded: boolean): Uint8Array {
  const ivLength = mode === 'ecb' ? 0 : 16;
  const iv = mode === 'ecb' ? null : vud.subarray(0, ivLength);
  const cipher = createCipheriv(`aes-256-${mode}`, made.aesKey, iv).setAutoPadding(padded);
  return new Uint8Array(Buffer.concat([cipher.update(vud.subarray(ivLength)), cipher.final()]));
}

function rightEp11(
  { functionId, fields: asked }: { functionId: number; fields: readonly Uint8Array[] },
  told: readonly Uint8Array[],
): boolean {
  if (functionId === Ep11FunctionId.GENERATE_RANDOM) expect(told[0]).toHaveLength(wordOf(asked[0])!);
  if (functionId === Ep11FunctionId.DIGEST_SINGLE) {
    const algorithm = { 0x220: 'sha1', 0x250: 'sha256', 0x255: 'sha224', 0x260: 'sha384', 0x270: 'sha512' }[wordOf(asked[1])!]!;
    expect(told[0]).toEqual(new Uint8Array(createHash(algorithm).update(asked[2]!).digest()));
  }
  if (functionId === Ep11FunctionId.ENCRYPT_SINGLE) {
    // Whatever was damaged, the card gets the text back.
    const back = made.cards.P.ep11(Ep11FunctionId.DECRYPT_SINGLE, asked[0]!, asked[1]!, asked[2]!, told[0]!);
    expect(back).toEqual({ rv: 0, fields: [asked[3]] });
  }
  if (functionId === Ep11FunctionId.SIGN_SINGLE && wordOf(asked[1]) === ECDSA)
    expect(ecdsaVerify(P256, decodeSpki(made.spki)!.point, asked[3]!, told[0]!)).toBe(true);
  return true;
}
