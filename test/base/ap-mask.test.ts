/**
 * Goal: a mask behaves as the set of its bits. Method: every operation against a Set<number> on random masks, and the storage order and
 * the text form against fixed values (bit 0 is the leftmost one).
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';

const bit = fc.integer({ min: 0, max: 255 });
/** Dense, sparse, empty and full ones, and the word boundaries more often than chance would. */
const bits = fc.oneof(
  fc.uniqueArray(bit, { maxLength: 12 }),
  fc.uniqueArray(fc.constantFrom(0, 1, 31, 32, 33, 63, 64, 127, 128, 191, 192, 223, 224, 254, 255)),
  fc.uniqueArray(bit, { minLength: 100, maxLength: 256 }),
  fc.constant([...Array(256).keys()]),
);
const sorted = (set: Iterable<number>): number[] => [...set].toSorted((a, b) => a - b);

describe('ApMask against a set', () => {
  test('of one mask', () => {
    fc.assert(
      fc.property(bits, bit, (list, other) => {
        const set = new Set(list);
        const mask = ApMask.from(list);
        expect([...mask.bits()]).toEqual(sorted(set));
        expect(mask.count()).toBe(set.size);
        expect(mask.highest()).toBe(Math.max(-1, ...set));
        expect(mask.has(other)).toBe(set.has(other));
        expect(mask.isEmpty()).toBe(set.size === 0);
        expect(mask.isFull()).toBe(set.size === 256);
        expect([...mask.with(other).bits()]).toEqual(sorted(new Set([...list, other])));
        expect([...mask.without(other).bits()]).toEqual(sorted(list.filter((b) => b !== other)));
        expect([...mask.withAll([other, 7, other]).bits()]).toEqual(sorted(new Set([...list, other, 7])));
        expect([...mask.bits()]).toEqual(sorted(set));
        expect(ApMask.fromBytes(mask.toBytes()).equals(mask)).toBe(true);
        expect(BigInt(mask.toString())).toBe(list.reduce((sum, b) => sum | (1n << BigInt(255 - b)), 0n));
      }),
    );
  });

  test('of two masks', () => {
    fc.assert(
      fc.property(bits, bits, (listA, listB) => {
        const [a, b] = [new Set(listA), new Set(listB)];
        const [x, y] = [ApMask.from(listA), ApMask.of(...listB)];
        expect([...x.and(y).bits()]).toEqual(sorted(listA.filter((n) => b.has(n))));
        expect([...x.or(y).bits()]).toEqual(sorted(new Set([...a, ...b])));
        expect([...x.andNot(y).bits()]).toEqual(sorted(listA.filter((n) => !b.has(n))));
        expect(x.intersects(y)).toBe(listA.some((n) => b.has(n)));
        expect(x.isSubsetOf(y)).toBe(listA.every((n) => b.has(n)));
        expect(x.equals(y)).toBe(a.size === b.size && listA.every((n) => b.has(n)));
      }),
    );
  });

  test('upTo includes its last bit', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1, max: 255 }), (last) => {
        expect([...ApMask.upTo(last).bits()]).toEqual([...Array(last + 1).keys()]);
      }),
    );
  });
});

describe('ApMask in storage and text', () => {
  test('bit 0 is the most significant bit of the first byte', () => {
    const bytes = ApMask.of(0, 9, 255).toBytes();
    expect([bytes[0], bytes[1], bytes[31]]).toEqual([0x80, 0x40, 0x01]);
    expect(bytes).toHaveLength(32);
  });

  test('a view into a larger buffer is read at its own offset', () => {
    const buffer = new Uint8Array(40).fill(0xff, 0, 4);
    buffer[4] = 0x10;
    expect([...ApMask.fromBytes(buffer.subarray(4, 36)).bits()]).toEqual([3]);
  });

  test('text is 0x and 64 digits', () => {
    expect(ApMask.of(0, 4).toString()).toBe(`0x88${'0'.repeat(62)}`);
    expect(ApMask.FULL.toString()).toBe(`0x${'f'.repeat(64)}`);
  });

  test.each([-1, 256, 1.5, Number.NaN])('%s is no bit number', (bad) => {
    expect(() => ApMask.of(bad)).toThrow(`expected an AP bit number from 0 to 255, got ${bad}`);
    expect(() => ApMask.EMPTY.with(bad)).toThrow(RangeError);
    expect(ApMask.FULL.has(bad)).toBe(false);
    expect(ApMask.FULL.without(bad)).toBe(ApMask.FULL);
  });

  test.each([0, 31, 33])('%s bytes are no mask', (length) => {
    expect(() => ApMask.fromBytes(new Uint8Array(length))).toThrow(`an AP mask has 32 bytes, got ${length}`);
  });
});
