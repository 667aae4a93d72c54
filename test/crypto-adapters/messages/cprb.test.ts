/**
 * Goal: CPRBs travel in messages that are byte for byte those of zcrypt, and every reply means what zcrypt makes of it.
 * Method: golden offsets, limits on both sides, made-up replies.
 */
import { describe, expect, it } from 'vitest';
import { EAGAIN, EINVAL, EMSGSIZE, OK } from '../../../src/base/errno.ts';
import { decodeCcaParameters, encodeCcaParameters } from '../../../src/crypto-adapters/messages/cca-parameters.ts';
import {
  decodeCprbReply,
  encodeCprbRequest,
  limitCprbReply,
  setCprbDomain,
  type CprbMessage,
  type CprbRequest,
} from '../../../src/crypto-adapters/messages/cprb-request.ts';
import { CPRBX_LENGTH, readCprbx, writeCprbx } from '../../../src/crypto-adapters/messages/cprbx.ts';
import { encodeErrorReply } from '../../../src/crypto-adapters/messages/error-reply.ts';
import { decodeRngReply, encodeRngRequest } from '../../../src/crypto-adapters/messages/rng.ts';
import { decodeType6 } from '../../../src/crypto-adapters/messages/type6.ts';
import { readType6Header } from '../../../src/crypto-adapters/messages/type6-header.ts';
import { encodeType86Blocks, encodeType86Error, readType86Header } from '../../../src/crypto-adapters/messages/type86-blocks.ts';

const BUFFER = 12288;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function control(functionCode: string, functionId = 'T2', domain = 0xffff): Uint8Array {
  const parameters = encodeCcaParameters({ functionCode, rules: ['SHA-256 '], vud: Uint8Array.of(1, 2, 3), keys: [] });
  const bytes = new Uint8Array(CPRBX_LENGTH + parameters.length);
  writeCprbx(bytes, 0, { functionId, domain, requestParameters: parameters.length });
  bytes.set(parameters, CPRBX_LENGTH);
  return bytes;
}

const order = (more: Partial<CprbRequest> = {}): CprbRequest => ({
  agent: 0x4341,
  control: control('OH'),
  data: new Uint8Array(0),
  replyControlLength: 1000,
  replyDataLength: 0,
  ...more,
});

function encoded(more: Partial<CprbRequest> = {}): CprbMessage {
  const result = encodeCprbRequest(order(more), BUFFER);
  if (typeof result === 'number') throw new Error(`expected a message, got errno ${result}`);
  return result;
}

describe('CPRBX', () => {
  it('has every field at its offset', () => {
    const bytes = new Uint8Array(CPRBX_LENGTH);
    writeCprbx(bytes, 0, {
      functionId: 'T5',
      domain: 0x47,
      returnCode: 8,
      reasonCode: 770,
      requestParameters: 0x01020304,
      flags: 9,
      macData: 7,
    });
    const view = new DataView(bytes.buffer);
    expect([view.getUint16(0), bytes[2], text(bytes.subarray(6, 8)), view.getUint32(8), view.getUint32(12)]).toEqual([
      220,
      2,
      'T5',
      9,
      0x01020304,
    ]);
    expect([view.getUint16(144), view.getUint16(146), view.getUint32(148), view.getUint16(170)]).toEqual([8, 770, 7, 0x47]);
    expect(bytes.subarray(172).every((byte) => byte === 0) && bytes.subarray(48, 144).every((byte) => byte === 0)).toBe(true);
  });

  it('refuses numbers that do not fit, and bytes that are none', () => {
    const bytes = new Uint8Array(CPRBX_LENGTH);
    expect(() => writeCprbx(bytes, 0, { domain: 0x10000 })).toThrow('domain as a number of 2 bytes, got 65536');
    expect(() => writeCprbx(bytes, 0, { functionId: 'T' })).toThrow('two characters');
    writeCprbx(bytes, 0, {});
    expect(readCprbx(bytes, 0)).toMatchObject({ functionId: 'T2', domain: 0 });
    expect(readCprbx(bytes, 1)).toBeNull();
    bytes[2] = 4;
    expect(readCprbx(bytes, 0)).toBeNull();
  });
});

describe('a CPRB message', () => {
  it('is the header, the control block rounded up to 4 bytes, and the data', () => {
    const block = control('OH');
    expect(block.length % 4).toBe(3);
    const data = Uint8Array.of(9, 8, 7);
    const { message, ...rest } = encoded({ control: block, data, replyControlLength: 1001, replyDataLength: 33 });
    const view = new DataView(message.buffer);
    expect(message.length).toBe(88 + block.length + 1 + 3);
    expect([message[1], text(message.subarray(32, 36)), text(message.subarray(52, 54))]).toEqual([6, 'CA\0\0', 'OH']);
    expect([16, 20, 24, 28].map((at) => view.getUint32(at))).toEqual([88, 88 + block.length + 1, 0, 0]);
    expect([56, 60, 64, 68, 72, 76, 80, 84].map((at) => view.getUint32(at))).toEqual([block.length, 3, 0, 0, 1001, 33, 0, 0]);
    expect(message.subarray(88, 88 + block.length)).toEqual(block);
    expect(message.subarray(message.length - 3)).toEqual(data);
    expect(rest).toEqual({ functionCode: 'OH', kind: 'usage', special: false, domain: 0xffff });
  });

  it.each([
    ['T2', 'usage'],
    ['T3', 'admin'],
    ['T5', 'admin'],
    ['T6', 'admin'],
    ['T7', 'admin'],
    ['T4', 'other'],
  ])('with function id %s is %s', (functionId, kind) => {
    expect(encoded({ control: control('XX', functionId) }).kind).toBe(kind);
  });

  it('with function code US or AU needs the special bit', () => {
    expect(['US', 'AU', 'OH', 'UA'].map((code) => encoded({ control: control(code) }).special)).toEqual([true, true, false, false]);
  });

  it('is refused when it does not fit the buffer, when lengths overflow, and without room for a function code', () => {
    expect(encodeCprbRequest(order({ data: new Uint8Array(BUFFER) }), BUFFER)).toBe(EINVAL);
    const block = control('OH');
    const fitting = 88 + block.length + 1;
    expect(encodeCprbRequest(order({ control: block }), fitting)).toMatchObject({ kind: 'usage' });
    expect(encodeCprbRequest(order({ control: block }), fitting - 1)).toBe(EINVAL);
    for (const bad of [{ replyControlLength: 0xfffffffe }, { replyControlLength: 0x80000000, replyDataLength: 0x80000000 }])
      expect(encodeCprbRequest(order(bad), BUFFER)).toBe(EINVAL);
    expect(encodeCprbRequest(order({ control: block.subarray(0, CPRBX_LENGTH + 1) }), BUFFER)).toBe(EINVAL);
    expect(encodeCprbRequest(order({ control: block.subarray(0, CPRBX_LENGTH + 2) }), BUFFER)).toMatchObject({ functionCode: 'OH' });
    for (const length of [0, 1]) expect(encodeCprbRequest(order({ control: new Uint8Array(length) }), BUFFER)).toBe(EINVAL);
  });

  it('names the domain that was chosen, where it has one', () => {
    const { message } = encoded();
    setCprbDomain(message, 0x47);
    expect(decodeType6(message)).toMatchObject({ domain: 0x47, functionCode: 'OH', functionId: 'T2' });
    const short = message.slice(0, 100);
    setCprbDomain(short, 5);
    expect(short).toEqual(message.slice(0, 100));
  });

  it.each([
    ['enough room', 1000, 2000, [1000, 2000]],
    ['too much control', 0x7fffffff, 0, [12240, 0]],
    ['too much data', 0, 0x7fffffff, [0, 12240]],
    ['too much of both: the control block is cut', 12000, 1000, [11240, 1000]],
    ['exactly as much as there is', 11240, 1000, [11240, 1000]],
    ['all for the data', 5, 12240, [0, 12240]],
  ])('tells the card how much may come back: %s', (_name, replyControlLength, replyDataLength, expected) => {
    const { message } = encoded({ replyControlLength, replyDataLength });
    expect(limitCprbReply(message, BUFFER)).toBe(OK);
    const { fromCard1, fromCard2 } = readType6Header(message)!;
    expect([fromCard1, fromCard2]).toEqual(expected);
  });

  it('reaches the card with its data block, and damaged offsets do not', () => {
    const data = Uint8Array.of(5, 6, 7, 8);
    const { message } = encoded({ data, replyDataLength: 99 });
    expect(decodeType6(message)).toMatchObject({ agent: 'CA', data, replyData: 99 });
    const view = new DataView(message.buffer);
    const { offset2 } = readType6Header(message)!;
    for (const [at, value] of [
      [20, offset2 - 4],
      [20, offset2 + 1],
      [20, 0xfffffffc],
      [60, 5],
      [60, 0xffffffff],
      [16, 0],
      [16, 0x5c],
      [56, 0xffffffff],
      [64, 1],
    ] as const) {
      const before = view.getUint32(at);
      view.setUint32(at, value);
      expect(decodeType6(message)).toBe(0x22);
      view.setUint32(at, before);
    }
    for (const at of [88 + 12, 88 + 16]) {
      const before = view.getUint32(at);
      view.setUint32(at, 0xffff);
      expect(decodeType6(message)).toBe(0x23);
      view.setUint32(at, before);
    }
    expect(decodeType6(message)).toMatchObject({ data });
  });
});

describe('parameters', () => {
  it('round trip, and say where they are wrong', () => {
    const parameters = {
      functionCode: 'KG',
      rules: ['AES     ', 'CBC     '],
      vud: Uint8Array.of(1, 2, 3),
      keys: [
        { attributes: 0x30, token: Uint8Array.of(7) },
        { attributes: 0, token: new Uint8Array(0) },
      ],
    };
    const bytes = encodeCcaParameters(parameters);
    expect([...bytes.subarray(0, 4)]).toEqual([0x4b, 0x47, 0, 18]);
    expect([...bytes.subarray(20)]).toEqual([0, 5, 1, 2, 3, 0, 11, 0, 5, 0, 0x30, 7, 0, 4, 0, 0]);
    expect(decodeCcaParameters(bytes)).toEqual(parameters);
    expect(decodeCcaParameters(Uint8Array.from([...bytes, 0, 0, 0]))).toEqual(parameters);
    expect(decodeCcaParameters(Uint8Array.from([...bytes, 0, 0, 0, 0]))).toBe(0x23);
    expect(decodeCcaParameters(bytes.subarray(0, 2))).toEqual({ functionCode: 'KG', rules: [], vud: new Uint8Array(0), keys: [] });
    const lists = new Set([2, 20, 25]);
    for (let length = 0; length < bytes.length; length++) {
      // Lists that are missing as a whole are empty.
      if (!lists.has(length)) expect(decodeCcaParameters(bytes.subarray(0, length))).toBe(0x23);
    }
    expect(() => encodeCcaParameters({ ...parameters, rules: ['AES'] })).toThrow('8 characters');
    expect(() => encodeCcaParameters({ ...parameters, vud: new Uint8Array(0x10000) })).toThrow('64 KiB');
  });
});

describe('a reply to a CPRB', () => {
  const room = { replyControlLength: 300, replyDataLength: 10 };
  const good = control('OH');
  const data = Uint8Array.of(1, 2, 3);

  it('gives both blocks', () => {
    const reply = encodeType86Blocks(good, data);
    expect(readType86Header(reply)).toMatchObject({
      format: 2,
      replyCode: 0,
      offset1: 48,
      count1: good.length,
      offset2: 48 + good.length,
      count2: 3,
      count3: 0,
      offset4: 0,
    });
    expect(decodeCprbReply(reply, room)).toEqual({ control: good, data });
    expect(decodeCprbReply(encodeType86Blocks(good), room)).toEqual({ control: good, data: new Uint8Array(0) });
  });

  it('that does not fit what the user has, or is not as long as it says, is -EMSGSIZE', () => {
    const reply = encodeType86Blocks(good, data);
    expect(decodeCprbReply(reply, { ...room, replyControlLength: good.length - 1 })).toEqual({ errno: EMSGSIZE });
    expect(decodeCprbReply(reply, { ...room, replyControlLength: good.length, replyDataLength: 2 })).toEqual({ errno: EMSGSIZE });
    expect(decodeCprbReply(reply.subarray(0, -1), room)).toEqual({ errno: EMSGSIZE });
    expect(decodeCprbReply(Uint8Array.from([...reply, 0]), room)).toEqual({ errno: EMSGSIZE });
    new DataView(reply.buffer).setUint32(16, 0xffffffff);
    expect(decodeCprbReply(reply, { ...room, replyControlLength: 0xffffffff })).toEqual({ errno: EMSGSIZE });
  });

  it.each([
    ['type 82 code 0x84', encodeErrorReply(0x82, 0x84), { errno: EINVAL, status: 0x0008044d }],
    ['type 88 code 0x10', encodeErrorReply(0x88, 0x10), { errno: EAGAIN, status: 0x0008044d }],
    ['type 87, which is of another family', encodeErrorReply(0x87, 0x84), { errno: EAGAIN, status: 0x0008044d, offline: true }],
    ['type 86 with reply code 0x8B', encodeType86Error(0x8b, 0x11223344), { errno: EINVAL, status: 0x11223344 }],
    ['type 86 with reply code 0x90', encodeType86Error(0x90, 7), { errno: EAGAIN, status: 7 }],
    ['type 99', Uint8Array.of(0, 0x99, 0, 0, 0, 0, 0, 0), { errno: EAGAIN, status: 0x0008044d, offline: true }],
    ['nothing', new Uint8Array(0), { errno: EAGAIN, status: 0x0008044d, offline: true }],
    ['a header alone', encodeType86Blocks(), { errno: EAGAIN, status: 0x0008044d, offline: true }],
  ])('%s', (_name, reply, expected) => {
    expect(decodeCprbReply(reply, room)).toEqual(expected);
  });

  it('of another CPRB version takes the queue offline', () => {
    const other = good.slice();
    other[2] = 4;
    expect(decodeCprbReply(encodeType86Blocks(other), room)).toEqual({ errno: EAGAIN, status: 0x0008044d, offline: true });
  });
});

describe('random numbers', () => {
  it('are asked for with RL and its rule', () => {
    const message = encodeRngRequest(0x47);
    const view = new DataView(message.buffer);
    expect(message.length).toBe(88 + 220 + 16);
    expect(text(message.subarray(308))).toBe('RL\0\nRANDOM  \0\x02\0\x02');
    expect([56, 60, 72, 76].map((at) => view.getUint32(at))).toEqual([236, 0, 236, 4096]);
    expect([view.getUint32(88 + 12), view.getUint32(88 + 20), view.getUint32(88 + 28), view.getUint16(88 + 170)]).toEqual([
      16, 236, 4096, 0x47,
    ]);
    expect(decodeType6(message)).toMatchObject({ functionCode: 'RL', domain: 0x47, replyData: 4096 });
  });

  it.each([
    ['an error reply', encodeErrorReply(0x88, 0x10), { errno: EINVAL }],
    ['a reply code', encodeType86Error(0x10, 0), { errno: EINVAL }],
    ['nonsense', Uint8Array.of(0, 0x87, 0, 0, 0x10, 0, 0, 0), { errno: EAGAIN, offline: true }],
    ['a header alone', encodeType86Blocks(), { errno: EAGAIN, offline: true }],
    ['more than was asked for', encodeType86Blocks(control('RL'), new Uint8Array(4097)), { errno: EMSGSIZE }],
    ['a wrong length', encodeType86Blocks(control('RL'), new Uint8Array(9)).subarray(0, -1), { errno: EMSGSIZE }],
    ['a return code', refused(0, 1), { errno: EINVAL }],
    ['a reason code', refused(8, 0), { errno: EINVAL }],
    ['bytes', encodeType86Blocks(control('RL'), Uint8Array.of(1, 2, 3)), { data: Uint8Array.of(1, 2, 3) }],
  ])('%s', (_name, reply, expected) => {
    expect(decodeRngReply(reply)).toEqual(expected);
  });

  function refused(returnCode: number, reasonCode: number): Uint8Array {
    const block = new Uint8Array(CPRBX_LENGTH);
    writeCprbx(block, 0, { returnCode, reasonCode });
    return encodeType86Blocks(block, Uint8Array.of(1));
  }
});
