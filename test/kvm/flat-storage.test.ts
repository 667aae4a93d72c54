/**
 * Goal: guest storage as one array: cores and devices see each other's stores, and who explores hears of all of them. Method: a storage alone.
 */
import { expect, test } from 'vitest';
import { GuestMemory } from '../../src/kvm/guest-memory.ts';
import { Access, type AccessKind } from '../../src/runtime/access.ts';

const SIZE = 0x10_0000 + 0x800;

test('what was stored before is in the array, what is stored later, too', () => {
  const memory = new GuestMemory(SIZE);
  memory.store(0x1234, 7);
  memory.store(SIZE - 1, 9);
  const { bytes } = memory.flat();
  expect([bytes.length, bytes[0x1234], bytes[SIZE - 1]]).toEqual([SIZE, 7, 9]);
  memory.write(0x2000, Uint8Array.of(1, 2));
  bytes[0x2002] = 3;
  expect([...bytes.subarray(0x2000, 0x2003)]).toEqual([1, 2, 3]);
  expect([...memory.read(0x2000, 3)!]).toEqual([1, 2, 3]);
  expect(memory.load(0x2002)).toBe(3);
  expect(memory.flat()).toBe(memory.flat());
});

test('a notification byte is set in the array, and whoever has decoded code there is told', () => {
  const memory = new GuestMemory(SIZE);
  const flat = memory.flat();
  const told: [number, number][] = [];
  flat.onStore = (address, length) => told.push([address, length]);
  memory.notificationByte(0x3001).set();
  memory.write(0x4000, Uint8Array.of(5));
  expect([flat.bytes[0x3001], told]).toEqual([
    1,
    [
      [0x3001, 1],
      [0x4000, 1],
    ],
  ]);
});

test('every access is one to all of it, as cores work on all of it', () => {
  const touched: [object, AccessKind][] = [];
  const memory = new GuestMemory(SIZE, { name: 'guest', touch: (object, access) => touched.push([object, access]) });
  memory.store(0x5000, 1);
  expect(touched.some(([object]) => object === memory)).toBe(false);
  const flat = memory.flat();
  touched.length = 0;
  flat.touch(Access.WRITE);
  memory.notificationByte(0x5001).set();
  memory.load(0x5000);
  const accesses = touched.filter(([object]) => object === memory).map(([, access]) => access);
  expect(accesses).toEqual([Access.WRITE, Access.WRITE, Access.READ]);
});

test('addresses behind the end are refused as before', () => {
  const memory = new GuestMemory(SIZE);
  memory.flat();
  expect([memory.read(SIZE - 1, 2), memory.write(SIZE - 1, Uint8Array.of(1, 2))]).toEqual([null, false]);
  expect(() => memory.load(SIZE)).toThrow(RangeError);
});
