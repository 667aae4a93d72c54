/**
 * Program mask, access registers, floating-point registers as 64-bit storage, and hints that need nothing (Principles of Operation, chapters 7
 * and 9: IPM, SPM, TAM, EAR, SAR, CPYA, LD, STD, LE, STE, LDGR, LGDR, LZDR, LFPC, STFPC, EFPC, SFPC, PFD, BPP).
 */
import { address2, addressX, load32, store32, store64 } from '../access.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import { DataException, DXC_AFP_REGISTER, DXC_BFP_INSTRUCTION, specification } from '../program-exception.ts';
import type { Handlers } from './handlers.ts';

/** CR0 bit 45: additional floating-point registers and the control register may be used. */
const AFP_CONTROL = 0x4_0000;
/** Bits of the floating-point control register that are not assigned. */
const FPC_RESERVED = 0x0707_0088;

/** Without the AFP-register control there are only registers 0, 2, 4 and 6. */
function mayUse(c: Cpu, first: number, second = 0): void {
  if ((c.crLo[0]! & AFP_CONTROL) !== 0) return;
  if (((first | second) & 9) !== 0) throw new DataException(DXC_AFP_REGISTER, 'CR0 bit 45 does not allow additional FP registers');
}

function mayUseControl(c: Cpu): void {
  if ((c.crLo[0]! & AFP_CONTROL) === 0) throw new DataException(DXC_BFP_INSTRUCTION, 'CR0 bit 45 does not allow the FPC register');
}

function setFpr(c: Cpu, register: number, hi: number, lo: number): void {
  c.fprHi[register] = hi;
  c.fprLo[register] = lo;
}

function setFpc(c: Cpu, value: number): void {
  // Rounding modes 4 to 6 are reserved, as are the bits that nobody has assigned.
  const rounding = value & 7;
  if ((value & FPC_RESERVED) !== 0 || (rounding > 3 && rounding !== 7)) throw specification(`0x${(value >>> 0).toString(16)} is no FPC`);
  c.fpc = value;
}

function ld(c: Cpu, i: Instruction): void {
  mayUse(c, i.r1);
  const address = addressX(c, i);
  const hi = load32(c, address);
  setFpr(c, i.r1, hi, load32(c, address + 4));
}

function std(c: Cpu, i: Instruction): void {
  mayUse(c, i.r1);
  store64(c, addressX(c, i), c.fprHi[i.r1]!, c.fprLo[i.r1]!);
}

/** Short operands are the left half of a register, whose right half stays. */
function le(c: Cpu, i: Instruction): void {
  mayUse(c, i.r1);
  c.fprHi[i.r1] = load32(c, addressX(c, i));
}

function ste(c: Cpu, i: Instruction): void {
  mayUse(c, i.r1);
  store32(c, addressX(c, i), c.fprHi[i.r1]!);
}

/** Extended operands are in registers n and n+2, of which n is one of 0, 1, 4, 5, 8, 9, 12, 13. */
function mustBeExtended(...registers: number[]): void {
  if (registers.some((register) => (register & 2) !== 0)) throw specification('the register does not begin a pair of FP registers');
}

const FLOATING_POINT: Handlers = {
  ldr: (c, i) => {
    mayUse(c, i.r1, i.r2);
    setFpr(c, i.r1, c.fprHi[i.r2]!, c.fprLo[i.r2]!);
  },
  ler: (c, i) => {
    mayUse(c, i.r1, i.r2);
    c.fprHi[i.r1] = c.fprHi[i.r2]!;
  },
  lxr: (c, i) => {
    mustBeExtended(i.r1, i.r2);
    mayUse(c, i.r1, i.r2);
    for (const n of [0, 2]) setFpr(c, i.r1 + n, c.fprHi[i.r2 + n]!, c.fprLo[i.r2 + n]!);
  },
  ld,
  ldy: ld,
  std,
  stdy: std,
  le,
  ley: le,
  ste,
  stey: ste,
  ldgr: (c, i) => {
    mayUse(c, i.r1);
    setFpr(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!);
  },
  lgdr: (c, i) => {
    mayUse(c, i.r2);
    c.hi[i.r1] = c.fprHi[i.r2]!;
    c.lo[i.r1] = c.fprLo[i.r2]!;
  },
  lzer: (c, i) => {
    mayUse(c, i.r1);
    c.fprHi[i.r1] = 0;
  },
  lzdr: (c, i) => {
    mayUse(c, i.r1);
    setFpr(c, i.r1, 0, 0);
  },
  lzxr: (c, i) => {
    mustBeExtended(i.r1);
    mayUse(c, i.r1);
    for (const n of [0, 2]) setFpr(c, i.r1 + n, 0, 0);
  },
  /** COPY SIGN: the sign of the third operand in front of the second one. */
  cpsdr: (c, i) => {
    mayUse(c, i.r1, i.r2 | i.r3);
    setFpr(c, i.r1, (c.fprHi[i.r3]! & 0x8000_0000) | (c.fprHi[i.r2]! & 0x7fff_ffff), c.fprLo[i.r2]!);
  },
  stfpc: (c, i) => {
    mayUseControl(c);
    store32(c, address2(c, i), c.fpc);
  },
  lfpc: (c, i) => {
    mayUseControl(c);
    setFpc(c, load32(c, address2(c, i)));
  },
  efpc: (c, i) => {
    mayUseControl(c);
    c.lo[i.r1] = c.fpc;
  },
  sfpc: (c, i) => {
    mayUseControl(c);
    setFpc(c, c.lo[i.r1]!);
  },
  srnm: (c, i) => {
    mayUseControl(c);
    c.fpc = (c.fpc & ~7) | (address2(c, i) & 3);
  },
};

const PROGRAM_MASK: Handlers = {
  ipm: (c, i) => void (c.lo[i.r1] = (c.lo[i.r1]! & 0xff_ffff) | (((c.cc << 4) | c.programMask) << 24)),
  spm: (c, i) => {
    c.cc = (c.lo[i.r1]! >>> 28) & 3;
    c.programMask = (c.lo[i.r1]! >>> 24) & 0xf;
  },
  tam: (c) => void (c.cc = c.mode64 ? 3 : c.mode === 31 ? 1 : 0),
};

const ACCESS_REGISTERS: Handlers = {
  ear: (c, i) => void (c.lo[i.r1] = c.ar[i.r2]!),
  sar: (c, i) => void (c.ar[i.r1] = c.lo[i.r2]!),
  cpya: (c, i) => void (c.ar[i.r1] = c.ar[i.r2]!),
};

const nothing = (): void => undefined;

/** What is coming is hinted at: nothing that a program could see follows. */
const HINTS: Handlers = { pfd: nothing, pfdrl: nothing, bpp: nothing, bprp: nothing, niai: nothing };

export const MISCELLANEOUS: Handlers = { ...FLOATING_POINT, ...PROGRAM_MASK, ...ACCESS_REGISTERS, ...HINTS };
