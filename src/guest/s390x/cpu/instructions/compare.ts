/**
 * Comparisons that set the condition code, signed and logical, and comparisons that trap (Principles of Operation, chapter 7: COMPARE,
 * COMPARE LOGICAL, COMPARE HALFWORD, COMPARE AND TRAP, and their relative, immediate and high-word forms).
 */
import { address1, address2, addressX, load16, load32, load8, mustBeAligned, relativeAddress } from '../access.ts';
import { compare, order64, ordered, orderLogical64 } from '../alu.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import { DataException, DXC_TRAP } from '../program-exception.ts';
import type { Handlers } from './handlers.ts';

/** COMPARE RELATIVE LONG: the operand must lie on its own boundary. */
function relative(c: Cpu, i: Instruction, bytes: number): number {
  const address = relativeAddress(c, i);
  mustBeAligned(address, bytes);
  return address;
}

function logical(c: Cpu, a: number, b: number): void {
  compare(c, a >>> 0, b >>> 0);
}

/** A register and a signed word, as 64 bits. */
function signedWord(c: Cpu, i: Instruction, value: number): void {
  ordered(c, order64(c, i.r1, value >> 31, value));
}

function logicalWord(c: Cpu, i: Instruction, value: number): void {
  ordered(c, orderLogical64(c, i.r1, 0, value));
}

function signedDoubleword(c: Cpu, i: Instruction, address: number): void {
  const hi = load32(c, address);
  ordered(c, order64(c, i.r1, hi, load32(c, address + 4)));
}

function logicalDoubleword(c: Cpu, i: Instruction, address: number): void {
  const hi = load32(c, address);
  ordered(c, orderLogical64(c, i.r1, hi, load32(c, address + 4)));
}

const SIGNED: Handlers = {
  cr: (c, i) => compare(c, c.lo[i.r1]!, c.lo[i.r2]!),
  c: (c, i) => compare(c, c.lo[i.r1]!, load32(c, addressX(c, i))),
  ch: (c, i) => compare(c, c.lo[i.r1]!, load16(c, addressX(c, i))),
  chi: (c, i) => compare(c, c.lo[i.r1]!, i.i2),
  crl: (c, i) => compare(c, c.lo[i.r1]!, load32(c, relative(c, i, 4))),
  chrl: (c, i) => compare(c, c.lo[i.r1]!, load16(c, relative(c, i, 2))),
  chhsi: (c, i) => compare(c, load16(c, address1(c, i)), i.i2),
  chsi: (c, i) => compare(c, load32(c, address1(c, i)), i.i2),
  cghsi: (c, i) => {
    const address = address1(c, i);
    const hi = load32(c, address);
    const lo = load32(c, address + 4);
    const sign = i.i2 >> 31;
    if (hi !== sign) compare(c, hi, sign);
    else compare(c, lo >>> 0, i.i2 >>> 0);
  },
  cgr: (c, i) => ordered(c, order64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!)),
  cgfr: (c, i) => signedWord(c, i, c.lo[i.r2]!),
  cghi: (c, i) => signedWord(c, i, i.i2),
  cg: (c, i) => signedDoubleword(c, i, addressX(c, i)),
  cgf: (c, i) => signedWord(c, i, load32(c, addressX(c, i))),
  cgh: (c, i) => signedWord(c, i, load16(c, addressX(c, i))),
  cgrl: (c, i) => signedDoubleword(c, i, relative(c, i, 8)),
  cgfrl: (c, i) => signedWord(c, i, load32(c, relative(c, i, 4))),
  cghrl: (c, i) => signedWord(c, i, load16(c, relative(c, i, 2))),
  chhr: (c, i) => compare(c, c.hi[i.r1]!, c.hi[i.r2]!),
  chlr: (c, i) => compare(c, c.hi[i.r1]!, c.lo[i.r2]!),
  chf: (c, i) => compare(c, c.hi[i.r1]!, load32(c, addressX(c, i))),
  cih: (c, i) => compare(c, c.hi[i.r1]!, i.i2),
};

const LOGICAL: Handlers = {
  clr: (c, i) => logical(c, c.lo[i.r1]!, c.lo[i.r2]!),
  cl: (c, i) => logical(c, c.lo[i.r1]!, load32(c, addressX(c, i))),
  clfi: (c, i) => logical(c, c.lo[i.r1]!, i.i2),
  clrl: (c, i) => logical(c, c.lo[i.r1]!, load32(c, relative(c, i, 4))),
  clhrl: (c, i) => logical(c, c.lo[i.r1]!, load16(c, relative(c, i, 2)) & 0xffff),
  cli: (c, i) => compare(c, load8(c, address1(c, i)), i.i2),
  clhhsi: (c, i) => compare(c, load16(c, address1(c, i)) & 0xffff, i.i2),
  clfhsi: (c, i) => logical(c, load32(c, address1(c, i)), i.i2),
  clghsi: (c, i) => {
    const address = address1(c, i);
    const hi = load32(c, address);
    const lo = load32(c, address + 4);
    if (hi !== 0) c.cc = 2;
    else logical(c, lo, i.i2);
  },
  clgr: (c, i) => ordered(c, orderLogical64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!)),
  clgfr: (c, i) => logicalWord(c, i, c.lo[i.r2]!),
  clgfi: (c, i) => logicalWord(c, i, i.i2),
  clg: (c, i) => logicalDoubleword(c, i, addressX(c, i)),
  clgf: (c, i) => logicalWord(c, i, load32(c, addressX(c, i))),
  clgrl: (c, i) => logicalDoubleword(c, i, relative(c, i, 8)),
  clgfrl: (c, i) => logicalWord(c, i, load32(c, relative(c, i, 4))),
  clghrl: (c, i) => logicalWord(c, i, load16(c, relative(c, i, 2)) & 0xffff),
  clhhr: (c, i) => logical(c, c.hi[i.r1]!, c.hi[i.r2]!),
  clhlr: (c, i) => logical(c, c.hi[i.r1]!, c.lo[i.r2]!),
  clhf: (c, i) => logical(c, c.hi[i.r1]!, load32(c, addressX(c, i))),
  clih: (c, i) => logical(c, c.hi[i.r1]!, i.i2),
};

/** Traps when the mask names what came out: 8 equal, 4 low, 2 high. */
function trap(i: Instruction, order: number): void {
  const bit = order === 0 ? 8 : order < 0 ? 4 : 2;
  if ((i.m3 & bit) !== 0) throw new DataException(DXC_TRAP, `${i.mnemonic} trapped`);
}

function sign(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

const TRAP: Handlers = {
  crt: (c, i) => trap(i, sign(c.lo[i.r1]!, c.lo[i.r2]!)),
  cgrt: (c, i) => trap(i, order64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!)),
  cit: (c, i) => trap(i, sign(c.lo[i.r1]!, i.i2)),
  cgit: (c, i) => trap(i, order64(c, i.r1, i.i2 >> 31, i.i2)),
  clrt: (c, i) => trap(i, sign(c.lo[i.r1]! >>> 0, c.lo[i.r2]! >>> 0)),
  clgrt: (c, i) => trap(i, orderLogical64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!)),
  clfit: (c, i) => trap(i, sign(c.lo[i.r1]! >>> 0, i.i2)),
  clgit: (c, i) => trap(i, orderLogical64(c, i.r1, 0, i.i2)),
  clt: (c, i) => trap(i, sign(c.lo[i.r1]! >>> 0, load32(c, address2(c, i)) >>> 0)),
  clgt: (c, i) => {
    const address = address2(c, i);
    const hi = load32(c, address);
    trap(i, orderLogical64(c, i.r1, hi, load32(c, address + 4)));
  },
};

export const COMPARE: Handlers = {
  ...SIGNED,
  ...LOGICAL,
  ...TRAP,
  cy: SIGNED['c']!,
  chy: SIGNED['ch']!,
  cfi: SIGNED['chi']!,
  cgfi: SIGNED['cghi']!,
  cly: LOGICAL['cl']!,
  cliy: LOGICAL['cli']!,
};
