/**
 * Branches, and changes of the addressing mode (Principles of Operation, chapter 7 and 5: BRANCH ON CONDITION, ON COUNT, ON INDEX, AND SAVE,
 * AND LINK, AND SET MODE, COMPARE AND BRANCH and their relative forms, SAM, TAM). The loop has put the next sequential instruction into
 * `ia` before one of these is executed.
 */
import { address2, address4, addressX, load32 } from '../access.ts';
import { order64, orderLogical64 } from '../alu.ts';
import type { AddressingMode, Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import { specification } from '../program-exception.ts';
import type { Handlers } from './handlers.ts';

/** To the relative target. */
function jump(c: Cpu, i: Instruction): void {
  c.ia = c.mode64 ? i.target : i.target & c.addressMask;
}

function toRegister(c: Cpu, register: number): void {
  c.branchTo(c.hi[register]!, c.lo[register]!);
}

/** To a storage operand's address. One that is not below 2^52 is far outside of the storage; its last 32 bits are kept. */
function toAddress(c: Cpu, address: number): void {
  c.ia = address;
}

/** Link information of BASR, BRAS and their like: the next address, with the basic addressing mode bit in 31-bit mode. */
function save(c: Cpu, i: Instruction): void {
  if (c.mode64) {
    c.hi[i.r1] = Math.floor(i.next / 0x1_0000_0000);
    c.lo[i.r1] = i.next | 0;
  } else c.lo[i.r1] = c.mode === 31 ? (i.next & 0x7fff_ffff) | 0x8000_0000 : i.next & 0xff_ffff;
}

/** Link information of BALR: in 24-bit mode instruction-length code, condition code and program mask stand in front of the address. */
function link(c: Cpu, i: Instruction): void {
  if (c.mode === 24) c.lo[i.r1] = ((i.length / 2) << 30) | (c.cc << 28) | (c.programMask << 24) | (i.next & 0xff_ffff);
  else save(c, i);
}

function holds(c: Cpu, i: Instruction): boolean {
  return (i.m1 & (8 >> c.cc)) !== 0;
}

const ON_CONDITION: Handlers = {
  /** Register 0 means no branch: with mask 15 or 14 a serialization. */
  bcr: (c, i) => {
    if ((i.m1 & (8 >> c.cc)) !== 0 && i.r2 !== 0) toRegister(c, i.r2);
  },
  bc: (c, i) => {
    if (holds(c, i)) toAddress(c, addressX(c, i));
  },
  brc: (c, i) => {
    if ((i.m1 & (8 >> c.cc)) !== 0) jump(c, i);
  },
};

const ON_COUNT: Handlers = {
  bctr: (c, i) => {
    const hi = c.hi[i.r2]!;
    const lo = c.lo[i.r2]!;
    const count = (c.lo[i.r1]! - 1) | 0;
    c.lo[i.r1] = count;
    if (count !== 0 && i.r2 !== 0) c.branchTo(hi, lo);
  },
  bct: (c, i) => {
    const address = addressX(c, i);
    const count = (c.lo[i.r1]! - 1) | 0;
    c.lo[i.r1] = count;
    if (count !== 0) toAddress(c, address);
  },
  brct: (c, i) => {
    const count = (c.lo[i.r1]! - 1) | 0;
    c.lo[i.r1] = count;
    if (count !== 0) jump(c, i);
  },
  brcth: (c, i) => {
    const count = (c.hi[i.r1]! - 1) | 0;
    c.hi[i.r1] = count;
    if (count !== 0) jump(c, i);
  },
  bctgr: (c, i) => {
    const hi = c.hi[i.r2]!;
    const lo = c.lo[i.r2]!;
    if (countDown(c, i.r1) && i.r2 !== 0) c.branchTo(hi, lo);
  },
  bctg: (c, i) => {
    const address = addressX(c, i);
    if (countDown(c, i.r1)) toAddress(c, address);
  },
  brctg: (c, i) => {
    if (countDown(c, i.r1)) jump(c, i);
  },
};

/** False when 64 bits have become zero. */
function countDown(c: Cpu, register: number): boolean {
  const lo = c.lo[register]!;
  if (lo === 0) c.hi[register] = c.hi[register]! - 1;
  c.lo[register] = lo - 1;
  return (c.hi[register]! | c.lo[register]!) !== 0;
}

/** R1 plus R3, compared with the odd one of R3 and R3+1. True when it is high. */
function index32(c: Cpu, i: Instruction): boolean {
  const limit = c.lo[i.r3 | 1]!;
  const sum = (c.lo[i.r1]! + c.lo[i.r3]!) | 0;
  c.lo[i.r1] = sum;
  return sum > limit;
}

function index64(c: Cpu, i: Instruction): boolean {
  const limitHi = c.hi[i.r3 | 1]!;
  const limitLo = c.lo[i.r3 | 1]!;
  const low = (c.lo[i.r1]! >>> 0) + (c.lo[i.r3]! >>> 0);
  c.hi[i.r1] = c.hi[i.r1]! + c.hi[i.r3]! + (low > 0xffff_ffff ? 1 : 0);
  c.lo[i.r1] = low | 0;
  return order64(c, i.r1, limitHi, limitLo) > 0;
}

const ON_INDEX: Handlers = {
  bxh: (c, i) => {
    const address = address2(c, i);
    if (index32(c, i)) toAddress(c, address);
  },
  bxle: (c, i) => {
    const address = address2(c, i);
    if (!index32(c, i)) toAddress(c, address);
  },
  brxh: (c, i) => {
    if (index32(c, i)) jump(c, i);
  },
  brxle: (c, i) => {
    if (!index32(c, i)) jump(c, i);
  },
  bxhg: (c, i) => {
    const address = address2(c, i);
    if (index64(c, i)) toAddress(c, address);
  },
  bxleg: (c, i) => {
    const address = address2(c, i);
    if (!index64(c, i)) toAddress(c, address);
  },
  brxhg: (c, i) => {
    if (index64(c, i)) jump(c, i);
  },
  brxlg: (c, i) => {
    if (!index64(c, i)) jump(c, i);
  },
};

/** Sets the mode that an address in a register tells of: 64 with bit 63, else 31 with bit 32, else 24. Then branches to it. */
function toModeOf(c: Cpu, hi: number, lo: number): void {
  const mode: AddressingMode = (lo & 1) !== 0 ? 64 : lo < 0 ? 31 : 24;
  c.setMode(mode);
  c.branchTo(hi, mode === 64 ? lo & ~1 : lo);
}

const AND_SAVE: Handlers = {
  basr: (c, i) => {
    const hi = c.hi[i.r2]!;
    const lo = c.lo[i.r2]!;
    save(c, i);
    if (i.r2 !== 0) c.branchTo(hi, lo);
  },
  bas: (c, i) => {
    const address = addressX(c, i);
    save(c, i);
    toAddress(c, address);
  },
  bras: (c, i) => {
    save(c, i);
    jump(c, i);
  },
  balr: (c, i) => {
    const hi = c.hi[i.r2]!;
    const lo = c.lo[i.r2]!;
    link(c, i);
    if (i.r2 !== 0) c.branchTo(hi, lo);
  },
  bal: (c, i) => {
    const address = addressX(c, i);
    link(c, i);
    toAddress(c, address);
  },
  bassm: (c, i) => {
    const hi = c.hi[i.r2]!;
    const lo = c.lo[i.r2]!;
    save(c, i);
    if (c.mode64) c.lo[i.r1] = c.lo[i.r1]! | 1;
    if (i.r2 !== 0) toModeOf(c, hi, lo);
  },
  bsm: (c, i) => {
    const hi = c.hi[i.r2]!;
    const lo = c.lo[i.r2]!;
    if (i.r1 !== 0) {
      if (c.mode64) c.lo[i.r1] = c.lo[i.r1]! | 1;
      else c.lo[i.r1] = c.mode === 31 ? c.lo[i.r1]! | 0x8000_0000 : c.lo[i.r1]! & 0x7fff_ffff;
    }
    if (i.r2 !== 0) toModeOf(c, hi, lo);
  },
};

/** Does the mask name this order? 8 equal, 4 low, 2 high. */
function named(i: Instruction, order: number): boolean {
  return (i.m3 & (order === 0 ? 8 : order < 0 ? 4 : 2)) !== 0;
}

function sign(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

const AND_BRANCH: Handlers = {
  crj: (c, i) => void (named(i, sign(c.lo[i.r1]!, c.lo[i.r2]!)) && jump(c, i)),
  cgrj: (c, i) => void (named(i, order64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!)) && jump(c, i)),
  clrj: (c, i) => void (named(i, sign(c.lo[i.r1]! >>> 0, c.lo[i.r2]! >>> 0)) && jump(c, i)),
  clgrj: (c, i) => void (named(i, orderLogical64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!)) && jump(c, i)),
  cij: (c, i) => void (named(i, sign(c.lo[i.r1]!, i.i2)) && jump(c, i)),
  cgij: (c, i) => void (named(i, order64(c, i.r1, i.i2 >> 31, i.i2)) && jump(c, i)),
  clij: (c, i) => void (named(i, sign(c.lo[i.r1]! >>> 0, i.i2)) && jump(c, i)),
  clgij: (c, i) => void (named(i, orderLogical64(c, i.r1, 0, i.i2)) && jump(c, i)),
  crb: (c, i) => void (named(i, sign(c.lo[i.r1]!, c.lo[i.r2]!)) && toAddress(c, address4(c, i))),
  cgrb: (c, i) => void (named(i, order64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!)) && toAddress(c, address4(c, i))),
  clrb: (c, i) => void (named(i, sign(c.lo[i.r1]! >>> 0, c.lo[i.r2]! >>> 0)) && toAddress(c, address4(c, i))),
  clgrb: (c, i) => void (named(i, orderLogical64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!)) && toAddress(c, address4(c, i))),
  cib: (c, i) => void (named(i, sign(c.lo[i.r1]!, i.i2)) && toAddress(c, address4(c, i))),
  cgib: (c, i) => void (named(i, order64(c, i.r1, i.i2 >> 31, i.i2)) && toAddress(c, address4(c, i))),
  clib: (c, i) => void (named(i, sign(c.lo[i.r1]! >>> 0, i.i2)) && toAddress(c, address4(c, i))),
  clgib: (c, i) => void (named(i, orderLogical64(c, i.r1, 0, i.i2)) && toAddress(c, address4(c, i))),
};

/** SET ADDRESSING MODE: the next instruction's address must fit in the new mode. */
function setMode(c: Cpu, i: Instruction, mode: AddressingMode): void {
  const limit = mode === 24 ? 0x100_0000 : 0x8000_0000;
  if (mode !== 64 && i.next >= limit) throw specification(`the next instruction does not lie below ${limit.toString(16)}`);
  c.setMode(mode);
}

export const BRANCH: Handlers = {
  ...ON_CONDITION,
  ...ON_COUNT,
  ...ON_INDEX,
  ...AND_SAVE,
  ...AND_BRANCH,
  brcl: ON_CONDITION['brc']!,
  brasl: AND_SAVE['bras']!,
  bic: (c, i) => {
    if (!holds(c, i)) return;
    const address = addressX(c, i);
    const hi = load32(c, address);
    c.branchTo(hi, load32(c, address + 4));
  },
  sam24: (c, i) => setMode(c, i, 24),
  sam31: (c, i) => setMode(c, i, 31),
  sam64: (c, i) => setMode(c, i, 64),
};
