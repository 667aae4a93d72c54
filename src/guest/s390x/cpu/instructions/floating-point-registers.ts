/**
 * Floating-point registers as 64-bit storage, their signs, and the floating-point control register (Principles of Operation, chapter 9: LD, STD,
 * LE, STE, LDR, LER, LXR, LDGR, LGDR, LZER, LZDR, LZXR, CPSDR, LPDFR, LNDFR, LCDFR, STFPC, LFPC, EFPC, SFPC, SRNM, SRNMB, SRNMT, LFAS, SFASR).
 */
import { address2, addressX, load32, store32, store64 } from '../access.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import { DataException, DXC_AFP_REGISTER, DXC_BFP_INSTRUCTION, specification } from '../program-exception.ts';
import type { Handlers } from './handlers.ts';

/** CR0 bit 45: additional floating-point registers and the control register may be used. */
const AFP_CONTROL = 0x4_0000;
/** Bit 0 of a register. */
const SIGN = 0x8000_0000;
/** Bits of the floating-point control register that are not assigned. */
const FPC_RESERVED = 0x0303_0088;
/** The other parts of it: IEEE masks and flags, rounding of decimal numbers. */
const MASK_SHIFT = 24;
const FLAG_SHIFT = 16;
const FLAGS = 0xff_0000;
const DECIMAL_ROUNDING_SHIFT = 4;
/** IEEE conditions in masks and flags, by their priority. */
const INEXACT = 0x08;
/** Invalid operation, division by zero, overflow, underflow, inexact, quantum: which one is told, and which one besides. */
const SIGNALS: readonly (readonly [number, number])[] = [
  [0x80, 0],
  [0x40, 0],
  [0x20, INEXACT],
  [0x10, INEXACT],
  [INEXACT, 0],
  [0x04, 0],
];
/** In the data-exception code of a signal: it was simulated. */
const SIMULATED = 0x03;

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

const isRounding = (mode: number): boolean => mode <= 3 || mode === 7;

/** Rounding modes 4 to 6 are reserved, as are the bits that nobody has assigned. */
function mustBeFpc(value: number): void {
  if ((value & FPC_RESERVED) !== 0 || !isRounding(value & 7)) throw specification(`0x${(value >>> 0).toString(16)} is no FPC`);
}

function setFpc(c: Cpu, value: number): void {
  mustBeFpc(value);
  c.fpc = value;
}

/** Flags stay besides the new ones; those that were there before and that the new masks let through are a data exception. */
function setFpcAndSignal(c: Cpu, value: number): void {
  mustBeFpc(value);
  const before = c.fpc;
  c.fpc = value | (before & FLAGS);
  const signals = (before >>> FLAG_SHIFT) & (value >>> MASK_SHIFT) & 0xff;
  if (signals === 0) return;
  const [first, also] = SIGNALS.find(([condition]) => (signals & condition) !== 0)!;
  throw new DataException(first | (signals & also) | SIMULATED, 'a flag of the FPC register that its new masks let through');
}

/** Of binary numbers; three bits of a second operand address, of which the others are zero. */
function setRounding(c: Cpu, mode: number): void {
  if (!isRounding(mode)) throw specification(`${mode} is no rounding mode`);
  c.fpc = (c.fpc & ~7) | mode;
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

/** Whatever the operand is otherwise; the condition code stays. */
function setSign(c: Cpu, i: Instruction, change: (sign: number) => number): void {
  mayUse(c, i.r1, i.r2);
  setFpr(c, i.r1, change(c.fprHi[i.r2]! & SIGN) | (c.fprHi[i.r2]! & ~SIGN), c.fprLo[i.r2]!);
}

export const FLOATING_POINT: Handlers = {
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
  srnmb: (c, i) => {
    mayUseControl(c);
    setRounding(c, address2(c, i) & 0xff);
  },
  srnmt: (c, i) => {
    mayUseControl(c);
    c.fpc = (c.fpc & ~(7 << DECIMAL_ROUNDING_SHIFT)) | ((address2(c, i) & 7) << DECIMAL_ROUNDING_SHIFT);
  },
  lfas: (c, i) => {
    mayUseControl(c);
    setFpcAndSignal(c, load32(c, address2(c, i)));
  },
  sfasr: (c, i) => {
    mayUseControl(c);
    setFpcAndSignal(c, c.lo[i.r1]!);
  },
  lpdfr: (c, i) => setSign(c, i, () => 0),
  lndfr: (c, i) => setSign(c, i, (sign) => sign | SIGN),
  lcdfr: (c, i) => setSign(c, i, (sign) => sign ^ SIGN),
};
