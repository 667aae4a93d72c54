/**
 * Goal: codecs lose nothing, decoders take any bytes and look at nothing else. Method: generated values, bytes and damaged messages.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeKeyTemplate, encodeKeyTemplate } from '../../src/crypto-adapters/ep11/key-template.ts';
import { decodeSpki } from '../../src/crypto-adapters/ep11/spki.ts';
import { readPublic } from '../../src/crypto-adapters/cca/ecc-token.ts';
import { decodeCcaParameters, encodeCcaParameters } from '../../src/crypto-adapters/messages/cca-parameters.ts';
import { decodeCcaRsa } from '../../src/crypto-adapters/messages/cca-rsa.ts';
import { facilityReply, parseFacilityReply } from '../../src/crypto-adapters/messages/cca-facility.ts';
import { decodeCprbReply } from '../../src/crypto-adapters/messages/cprb-request.ts';
import { CPRBX_LENGTH, readCprbx, writeCprbx } from '../../src/crypto-adapters/messages/cprbx.ts';
import { EP11_CPRB_LENGTH, readEp11Cprb, writeEp11Cprb } from '../../src/crypto-adapters/messages/ep11-cprb.ts';
import { decodeEp11Payload, encodeEp11Payload } from '../../src/crypto-adapters/messages/ep11-payload.ts';
import { parseDomainInfo, parseModuleInfo } from '../../src/crypto-adapters/messages/ep11-query.ts';
import { decodeEp11Message, decodeEp11Reply, encodeEp11Request } from '../../src/crypto-adapters/messages/ep11-request.ts';
import { decodeErrorReply } from '../../src/crypto-adapters/messages/error-reply.ts';
import { decodeRngReply } from '../../src/crypto-adapters/messages/rng.ts';
import { decodeRsaReply } from '../../src/crypto-adapters/messages/rsa-request.ts';
import { decodeType50 } from '../../src/crypto-adapters/messages/type50.ts';
import { decodeType6 } from '../../src/crypto-adapters/messages/type6.ts';
import { readType6Header, TYPE6_HEADER, writeType6Header } from '../../src/crypto-adapters/messages/type6-header.ts';
import { encodeType86Blocks, readType86Header, type86Block } from '../../src/crypto-adapters/messages/type86-blocks.ts';
import { damage, made, MODES, RUNS, UNLIMITED } from './damaged-messages.ts';

const BUFFER = 12288;
const LARGE = { replyControlLength: 0xffffffff, replyDataLength: 0xffffffff };

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const text = (length: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((chars) => String.fromCharCode(...chars));

describe('round trips', () => {
  test(
    'type 6 header',
    () => {
      const numbers = fc.record({
        right: u32,
        apfs: u32,
        offset1: u32,
        offset2: u32,
        offset3: u32,
        offset4: u32,
        requestId: u16,
        toCard1: u32,
        toCard2: u32,
        toCard3: u32,
        toCard4: u32,
        fromCard1: u32,
        fromCard2: u32,
        fromCard3: u32,
        fromCard4: u32,
      });
      const run = fc.property(numbers, text(2), text(2), (fields, agent, functionCode) => {
        const message = new Uint8Array(TYPE6_HEADER);
        writeType6Header(message, { ...fields, agent, functionCode });
        expect(readType6Header(message)).toEqual({ ...fields, agent, functionCode });
      });
      fc.assert(run, RUNS);
    },
    UNLIMITED,
  );

  test(
    'CPRBX',
    () => {
      const fields = fc.record({
        functionId: text(2),
        commandFilter: u8,
        flags: u32,
        requestParameters: u32,
        requestData: u32,
        replyMessage: u32,
        repliedParameters: u32,
        replyData: u32,
        repliedData: u32,
        requestExtension: u32,
        repliedExtension: u32,
        returnCode: u16,
        reasonCode: u16,
        macData: u32,
        macContentFlags: u8,
        domain: u16,
      });
      const run = fc.property(fields, fc.nat(7), (cprbx, at) => {
        const block = new Uint8Array(at + CPRBX_LENGTH);
        writeCprbx(block, at, cprbx);
        expect(readCprbx(block, at)).toEqual(cprbx);
      });
      fc.assert(run, RUNS);
    },
    UNLIMITED,
  );

  test(
    'EP11 CPRB and payload',
    () => {
      const fields = fc.record({
        functionId: text(2),
        flags: u8,
        source: u32,
        target: u32,
        returnCode: u32,
        payloadLength: u32,
        length: u16,
      });
      const payload = fc.record({ functionId: u16, api: u16, domain: u32, fields: fc.array(bytes(300), { maxLength: 5 }) });
      const run = fc.property(fields, payload, fc.boolean(), (cprb, content, long) => {
        const block = new Uint8Array(EP11_CPRB_LENGTH);
        writeEp11Cprb(block, 0, cprb);
        expect(readEp11Cprb(block, 0)).toEqual({ ...cprb, version: 4 });
        expect(decodeEp11Payload(encodeEp11Payload(content, long))).toEqual(content);
      });
      fc.assert(run, RUNS);
    },
    UNLIMITED,
  );

  test(
    'CCA parameters, key templates and blocks of replies',
    () => {
      const parameters = fc.record({
        functionCode: text(2),
        rules: fc.array(text(8), { maxLength: 5 }),
        vud: bytes(500),
        keys: fc.array(fc.record({ attributes: u16, token: bytes(100) }), { maxLength: 4 }),
      });
      const run = fc.property(
        parameters,
        fc.array(bytes(50), { maxLength: 4 }),
        fc.array(fc.tuple(u32, u32)),
        u32,
        (lists, blocks, pairs, attributes) => {
          expect(decodeCcaParameters(encodeCcaParameters(lists))).toEqual(lists);
          const header = readType86Header(encodeType86Blocks(...blocks))!;
          const places = [
            [header.offset1, header.count1],
            [header.offset2, header.count2],
            [header.offset3, header.count3],
            [header.offset4, header.count4],
          ] as const;
          const found = blocks.map((_, index) => type86Block(encodeType86Blocks(...blocks), places[index]![0], places[index]![1]));
          expect(found).toEqual(blocks);
          const strings = new Map(pairs.map(([type], index) => [type, blocks[index % 4] ?? new Uint8Array(0)]));
          const template = { attributes, numbers: new Map(pairs), strings };
          expect(decodeKeyTemplate(encodeKeyTemplate(template))).toEqual(template);
        },
      );
      fc.assert(run, RUNS);
    },
    UNLIMITED,
  );

  test(
    'facility replies',
    () => {
      const pattern = (length: number, digits: string, told: string): fc.Arbitrary<{ state: string; pattern: Uint8Array }> =>
        fc
          .tuple(fc.constantFrom(...digits.split('')), fc.uint8Array({ minLength: length, maxLength: length }))
          .map(([state, value]) => ({ state, pattern: state === told ? value : new Uint8Array(length) }));
      const keys = (length: number): fc.Arbitrary<Record<'new' | 'current' | 'old', { state: string; pattern: Uint8Array }>> =>
        fc.record({ new: pattern(length, '123', '3'), current: pattern(length, '12', '2'), old: pattern(length, '12', '2') });
      const info = fc.record({ serial: text(8), aes: keys(8), apka: keys(8), asym: keys(16) });
      const run = fc.property(info, (all) => {
        const { apka, ...rest } = all;
        for (const [keyword, expected] of [
          ['STATICSA', rest],
          ['STATICSB', { apka }],
        ] as const) {
          const parameters = encodeCcaParameters({ functionCode: 'FQ', keys: [], ...facilityReply(keyword, all) });
          const control = new Uint8Array(CPRBX_LENGTH + parameters.length);
          writeCprbx(control, 0, {});
          control.set(parameters, CPRBX_LENGTH);
          expect(parseFacilityReply(keyword, control)).toEqual(expected);
        }
      });
      fc.assert(run, RUNS);
    },
    UNLIMITED,
  );
});

describe('decoders', () => {
  const decoders: readonly ((input: Uint8Array) => unknown)[] = [
    decodeType50,
    decodeType6,
    decodeEp11Message,
    decodeErrorReply,
    decodeCcaParameters,
    decodeEp11Payload,
    decodeKeyTemplate,
    decodeSpki,
    readPublic,
    readType86Header,
    (input) => decodeCcaRsa('PK', input),
    (input) => decodeCcaRsa('PD', input),
    (input) => decodeRsaReply('A', input, 64),
    (input) => decodeRsaReply('C', input, 64),
    (input) => decodeCprbReply(input, LARGE),
    (input) => decodeRngReply(input),
    (input) => decodeEp11Reply(input, 0xffffffff),
    (input) => parseFacilityReply('STATICSA', input),
    (input) => parseModuleInfo(input),
    (input) => parseDomainInfo(input),
    (input) => encodeEp11Request(input, 100, BUFFER),
  ];
  const replies = MODES.flatMap((mode) => made.messages[mode].map((message) => made.cards[mode].send(message)));
  const inputs = fc.oneof(
    bytes(600),
    damage(MODES.flatMap((mode) => made.messages[mode])),
    damage([...replies, ...replies.map((reply) => reply.subarray(48))]),
  );

  test(
    'take any bytes, and look at nothing before and behind them',
    () => {
      const run = fc.property(inputs, fc.integer({ min: 1, max: 9 }), (input, margin) => {
        for (const decode of decoders) {
          const within = (surroundings: number): unknown => {
            const buffer = new Uint8Array(input.length + 2 * margin).fill(surroundings);
            buffer.set(input, margin);
            return decode(buffer.subarray(margin, margin + input.length));
          };
          expect(within(0)).toEqual(within(0xff));
        }
      });
      fc.assert(run, RUNS);
    },
    UNLIMITED,
  );
});
