/**
 * Goal: a static ELF64 executable for s390x comes into storage as its program headers say, and whatever else is refused with one message
 * that says what was expected, what came and where; no bytes at all make the reader break.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkFits, ElfError, loadSegments, readElf } from '../../../src/guest/s390x/elf.ts';
import { elfFile, programOf, type ElfFields } from './elf-file.ts';

const CODE = Uint8Array.of(0x07, 0xfe);
const FIELDS: ElfFields = {
  entry: 0x10000n,
  segments: [
    { physical: 0x10000n, data: CODE },
    { physical: 0n, data: Uint8Array.of(1, 2, 3), memorySize: 8n },
  ],
};

const into = (storage: Uint8Array) => ({ write: (address: number, bytes: Uint8Array): void => storage.set(bytes, address) });

function refusalOf(bytes: Uint8Array, storage = 1 << 20): string {
  try {
    checkFits(readElf(bytes), storage);
  } catch (error) {
    if (error instanceof ElfError) return error.message;
    throw error;
  }
  throw new Error('expected an ElfError, got an image');
}

describe('a program', () => {
  test('is its entry and its segments by address, empty ones and other headers left out', () => {
    const more = [
      { type: 4, physical: 0n, data: CODE },
      { physical: 0x10000n, memorySize: 0n },
    ];
    const { entry, segments, end } = readElf(elfFile({ ...FIELDS, segments: [...FIELDS.segments, ...more] }));
    expect({ entry, end }).toEqual({ entry: 0x10000, end: 0x10002 });
    expect(segments.map(({ address, size, data }) => [address, size, [...data]])).toEqual([
      [0, 8, [1, 2, 3]],
      [0x10000, 2, [7, 0xfe]],
    ]);
  });

  test('lies in storage where its headers say, and what the file has not of it is zero', () => {
    const storage = new Uint8Array(0x10010).fill(0xff);
    loadSegments(readElf(elfFile(FIELDS)), into(storage));
    expect([...storage.subarray(0, 10)]).toEqual([1, 2, 3, 0, 0, 0, 0, 0, 0xff, 0xff]);
    expect([...storage.subarray(0x0fffe)].slice(0, 5)).toEqual([0xff, 0xff, 7, 0xfe, 0xff]);
  });

  test('that was linked for another address than it is loaded to begins where its first instruction has come to', () => {
    const segments = [{ physical: 0x20000n, virtual: 0x8000_0000n, data: new Uint8Array(16) }];
    expect(readElf(elfFile({ entry: 0x8000_0004n, segments })).entry).toBe(0x20004);
  });

  test('may be part of a larger buffer', () => {
    const file = elfFile(FIELDS);
    const larger = new Uint8Array(file.length + 20).fill(0xee);
    larger.set(file, 10);
    expect(readElf(larger.subarray(10, 10 + file.length))).toEqual(readElf(file));
  });
});

const segment = (more: Partial<ElfFields['segments'][number]>): Partial<ElfFields> => ({
  segments: [{ physical: 0x10000n, data: CODE, ...more }],
});

describe('is refused with what was expected, what came, and where:', () => {
  test.each<[string, Partial<ElfFields>, string]>([
    ['another class', { kind: 1 }, 'byte 4: expected class 64-bit (2), got 32-bit (1)'],
    ['another byte order', { order: 1, machine: 0x1600 }, 'byte 5: expected byte order big-endian (2), got little-endian (1)'],
    ['another version', { version: 7 }, 'byte 6: expected ELF version 1, got 7'],
    ['another machine', { machine: 62 }, 'byte 18: expected machine s390x (22), got x86-64 (62)'],
    ['a little-endian machine', { order: 1, machine: 0x3e00 }, 'byte 18: expected machine s390x (22), got x86-64 (62)'],
    ['a machine without a name', { machine: 999 }, 'byte 18: expected machine s390x (22), got 999'],
    [
      'what was not linked statically',
      { type: 3 },
      'byte 16: expected an executable (2), linked with -static -no-pie, got a shared object or position-independent executable (3)',
    ],
    ['no program headers', { headerCount: 0 }, 'byte 56: expected program headers, got none'],
    ['program headers of another size', { headerSize: 32 }, 'byte 54: expected program headers of 56 bytes, got 32'],
    [
      'program headers outside of the file',
      { headers: 0xffff_ffff_ffff_ff00n },
      'byte 32: expected program headers inside of the file of 181 bytes, got 2 from 0xffffffffffffff00 to 0xffffffffffffff70',
    ],
    ['nothing to load', segment({ type: 2 }), 'program headers: expected at least one segment to load, got none'],
    [
      'a program for a dynamic linker',
      segment({ type: 3 }),
      'program header 0: expected a static program, as there is no dynamic linker, got the name of an interpreter',
    ],
    [
      'a segment that the file ends in',
      segment({ fileSize: 3n, memorySize: 3n }),
      'program header 0: expected a segment inside of the file of 122 bytes, got bytes 0x78 to 0x7b',
    ],
    [
      'less in storage than in the file',
      segment({ memorySize: 1n }),
      'program header 0: expected at least the 2 bytes of the file in storage, got 1',
    ],
    [
      'an address beyond any storage',
      segment({ physical: 0xffff_ffff_ffff_fffen }),
      'program header 0: expected a segment below 0x10000000000000, got 0xfffffffffffffffe and 0x2 bytes',
    ],
    [
      'segments that overlap',
      { segments: [...FIELDS.segments, { physical: 0x10001n, data: CODE }] },
      'program header 2: expected a segment that overlaps no other, from 0x10002 on, got 0x10001',
    ],
    ['an entry in no segment', { entry: 0x10002n }, 'byte 24: expected an entry inside of a segment that is loaded, got 0x10002'],
    [
      'a segment outside of the storage',
      { ...segment({ physical: 0xfffffn }), entry: 0xfffffn },
      'program headers: expected segments inside of the 0x100000 bytes of storage, got one from 0xfffff to 0x100000',
    ],
  ])('%s', (_name, fields, message) => expect(refusalOf(elfFile({ ...FIELDS, ...fields }))).toBe(message));

  test.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(), 'byte 0: expected an ELF file, got an empty file'],
    ['a script', Buffer.from('#!/bin/sh\n'), 'byte 0: expected an ELF file, got "#!/b"'],
    ['other bytes', Uint8Array.of(0x7f, 0x45, 0x4c), 'byte 0: expected an ELF file, got 7f 45 4c'],
    ['half a header', elfFile(FIELDS).subarray(0, 63), 'the end of the file: expected an ELF header of 64 bytes, got 63 bytes'],
  ])('%s', (_name, bytes, message) => expect(refusalOf(bytes)).toBe(message));
});

test('whatever bytes stand in the headers, the answer is an image that can be loaded, or an ElfError', () => {
  const file = elfFile(FIELDS);
  const change = fc.record({ at: fc.nat({ max: file.length - 1 }), to: fc.nat({ max: 255 }) });
  let images = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat({ max: file.length }), (changes, cut) => {
      const bytes = cut % 4 === 0 ? file.slice(0, cut) : file.slice();
      for (const { at, to } of changes) if (at < bytes.length) bytes[at] = to;
      try {
        const image = readElf(bytes);
        checkFits(image, 1 << 20);
        loadSegments(image, into(new Uint8Array(1 << 20)));
        images++;
      } catch (error) {
        expect(error).toBeInstanceOf(ElfError);
      }
    }),
    { numRuns: 3000 },
  );
  expect(images).toBeGreaterThan(0);
});

test('a program of a few instructions is one segment', () => {
  expect(readElf(programOf(0x07, 0xfe))).toMatchObject({ entry: 0x10000, end: 0x10002 });
});
