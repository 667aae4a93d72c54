/**
 * Instructions whose operands are as long as registers say, done in units after which the registers tell how far they have come (Principles
 * of Operation, chapter 7: MVCL, CLCL, MVCLE, CLCLE, MVST, CLST, SRST, TRE, TROO, TROT, TRTO, TRTT, CKSM).
 */
import { address2, advance, load16, load8, mustBeEven, registerAddress, setRegisterAddress, store16, store8 } from '../access.ts';
import { compare } from '../alu.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import { specification } from '../program-exception.ts';
import { fill, firstDifference, move } from './bytes.ts';
import type { Handlers } from './handlers.ts';
import { PART, cutAddress, fullLength, mustBePairs, shorten, step } from './operand-registers.ts';

/** Bytes of a unit. */
const UNIT = 256;
const TWO_32 = 0x1_0000_0000;

/** The lengths of MVCL and CLCL have 24 bits; what stands before them stays. */
function shortLength(c: Cpu, register: number): number {
  return c.lo[register]! & 0xff_ffff;
}

/** Does the destination begin inside of the part of the source that will be moved? */
function destructive(to: number, from: number, length: number): boolean {
  return length > 1 && to > from && to < from + length;
}

/** MOVE LONG: up to 16 MiB in one go. */
function mvcl(c: Cpu, i: Instruction): void {
  mustBePairs(i.r1, i.r2);
  const pad = c.lo[i.r2 + 1]! >>> 24;
  const [own, other] = [shortLength(c, i.r1 + 1), shortLength(c, i.r2 + 1)];
  cutAddress(c, i.r1);
  cutAddress(c, i.r2);
  if (destructive(registerAddress(c, i.r1), registerAddress(c, i.r2), Math.min(own, other))) {
    c.cc = 3;
    return;
  }
  for (;;) {
    const left = shortLength(c, i.r1 + 1);
    if (left === 0) break;
    const source = shortLength(c, i.r2 + 1);
    const bytes = Math.min(UNIT, left, source === 0 ? UNIT : source);
    if (source === 0) fill(c, registerAddress(c, i.r1), pad, bytes);
    else {
      move(c, registerAddress(c, i.r1), registerAddress(c, i.r2), bytes);
      if (i.r2 !== i.r1) step24(c, i.r2, bytes);
    }
    step24(c, i.r1, bytes);
  }
  compare(c, own, other);
}

/** Address and 24-bit length, which never goes below zero. */
function step24(c: Cpu, pair: number, bytes: number): void {
  advance(c, pair, bytes);
  c.lo[pair + 1] = c.lo[pair + 1]! - bytes;
}

/** The next byte of an operand, or the padding one behind its end. */
function byteOrPad(c: Cpu, pair: number, length: number, pad: number): number {
  return length === 0 ? pad : load8(c, registerAddress(c, pair));
}

function clcl(c: Cpu, i: Instruction): void {
  mustBePairs(i.r1, i.r2);
  const pad = c.lo[i.r2 + 1]! >>> 24;
  cutAddress(c, i.r1);
  cutAddress(c, i.r2);
  for (;;) {
    const [own, other] = [shortLength(c, i.r1 + 1), shortLength(c, i.r2 + 1)];
    if (own === 0 && other === 0) break;
    const common = Math.min(own, other, UNIT);
    const same = common === 0 ? 0 : firstDifference(c, registerAddress(c, i.r1), registerAddress(c, i.r2), common);
    step24(c, i.r1, same);
    if (i.r2 !== i.r1) step24(c, i.r2, same);
    if (common > 0 && same === common) continue;
    const [a, b] = [byteOrPad(c, i.r1, own - same, pad), byteOrPad(c, i.r2, other - same, pad)];
    compare(c, a, b);
    if (c.cc !== 0) return;
    if (own > same) step24(c, i.r1, 1);
    if (other > same) step24(c, i.r2, 1);
  }
  c.cc = 0;
}

/** MOVE LONG EXTENDED: lengths as wide as addresses, the padding byte is part of the second operand's address field. */
function mvcle(c: Cpu, i: Instruction): void {
  mustBePairs(i.r1, i.r3);
  const pad = address2(c, i) & 0xff;
  const [own, other] = [fullLength(c, i.r1 + 1), fullLength(c, i.r3 + 1)];
  cutAddress(c, i.r1);
  cutAddress(c, i.r3);
  let done = 0;
  while (done < PART) {
    const left = fullLength(c, i.r1 + 1);
    if (left === 0) {
      compare(c, own, other);
      return;
    }
    const source = fullLength(c, i.r3 + 1);
    const bytes = Math.min(UNIT, left, source === 0 ? UNIT : source);
    if (source === 0) fill(c, registerAddress(c, i.r1), pad, bytes);
    else {
      move(c, registerAddress(c, i.r1), registerAddress(c, i.r3), bytes);
      if (i.r3 !== i.r1) step(c, i.r3, bytes);
    }
    step(c, i.r1, bytes);
    done += bytes;
  }
  if (fullLength(c, i.r1 + 1) === 0) compare(c, own, other);
  else c.cc = 3;
}

function clcle(c: Cpu, i: Instruction): void {
  mustBePairs(i.r1, i.r3);
  const pad = address2(c, i) & 0xff;
  cutAddress(c, i.r1);
  cutAddress(c, i.r3);
  for (let done = 0; done < PART; done++) {
    const [own, other] = [fullLength(c, i.r1 + 1), fullLength(c, i.r3 + 1)];
    c.cc = 0;
    if (own === 0 && other === 0) return;
    compare(c, byteOrPad(c, i.r1, own, pad), byteOrPad(c, i.r3, other, pad));
    if (c.cc !== 0) return;
    if (own > 0) step(c, i.r1, 1);
    if (other > 0 && i.r3 !== i.r1) step(c, i.r3, 1);
  }
  if (fullLength(c, i.r1 + 1) > 0 || fullLength(c, i.r3 + 1) > 0) c.cc = 3;
}

/** The byte that ends strings: GR0, of which bits 32-55 must be zero. */
function endingByte(c: Cpu): number {
  if ((c.lo[0]! & ~0xff) !== 0) throw specification('bits 32-55 of general register 0 are not zero');
  return c.lo[0]!;
}

function mvst(c: Cpu, i: Instruction): void {
  const end = endingByte(c);
  const [to, from] = [registerAddress(c, i.r1), registerAddress(c, i.r2)];
  for (let n = 0; n < PART; n++) {
    const value = load8(c, from + n);
    store8(c, to + n, value);
    if (value !== end) continue;
    advance(c, i.r1, n);
    c.cc = 1;
    return;
  }
  advance(c, i.r1, PART);
  advance(c, i.r2, PART);
  c.cc = 3;
}

function clst(c: Cpu, i: Instruction): void {
  const end = endingByte(c);
  const [first, second] = [registerAddress(c, i.r1), registerAddress(c, i.r2)];
  for (let n = 0; n < PART; n++) {
    const [a, b] = [load8(c, first + n), load8(c, second + n)];
    if (a === b && a !== end) continue;
    if (a === b) {
      c.cc = 0;
      return;
    }
    c.cc = a === end || (b !== end && a < b) ? 1 : 2;
    advance(c, i.r1, n);
    advance(c, i.r2, n);
    return;
  }
  advance(c, i.r1, PART);
  advance(c, i.r2, PART);
  c.cc = 3;
}

/** SEARCH STRING for a byte (or a character of two): from R2 on, before R1. */
function search(c: Cpu, i: Instruction, width: 1 | 2): void {
  if (width === 2 && c.lo[0]! >>> 16 !== 0) throw specification('bits 32-47 of general register 0 are not zero');
  const wanted = width === 1 ? endingByte(c) : c.lo[0]!;
  const [end, from] = [registerAddress(c, i.r1), registerAddress(c, i.r2)];
  for (let n = 0; n < PART; n += width) {
    const at = from + n;
    if (width === 1 ? at === end : at === end || at === end + 1) {
      c.cc = 2;
      return;
    }
    if ((width === 1 ? load8(c, at) : load16(c, at) & 0xffff) !== wanted) continue;
    setRegisterAddress(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!);
    advance(c, i.r1, n);
    c.cc = 1;
    return;
  }
  advance(c, i.r2, PART);
  c.cc = 3;
}

/** TRANSLATE EXTENDED: stops at the test byte in GR0. */
function tre(c: Cpu, i: Instruction): void {
  mustBeEven(i.r1);
  const test = c.lo[0]! & 0xff;
  const table = registerAddress(c, i.r2);
  cutAddress(c, i.r1);
  for (let n = 0; n < PART; n++) {
    if (fullLength(c, i.r1 + 1) === 0) {
      c.cc = 0;
      return;
    }
    const at = registerAddress(c, i.r1);
    const value = load8(c, at);
    if (value === test) {
      c.cc = 1;
      return;
    }
    store8(c, at, load8(c, table + value));
    step(c, i.r1, 1);
  }
  c.cc = fullLength(c, i.r1 + 1) === 0 ? 0 : 3;
}

/** TRANSLATE ONE or TWO TO ONE or TWO: source R2, destination and length of the source R1, table GR1 (on a doubleword), test character GR0. */
function translate(c: Cpu, i: Instruction, fromWidth: 1 | 2, toWidth: 1 | 2): void {
  mustBeEven(i.r1);
  if (fullLength(c, i.r1 + 1) % fromWidth !== 0) throw specification('the length is odd');
  const table = registerAddress(c, 1) - (registerAddress(c, 1) % 8);
  const test = c.lo[0]! & (toWidth === 1 ? 0xff : 0xffff);
  cutAddress(c, i.r1);
  cutAddress(c, i.r2);
  for (let n = 0; n < PART && fullLength(c, i.r1 + 1) > 0; n++) {
    const [to, from] = [registerAddress(c, i.r1), registerAddress(c, i.r2)];
    const character = fromWidth === 1 ? load8(c, from) : load16(c, from) & 0xffff;
    const value = toWidth === 1 ? load8(c, table + character) : load16(c, table + 2 * character) & 0xffff;
    // Bit 3 of the mask: without test.
    if ((i.m3 & 1) === 0 && value === test) {
      c.cc = 1;
      return;
    }
    if (toWidth === 1) store8(c, to, value);
    else store16(c, to, value);
    advance(c, i.r1, toWidth);
    shorten(c, i.r1 + 1, fromWidth);
    advance(c, i.r2, fromWidth);
  }
  c.cc = fullLength(c, i.r1 + 1) === 0 ? 0 : 3;
}

/** CHECKSUM: words of the second operand, filled up with zeros, added with the carry coming in again from the right. */
function cksm(c: Cpu, i: Instruction): void {
  mustBeEven(i.r2);
  let sum = c.lo[i.r1]! >>> 0;
  cutAddress(c, i.r2);
  for (let n = 0; n < PART && fullLength(c, i.r2 + 1) > 0; n += 4) {
    const bytes = Math.min(4, fullLength(c, i.r2 + 1));
    const at = registerAddress(c, i.r2);
    let word = 0;
    for (let byte = 0; byte < bytes; byte++) word += load8(c, at + byte) * 2 ** (24 - 8 * byte);
    sum += word;
    if (sum >= TWO_32) sum -= 0xffff_ffff;
    c.lo[i.r1] = sum | 0;
    step(c, i.r2, bytes);
  }
  c.cc = fullLength(c, i.r2 + 1) === 0 ? 0 : 3;
}

export const LONG_OPERANDS: Handlers = {
  mvcl,
  clcl,
  mvcle,
  clcle,
  mvst,
  clst,
  srst: (c, i) => search(c, i, 1),
  srstu: (c, i) => search(c, i, 2),
  tre,
  troo: (c, i) => translate(c, i, 1, 1),
  trot: (c, i) => translate(c, i, 1, 2),
  trto: (c, i) => translate(c, i, 2, 1),
  trtt: (c, i) => translate(c, i, 2, 2),
  cksm,
};
