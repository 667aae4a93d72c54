/**
 * Conversions between UTF-8, UTF-16 and UTF-32 (Principles of Operation, chapter 7: CU12, CU14, CU21, CU24, CU41, CU42). Condition code 0: the
 * source is used up; 1: the destination is full; 2: a character is invalid; 3: there is more to do.
 */
import { load16, load32, load8, registerAddress, store16, store32, store8 } from '../access.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import type { Handlers } from './handlers.ts';
import { PART, cutAddress, fullLength, mustBePairs, step } from './operand-registers.ts';

/** In place of the bytes of a character. */
const INCOMPLETE = 0;
const INVALID = -1;

/** Where a character begins, how many bytes the operand still has, and whether it has to be well-formed (bit 3 of the mask). */
interface Place {
  readonly address: number;
  readonly left: number;
  readonly strict: boolean;
}

/** Takes a character: how many bytes it has, and its number. */
type Read = (c: Cpu, place: Place) => readonly [bytes: number, character: number];
/** Puts a character: how many bytes it needs, and their stores. */
interface Write {
  bytes(character: number): number;
  store(c: Cpu, address: number, character: number): void;
}

const nothing = [INCOMPLETE, 0] as const;
const invalid = [INVALID, 0] as const;

/** Smallest number that a UTF-8 character of so many bytes stands for. */
const SMALLEST = [0, 0, 0x80, 0x800, 0x1_0000];

/** Length of a UTF-8 character by its first byte. */
function lengthOf(first: number, strict: boolean): number {
  if (first < 0x80) return 1;
  if (first < (strict ? 0xc2 : 0xc0)) return INVALID;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < (strict ? 0xf5 : 0xf8) ? 4 : INVALID;
}

const isSurrogate = (character: number): boolean => character >= 0xd800 && character < 0xe000;

const utf8: Read = (c, { address, left, strict }) => {
  if (left < 1) return nothing;
  const first = load8(c, address);
  const length = lengthOf(first, strict);
  if (length === INVALID) return invalid;
  if (left < length) return nothing;
  let character = length === 1 ? first : first & (0x7f >> length);
  let continued = true;
  for (let n = 1; n < length; n++) {
    const byte = load8(c, address + n);
    continued &&= (byte & 0xc0) === 0x80;
    character = (character << 6) | (byte & 0x3f);
  }
  const wellFormed = continued && character >= SMALLEST[length]! && !isSurrogate(character) && character <= 0x10_ffff;
  return strict && !wellFormed ? invalid : [length, character];
};

const utf16: Read = (c, { address, left, strict }) => {
  if (left < 2) return nothing;
  const first = load16(c, address) & 0xffff;
  if ((first & 0xfc00) !== 0xd800) return [2, first];
  if (left < 4) return nothing;
  const second = load16(c, address + 2) & 0xffff;
  if (strict && (second & 0xfc00) !== 0xdc00) return invalid;
  return [4, 0x1_0000 + ((first & 0x3ff) << 10) + (second & 0x3ff)];
};

const utf32: Read = (c, { address, left }) => {
  if (left < 4) return nothing;
  const character = load32(c, address) >>> 0;
  return (character >= 0xd800 && character < 0xdc00) || character > 0x10_ffff ? invalid : [4, character];
};

const toUtf8: Write = {
  bytes: (character) => (character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x1_0000 ? 3 : 4),
  store: (c, address, character) => {
    const bytes = toUtf8.bytes(character);
    const mark = bytes === 1 ? 0 : (0xf00 >> bytes) & 0xff;
    store8(c, address, mark | (character >> (6 * (bytes - 1))));
    for (let n = 1; n < bytes; n++) store8(c, address + n, 0x80 | ((character >> (6 * (bytes - 1 - n))) & 0x3f));
  },
};

const toUtf16: Write = {
  bytes: (character) => (character < 0x1_0000 ? 2 : 4),
  store: (c, address, character) => {
    if (character < 0x1_0000) store16(c, address, character);
    else {
      // Of the plane less one four bits are kept, also where there is no such plane.
      const plane = ((character >> 16) - 1) & 0xf;
      store32(c, address, ((0xd800 | (plane << 6) | ((character >> 10) & 0x3f)) << 16) | 0xdc00 | (character & 0x3ff));
    }
  },
};

const toUtf32: Write = { bytes: () => 4, store: store32 };

const convert =
  (read: Read, write: Write) =>
  (c: Cpu, i: Instruction): void => {
    mustBePairs(i.r1, i.r2);
    const strict = (i.m3 & 1) !== 0;
    cutAddress(c, i.r1);
    cutAddress(c, i.r2);
    for (let n = 0; n < PART; n++) {
      const [length, character] = read(c, { address: registerAddress(c, i.r2), left: fullLength(c, i.r2 + 1), strict });
      const bytes = write.bytes(character);
      c.cc = length === INCOMPLETE ? 0 : length === INVALID ? 2 : fullLength(c, i.r1 + 1) < bytes ? 1 : 3;
      if (c.cc !== 3) return;
      write.store(c, registerAddress(c, i.r1), character);
      step(c, i.r1, bytes);
      step(c, i.r2, length);
    }
  };

export const UNICODE: Handlers = {
  cu12: convert(utf8, toUtf16),
  cu14: convert(utf8, toUtf32),
  cu21: convert(utf16, toUtf8),
  cu24: convert(utf16, toUtf32),
  cu41: convert(utf32, toUtf8),
  cu42: convert(utf32, toUtf16),
};
