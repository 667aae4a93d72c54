/**
 * Goal: EP11 requests travel in messages that are byte for byte those of zcrypt, and every reply means what zcrypt makes of it.
 * Method: golden offsets, all length forms, made-up replies.
 */
import { describe, expect, it } from 'vitest';
import { EAGAIN, EINVAL, EMSGSIZE, OK } from '../../../src/base/errno.ts';
import { writeEp11Cprb } from '../../../src/crypto-adapters/messages/ep11-cprb.ts';
import { decodeEp11Payload, encodeEp11Payload, word, wordOf } from '../../../src/crypto-adapters/messages/ep11-payload.ts';
import { encodeEp11Block, encodeEp11Query, Ep11Query } from '../../../src/crypto-adapters/messages/ep11-query.ts';
import {
  aimEp11Request,
  decodeEp11Message,
  decodeEp11Reply,
  encodeEp11Request,
  type Ep11Message,
} from '../../../src/crypto-adapters/messages/ep11-request.ts';
import { encodeErrorReply } from '../../../src/crypto-adapters/messages/error-reply.ts';
import { readType6Header } from '../../../src/crypto-adapters/messages/type6-header.ts';
import { encodeType86Blocks, encodeType86Error } from '../../../src/crypto-adapters/messages/type86-blocks.ts';

const BUFFER = 12288;
const PAYLOAD = { functionId: 19, api: 4, domain: 0xffff, fields: [word(5), Uint8Array.of(1, 2, 3)] };

function encoded(request: Uint8Array): Ep11Message {
  const result = encodeEp11Request(request, 1000, BUFFER);
  if (typeof result === 'number') throw new Error(`expected a message, got errno ${result}`);
  return result;
}

describe('the payload', () => {
  it('is a sequence of octet strings', () => {
    const bytes = encodeEp11Payload(PAYLOAD);
    expect([...bytes]).toEqual([0x30, 0x82, 0, 23, 4, 4, 0, 4, 0, 19, 4, 4, 0, 0, 255, 255, 4, 4, 0, 0, 0, 5, 4, 3, 1, 2, 3]);
    expect(decodeEp11Payload(bytes)).toEqual(PAYLOAD);
    expect([...encodeEp11Payload(PAYLOAD, true)].slice(22)).toEqual([4, 0x82, 0, 3, 1, 2, 3]);
  });

  it.each([0, 1, 127, 128, 255, 256, 5000])('round trips a field of %i bytes in each length form', (length) => {
    const payload = { ...PAYLOAD, fields: [new Uint8Array(length).fill(7)] };
    for (const long of [false, true]) expect(decodeEp11Payload(encodeEp11Payload(payload, long))).toEqual(payload);
  });

  it('takes every length form of the sequence and nothing that it does not know', () => {
    const content = [...encodeEp11Payload(PAYLOAD)].slice(4);
    for (const head of [[23], [0x81, 23], [0x82, 0, 23]])
      expect(decodeEp11Payload(Uint8Array.from([0x30, ...head, ...content]))).toEqual(PAYLOAD);
    for (const head of [[0x80, 23], [0x83, 0, 0, 23], [22], [24], [0x82, 1, 23], [0xff]])
      expect(decodeEp11Payload(Uint8Array.from([0x30, ...head, ...content]))).toBeNull();
    expect(decodeEp11Payload(Uint8Array.from([0x31, 23, ...content]))).toBeNull();
    expect(decodeEp11Payload(Uint8Array.from([0x30, 23, ...content, 0, 0, 0]))).toEqual(PAYLOAD);
    expect(decodeEp11Payload(Uint8Array.from([0x30, 23, ...content, 0, 0, 0, 0]))).toBeNull();
    expect(decodeEp11Payload(Uint8Array.of(0x30, 6, 4, 4, 0, 0, 0, 1))).toBeNull();
    expect(decodeEp11Payload(Uint8Array.of(0x30, 9, 4, 3, 0, 0, 1, 4, 2, 0, 0))).toBeNull();
    expect(() => encodeEp11Payload({ ...PAYLOAD, fields: [new Uint8Array(0x10000)] })).toThrow('64 KiB');
  });

  it('keeps function words with the highest bit', () => {
    expect(decodeEp11Payload(encodeEp11Payload({ ...PAYLOAD, api: 0xffff, functionId: 0xffff }))).toMatchObject({
      api: 0xffff,
      functionId: 0xffff,
    });
    expect(wordOf(word(0xffffffff))).toBe(0xffffffff);
  });
});

describe('an EP11 message', () => {
  it('is the header and the request rounded up to 4 bytes', () => {
    const request = encodeEp11Block(encodeEp11Payload(PAYLOAD));
    const { message, ...rest } = encoded(request);
    const view = new DataView(message.buffer);
    expect(request.length % 4).toBe(3);
    expect(message.length).toBe(88 + request.length + 1);
    expect([...message.subarray(32, 36), ...message.subarray(48, 54)]).toEqual([0x58, 0x43, 0, 0, 0, 1, 0, 0, 0, 0]);
    expect([16, 20, 56, 60, 72].map((at) => view.getUint32(at))).toEqual([88, 0, request.length, 0, 1000]);
    expect([view.getUint16(88), message[90], message[93], view.getUint16(94), view.getUint32(88 + 16), view.getUint32(88 + 28)]).toEqual([
      32,
      4,
      0,
      0x5434,
      0xffffffff,
      request.length - 32,
    ]);
    expect(rest).toEqual({ functionId: 19, domain: 0, admin: false, special: false });
  });

  it('of the kernel that asks for module and domain is as it sends it', () => {
    const { request, responseLength } = encodeEp11Query(Ep11Query.MODULE);
    expect([...request.subarray(32)]).toEqual([0x30, 0x82, 0, 24, 4, 4, 0, 1, 0, 38, 4, 4, 0, 0, 0, 0, 4, 4, 0, 0, 0, 1, 4, 4, 0, 0, 0, 0]);
    expect(responseLength).toBe(32 + 26 + 196);
    expect(encodeEp11Query(Ep11Query.DOMAIN).responseLength).toBe(32 + 26 + 80);
  });

  it('goes to the chosen domain, in CPRB and payload, whatever the length form', () => {
    const content = [...encodeEp11Payload(PAYLOAD)].slice(4);
    for (const head of [[23], [0x81, 23], [0x82, 0, 23]]) {
      const { message } = encoded(encodeEp11Block(Uint8Array.from([0x30, ...head, ...content])));
      expect(aimEp11Request(message, 0x47, BUFFER)).toBe(OK);
      expect(decodeEp11Message(message)).toMatchObject({ cprb: { target: 0x47 }, payload: { ...PAYLOAD, domain: 0x47 } });
      expect(readType6Header(message)!.fromCard1).toBe(BUFFER - 48);
    }
  });

  it('for administration stays with the domain that it names', () => {
    const request = encodeEp11Block(encodeEp11Payload(PAYLOAD), 0x80);
    writeEp11Cprb(request, 0, { target: 9, flags: 0x80 });
    const { message, ...rest } = encoded(request);
    expect(rest).toMatchObject({ admin: true, special: false, domain: 9 });
    expect(aimEp11Request(message, 0x47, BUFFER)).toBe(OK);
    expect(decodeEp11Message(message)).toMatchObject({ cprb: { target: 9 }, payload: { domain: 0xffff } });
    expect(encoded(encodeEp11Block(encodeEp11Payload(PAYLOAD), 0x20))).toMatchObject({ admin: false, special: true });
  });

  it('with a bad length form, or larger than the buffer, is -EINVAL', () => {
    const request = encodeEp11Block(encodeEp11Payload(PAYLOAD));
    for (const form of [0x80, 0x83, 0xff, 0x84]) {
      const bad = request.slice();
      bad[33] = form;
      expect(encodeEp11Request(bad, 1000, BUFFER)).toBe(EINVAL);
    }
    // The kernel looks at two bits of the form only.
    const odd = request.slice();
    odd[33] = 0x86;
    expect(encodeEp11Request(odd, 1000, BUFFER)).toMatchObject({ functionId: 19 });
    expect(encodeEp11Request(request, 1000, 88 + request.length)).toBe(EINVAL);
    expect(encodeEp11Request(request, 1000, 88 + request.length + 1)).toMatchObject({ functionId: 19 });
    expect(encodeEp11Request(request, 0xfffffffe, BUFFER)).toBe(EINVAL);
    expect(encodeEp11Request(new Uint8Array(0), 1000, BUFFER)).toMatchObject({ functionId: 0, domain: 0 });
  });

  it('that is damaged is answered by the card with a code', () => {
    const { message } = encoded(encodeEp11Block(encodeEp11Payload(PAYLOAD)));
    const change = (at: number, value: number): Uint8Array => {
      const copy = message.slice();
      copy[at] = value;
      return copy;
    };
    expect(decodeEp11Message(change(1, 0x50))).toBe(0x20);
    expect(decodeEp11Message(change(32, 0x43))).toBe(0x20);
    expect(decodeEp11Message(message.subarray(0, 119))).toBe(0x23);
    expect(decodeEp11Message(change(88 + 2, 2))).toBe(0x22);
    expect(decodeEp11Message(change(88 + 7, 0x32))).toBe(0x22);
    expect(decodeEp11Message(change(88 + 31, 0xff))).toBe(0x23);
    expect(decodeEp11Message(change(88 + 32, 0x31))).toBe(0x22);
    expect(decodeEp11Message(change(19, 0x5c))).toBe(0x22);
  });
});

describe('a reply', () => {
  const response = encodeEp11Block(encodeEp11Payload({ ...PAYLOAD, fields: [word(0)] }, true));

  it('gives the response', () => {
    expect(decodeEp11Reply(encodeType86Blocks(response), response.length)).toEqual({ response });
  });

  it.each([
    ['too long for the user', encodeType86Blocks(response), { errno: EMSGSIZE }, response.length - 1],
    ['shorter than it says', encodeType86Blocks(response).subarray(0, -1), { errno: EMSGSIZE }, 1000],
    ['type 82', encodeErrorReply(0x82, 0x84), { errno: EINVAL }, 1000],
    ['type 87', encodeErrorReply(0x87, 0x20), { errno: EAGAIN }, 1000],
    ['type 88, which is of another family', encodeErrorReply(0x88, 0x84), { errno: EAGAIN, offline: true }, 1000],
    ['a reply code', encodeType86Error(0x8a, 0), { errno: EINVAL }, 1000],
    ['a header alone', encodeType86Blocks(), { errno: EAGAIN, offline: true }, 1000],
    ['nothing', new Uint8Array(0), { errno: EAGAIN, offline: true }, 1000],
  ])('%s', (_name, reply, expected, room) => {
    expect(decodeEp11Reply(reply, room)).toEqual(expected);
  });

  it('with the CPRB of CCA takes the queue offline', () => {
    const other = response.slice();
    other[2] = 2;
    expect(decodeEp11Reply(encodeType86Blocks(other), 1000)).toEqual({ errno: EAGAIN, offline: true });
  });
});
