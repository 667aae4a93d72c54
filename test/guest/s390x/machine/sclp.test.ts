/**
 * Goal: what the service processor answers, and what a program's console shows. Method: SCCBs laid out by hand.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { toEbcdic } from '../../../../src/guest/s390x/machine/ebcdic.ts';
import { Sclp, SclpResponse } from '../../../../src/guest/s390x/machine/sclp.ts';
import { Storage } from '../../../../src/guest/s390x/cpu/storage.ts';
import { codeOf } from './by-hand.ts';

const SCCB = 0x5000;
const MIB = 0x100000;
const READ_INFO = 0x00020001;
const WRITE_EVENT_DATA = 0x00760005;
const WRITE_EVENT_MASK = 0x00780005;

let storage: Storage;
let sclp: Sclp;
let printed: string;
const view = (): DataView => storage.view;

function setUp(bytes: number, cpus: number): void {
  storage = new Storage(bytes);
  printed = '';
  sclp = new Sclp({ storage, cpus, print: (text) => (printed += text) });
}

/** The response code to an SCCB of that length, with these bytes behind its header. */
function call(command: number, length: number, body: readonly number[] = []): number {
  view().setUint16(SCCB, length);
  storage.bytes.set(body, SCCB + 8);
  sclp.call(command, SCCB);
  return view().getUint16(SCCB + 6);
}

beforeEach(() => setUp(64 * MIB, 2));

describe('READ SCP INFO', () => {
  test.each([READ_INFO, 0x00120001])('command %s tells the storage and the CPUs', (command) => {
    expect(call(command, 4096)).toBe(0x0010);
    expect([view().getUint16(SCCB + 8), storage.bytes[SCCB + 10]]).toEqual([64, 1]);
    expect([view().getUint16(SCCB + 16), view().getUint16(SCCB + 18)]).toEqual([2, 128]);
    expect([storage.bytes[SCCB + 128], storage.bytes[SCCB + 144]]).toEqual([0, 1]);
  });

  test('an increment grows with the storage, so that there are at most 1023', () => {
    setUp(2048 * MIB, 1);
    expect(call(READ_INFO, 4096)).toBe(SclpResponse.READ);
    expect([view().getUint16(SCCB + 8), storage.bytes[SCCB + 10]]).toEqual([512, 4]);
  });

  test('an SCCB without room for every CPU gets 0300 and is left alone', () => {
    expect(call(READ_INFO, 128 + 31, [7, 7])).toBe(0x0300);
    expect(view().getUint16(SCCB + 8)).toBe(0x0707);
    expect(call(READ_INFO, 128 + 32)).toBe(0x0010);
  });
});

test('READ CPU INFO lists the CPUs, none on standby', () => {
  expect(call(0x00010001, 64)).toBe(0x0010);
  expect([8, 10, 12, 14].map((at) => view().getUint16(SCCB + at))).toEqual([2, 24, 0, 56]);
  expect([storage.bytes[SCCB + 24], storage.bytes[SCCB + 40]]).toEqual([0, 1]);
  expect(call(0x00010001, 55)).toBe(0x0300);
});

test.each([
  ['a command that nobody knows', 0x00550001, 4096, 0x01f0],
  ['READ EVENT DATA, as there are no events', 0x00770005, 4096, 0x60f0],
])('%s gets its response code', (_what, command, length, response) => {
  expect(call(command, length)).toBe(response);
});

test('an SCCB may not cross a page, and not be shorter than its header', () => {
  view().setUint16(0x5ff0, 32);
  sclp.call(READ_INFO, 0x5ff0);
  expect(view().getUint16(0x5ff6)).toBe(0x0100);
  expect(codeOf(() => call(READ_INFO, 7))).toBe(6);
});

describe('WRITE EVENT MASK', () => {
  test('says which events are taken: messages and ASCII', () => {
    expect(call(WRITE_EVENT_MASK, 28, [0, 0, 0, 4])).toBe(0x0020);
    expect([view().getUint32(SCCB + 20), view().getUint32(SCCB + 24)]).toEqual([0x40000040, 0]);
  });

  test.each([
    ['masks of no bytes', 28, 0, 0x74f0],
    ['masks that do not fit', 27, 4, 0x72f0],
    ['no room for the lengths', 11, 4, 0x72f0],
  ])('%s are refused', (_what, length, mask, response) => {
    expect(call(WRITE_EVENT_MASK, length, [0, 0, 0, mask])).toBe(response);
  });
});

describe('WRITE EVENT DATA', () => {
  const event = (type: number, data: readonly number[]): number[] => [0, data.length + 6, type, 0, 0, 0, ...data];

  test('ASCII text is printed, each event is marked', () => {
    const body = [...event(0x1a, [72, 105]), ...event(0x1a, [10])];
    expect(call(WRITE_EVENT_DATA, 8 + body.length, body)).toBe(0x0020);
    expect(printed).toBe('Hi\n');
    expect([storage.bytes[SCCB + 11], storage.bytes[SCCB + 19]]).toEqual([0x80, 0x80]);
  });

  const line = (text: string): number[] => [0, text.length + 10, 0, 4, 0x10, 0, 0, 0, 0, 0, ...toEbcdic(text, text.length)];
  const general = [0, 6, 0, 1, 0, 0];
  const message = (...lines: string[]): number[] =>
    event(0x02, [0, 0, 0, 1, 0xd4, 0xc4, 0xc2, 0x40, 0, 0, 0, 1, ...general, ...lines.flatMap(line)]);

  test('a line-mode message is printed line by line', () => {
    const body = message('Hello, {world}', '42');
    expect(call(WRITE_EVENT_DATA, 8 + body.length, body)).toBe(0x0020);
    expect(printed).toBe('Hello, {world}\n42\n');
  });

  test('a program that writes ASCII writes the same in line mode: only the former is printed', () => {
    const body = [...message('earlier'), ...event(0x1a, [72, 105, 10]), ...message('Hi')];
    expect(call(WRITE_EVENT_DATA, 8 + body.length, body)).toBe(0x0020);
    expect(call(WRITE_EVENT_DATA, 8 + message('later').length, message('later'))).toBe(0x0020);
    expect(printed).toBe('earlier\nHi\n');
    expect(storage.bytes[SCCB + 11]).toBe(0x80);
  });

  test.each([
    ['an event that is longer than the SCCB', [0, 99, 0x1a, 0, 0, 0], 0x73f0],
    ['an event that is shorter than its header', [0, 5, 0x1a, 0, 0, 0], 0x73f0],
    ['an event that nobody takes', [0, 6, 0x1d, 0, 0, 0], 0x40f0],
    ['no event', [], 0x73f0],
  ])('%s is refused', (_what, body, response) => {
    expect(call(WRITE_EVENT_DATA, 8 + body.length, body)).toBe(response);
    expect(printed).toBe('');
  });
});
