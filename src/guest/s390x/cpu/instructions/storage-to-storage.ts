/**
 * Instructions on two fields in storage of up to 256 bytes: moves, logical operations, comparison, translation, packing (Principles of
 * Operation, chapter 7: MVC, MVCIN, MVN, MVZ, MVO, NC, OC, XC, CLC, TR, TRT, TRTR, PACK, UNPK and their ASCII and Unicode forms).
 */
import { address1, address2, checkFetch, checkStore, load8, store8 } from '../access.ts';
import { compare } from '../alu.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import { specification } from '../program-exception.ts';
import { fill, firstDifference, move } from './bytes.ts';
import type { Handlers } from './handlers.ts';

type Combine = (own: number, other: number) => number;

/** Byte by byte from the left; whatever may be refused is so before the first store. Answers the OR of all results. */
function combine(c: Cpu, i: Instruction, how: Combine): number {
  const [to, from, length] = [address1(c, i), address2(c, i), i.l1 + 1];
  checkFetch(c, from, length);
  checkStore(c, to, length);
  let any = 0;
  for (let n = 0; n < length; n++) {
    const value = how(load8(c, to + n), load8(c, from + n));
    store8(c, to + n, value);
    any |= value;
  }
  return any;
}

const and: Combine = (own, other) => own & other;
const or: Combine = (own, other) => own | other;
const xor: Combine = (own, other) => own ^ other;
const numerics: Combine = (own, other) => (own & 0xf0) | (other & 0x0f);
const zones: Combine = (own, other) => (own & 0x0f) | (other & 0xf0);

/** An operand combined with itself is how programs clear storage. */
function xc(c: Cpu, i: Instruction): void {
  const to = address1(c, i);
  if (to === address2(c, i)) {
    fill(c, to, 0, i.l1 + 1);
    c.cc = 0;
  } else c.cc = combine(c, i, xor) === 0 ? 0 : 1;
}

function clc(c: Cpu, i: Instruction): void {
  const [first, second] = [address1(c, i), address2(c, i)];
  const at = firstDifference(c, first, second, i.l1 + 1);
  if (at > i.l1) c.cc = 0;
  else compare(c, load8(c, first + at), load8(c, second + at));
}

/** MOVE INVERSE: the second address is that of its rightmost byte. */
function mvcin(c: Cpu, i: Instruction): void {
  const [to, from, length] = [address1(c, i), address2(c, i), i.l1 + 1];
  for (let n = 0; n < length; n++) load8(c, before(c, from, n));
  checkStore(c, to, length);
  for (let n = 0; n < length; n++) store8(c, to + n, load8(c, before(c, from, n)));
}

/** An address to the left of another one; below zero it wraps, which in 64-bit mode means far outside of the storage. */
function before(c: Cpu, address: number, bytes: number): number {
  const at = address - bytes;
  if (at >= 0) return at;
  return c.mode64 ? Number.MAX_SAFE_INTEGER : at & c.addressMask;
}

/** Each byte becomes the one that the table at the second address has for it. */
function tr(c: Cpu, i: Instruction): void {
  const [to, table, length] = [address1(c, i), address2(c, i), i.l1 + 1];
  checkStore(c, to, length);
  checkFetch(c, table, 256);
  for (let n = 0; n < length; n++) store8(c, to + n, load8(c, table + load8(c, to + n)));
}

/** Looks for a byte for which the table has something other than zero: its address to GR1, what the table has to GR2. */
function translateAndTest(c: Cpu, i: Instruction, direction: 1 | -1): void {
  const [first, table] = [address1(c, i), address2(c, i)];
  for (let n = 0; n <= i.l1; n++) {
    const address = direction === 1 ? first + n : before(c, first, n);
    const value = load8(c, table + load8(c, address));
    if (value === 0) continue;
    const low = address | 0;
    if (c.mode64) c.hi[1] = Math.floor(address / 0x1_0000_0000);
    c.lo[1] = c.mode === 24 ? (c.lo[1]! & ~0xff_ffff) | (low & 0xff_ffff) : c.mode64 ? low : low & 0x7fff_ffff;
    c.lo[2] = (c.lo[2]! & ~0xff) | value;
    c.cc = n === i.l1 ? 2 : 1;
    return;
  }
  c.cc = 0;
}

/** The bytes of an operand, as they were before anything is stored. */
function operand(c: Cpu, address: number, length: number): number[] {
  return Array.from({ length }, (_, n) => load8(c, address + n));
}

/** Stores from the right, overlapping operands as if byte by byte: each source byte is read when it is needed. */
function pack(c: Cpu, i: Instruction): void {
  const [to, from] = [address1(c, i), address2(c, i)];
  checkFetch(c, from, i.l2 + 1);
  checkStore(c, to, i.l1 + 1);
  let source = i.l2;
  const last = load8(c, from + source--);
  store8(c, to + i.l1, (last >> 4) | ((last << 4) & 0xf0));
  for (let n = i.l1 - 1; n >= 0; n--) {
    const right = source >= 0 ? load8(c, from + source--) & 0xf : 0;
    const left = source >= 0 ? load8(c, from + source--) & 0xf : 0;
    store8(c, to + n, (left << 4) | right);
  }
}

function unpk(c: Cpu, i: Instruction): void {
  const [to, from] = [address1(c, i), address2(c, i)];
  checkFetch(c, from, i.l2 + 1);
  checkStore(c, to, i.l1 + 1);
  let source = i.l2;
  const last = load8(c, from + source--);
  store8(c, to + i.l1, (last >> 4) | ((last << 4) & 0xf0));
  for (let n = i.l1 - 1; n >= 0;) {
    const digits = source >= 0 ? load8(c, from + source--) : 0;
    store8(c, to + n--, 0xf0 | (digits & 0xf));
    if (n >= 0) store8(c, to + n--, 0xf0 | (digits >> 4));
  }
}

/** MOVE WITH OFFSET: digits to the left of the last digit of the first operand. */
function mvo(c: Cpu, i: Instruction): void {
  const [to, from] = [address1(c, i), address2(c, i)];
  checkFetch(c, from, i.l2 + 1);
  checkStore(c, to, i.l1 + 1);
  let source = i.l2;
  let low = load8(c, to + i.l1) & 0xf;
  for (let n = i.l1; n >= 0; n--) {
    const digits = source >= 0 ? load8(c, from + source--) : 0;
    store8(c, to + n, ((digits & 0xf) << 4) | low);
    low = digits >> 4;
  }
}

/** PACK ASCII and UNICODE: up to 31 digits from characters of 1 or 2 bytes to 16 bytes with a positive sign. */
function packCharacters(c: Cpu, i: Instruction, width: 1 | 2): void {
  const length = i.l2 + 1;
  if (length > 32 * width || length % width !== 0) throw specification(`${i.mnemonic} with a second operand of ${length} bytes`);
  const [to, from] = [address1(c, i), address2(c, i)];
  const digits = operand(c, from, length).filter((_, n) => n % width === width - 1);
  checkStore(c, to, 16);
  const nibbles = [...Array.from({ length: 32 }, () => 0), ...digits.map((digit) => digit & 0xf), 0xc].slice(-32);
  for (let n = 0; n < 16; n++) store8(c, to + n, (nibbles[2 * n]! << 4) | nibbles[2 * n + 1]!);
}

/** UNPACK ASCII and UNICODE: the other way. Condition code: 0 plus, 1 minus, 3 no sign. */
function unpackCharacters(c: Cpu, i: Instruction, width: 1 | 2): void {
  const length = i.l1 + 1;
  if (length > 32 * width || length % width !== 0) throw specification(`${i.mnemonic} with a first operand of ${length} bytes`);
  const [to, from] = [address1(c, i), address2(c, i)];
  const nibbles = operand(c, from, 16).flatMap((byte) => [byte >> 4, byte & 0xf]);
  checkStore(c, to, length);
  const sign = nibbles.pop()!;
  for (let n = length / width - 1; n >= 0; n--) {
    if (width === 2) store8(c, to + 2 * n, 0);
    store8(c, to + width * n + width - 1, 0x30 | (nibbles.pop() ?? 0));
  }
  c.cc = [0xa, 0xc, 0xe, 0xf].includes(sign) ? 0 : sign === 0xb || sign === 0xd ? 1 : 3;
}

export const STORAGE_TO_STORAGE: Handlers = {
  mvc: (c, i) => {
    const from = address2(c, i);
    move(c, address1(c, i), from, i.l1 + 1);
  },
  nc: (c, i) => void (c.cc = combine(c, i, and) === 0 ? 0 : 1),
  oc: (c, i) => void (c.cc = combine(c, i, or) === 0 ? 0 : 1),
  xc,
  clc,
  mvn: (c, i) => void combine(c, i, numerics),
  mvz: (c, i) => void combine(c, i, zones),
  mvcin,
  /** MOVE RIGHT TO LEFT: the length is in GR0. */
  mvcrl: (c, i) => {
    const [to, from, length] = [address1(c, i), address2(c, i), (c.lo[0]! & 0xff) + 1];
    checkFetch(c, from, length);
    checkStore(c, to, length);
    for (let n = length - 1; n >= 0; n--) store8(c, to + n, load8(c, from + n));
  },
  tr,
  trt: (c, i) => translateAndTest(c, i, 1),
  trtr: (c, i) => translateAndTest(c, i, -1),
  pack,
  unpk,
  mvo,
  pka: (c, i) => packCharacters(c, i, 1),
  pku: (c, i) => packCharacters(c, i, 2),
  unpka: (c, i) => unpackCharacters(c, i, 1),
  unpku: (c, i) => unpackCharacters(c, i, 2),
};
