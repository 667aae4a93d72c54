/**
 * Loads into general registers: from storage, registers, and immediates (Principles of Operation, chapter 7: LOAD, INSERT, LOAD LOGICAL,
 * LOAD REVERSED, LOAD ADDRESS, and their high-word and trap forms).
 */
import { address2, addressX, load16, load32, load8, mustBeAligned, mustBeEven, relativeAddress } from '../access.ts';
import { signed32, signed64 } from '../alu.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import { DataException, DXC_TRAP } from '../program-exception.ts';
import type { Handlers } from './handlers.ts';

function set64(c: Cpu, register: number, hi: number, lo: number): void {
  c.hi[register] = hi;
  c.lo[register] = lo;
}

/** A signed word in both halves of a register. */
function setSigned(c: Cpu, register: number, value: number): void {
  c.hi[register] = value >> 31;
  c.lo[register] = value;
}

function setLogical(c: Cpu, register: number, value: number): void {
  c.hi[register] = 0;
  c.lo[register] = value;
}

function reverse32(value: number): number {
  return (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
}

function reverse16(value: number): number {
  return ((value & 0xff) << 8) | ((value >>> 8) & 0xff);
}

/** LOAD RELATIVE LONG: the operand must lie on its own boundary. */
function relative(c: Cpu, i: Instruction, bytes: number): number {
  const address = relativeAddress(c, i);
  mustBeAligned(address, bytes);
  return address;
}

function trapZero(value: number, i: Instruction): void {
  if (value === 0) throw new DataException(DXC_TRAP, `${i.mnemonic} loaded zero`);
}

/** LOAD ADDRESS: what was computed, with bits above the addressing mode's zero; bits 0-31 stay outside of the 64-bit mode. */
function loadAddress(c: Cpu, i: Instruction): void {
  let low = i.d2;
  let high = 0;
  if (i.b2 !== 0) {
    low += c.lo[i.b2]! >>> 0;
    high += c.hi[i.b2]!;
  }
  if (i.x2 !== 0) {
    low += c.lo[i.x2]! >>> 0;
    high += c.hi[i.x2]!;
  }
  if (!c.mode64) {
    c.lo[i.r1] = low & c.addressMask;
    return;
  }
  c.hi[i.r1] = high + Math.floor(low / 0x1_0000_0000);
  c.lo[i.r1] = low | 0;
}

/** LOAD ADDRESS RELATIVE LONG. */
function larl(c: Cpu, i: Instruction): void {
  if (c.mode64) set64(c, i.r1, Math.floor(i.target / 0x1_0000_0000), i.target | 0);
  else c.lo[i.r1] = i.target & c.addressMask;
}

function loadAddressExtended(c: Cpu, i: Instruction): void {
  loadAddress(c, i);
  // In the primary space, access register 0 stands for it, as all of its numbers do outside of the access-register mode (01).
  c.ar[i.r1] = c.asc === 1 ? (i.b2 === 0 ? 0 : c.ar[i.b2]!) : c.asc === 2 ? 1 : c.asc === 3 ? 2 : 0;
}

const REGISTER: Handlers = {
  lr: (c, i) => void (c.lo[i.r1] = c.lo[i.r2]!),
  lgr: (c, i) => set64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!),
  lgfr: (c, i) => setSigned(c, i.r1, c.lo[i.r2]!),
  lbr: (c, i) => void (c.lo[i.r1] = (c.lo[i.r2]! << 24) >> 24),
  lhr: (c, i) => void (c.lo[i.r1] = (c.lo[i.r2]! << 16) >> 16),
  lgbr: (c, i) => setSigned(c, i.r1, (c.lo[i.r2]! << 24) >> 24),
  lghr: (c, i) => setSigned(c, i.r1, (c.lo[i.r2]! << 16) >> 16),
  llcr: (c, i) => void (c.lo[i.r1] = c.lo[i.r2]! & 0xff),
  llhr: (c, i) => void (c.lo[i.r1] = c.lo[i.r2]! & 0xffff),
  llgcr: (c, i) => setLogical(c, i.r1, c.lo[i.r2]! & 0xff),
  llghr: (c, i) => setLogical(c, i.r1, c.lo[i.r2]! & 0xffff),
  llgfr: (c, i) => setLogical(c, i.r1, c.lo[i.r2]!),
  llgtr: (c, i) => setLogical(c, i.r1, c.lo[i.r2]! & 0x7fff_ffff),
  lrvr: (c, i) => void (c.lo[i.r1] = reverse32(c.lo[i.r2]!)),
  lrvgr: (c, i) => set64(c, i.r1, reverse32(c.lo[i.r2]!), reverse32(c.hi[i.r2]!)),
  ltr: (c, i) => signed32(c, (c.lo[i.r1] = c.lo[i.r2]!)),
  ltgr: (c, i) => {
    set64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!);
    signed64(c, c.hi[i.r1]!, c.lo[i.r1]!);
  },
  ltgfr: (c, i) => {
    setSigned(c, i.r1, c.lo[i.r2]!);
    signed32(c, c.lo[i.r1]!);
  },
};

const STORAGE: Handlers = {
  l: (c, i) => void (c.lo[i.r1] = load32(c, addressX(c, i))),
  lg: (c, i) => {
    const address = addressX(c, i);
    const hi = load32(c, address);
    set64(c, i.r1, hi, load32(c, address + 4));
  },
  lgf: (c, i) => setSigned(c, i.r1, load32(c, addressX(c, i))),
  lh: (c, i) => void (c.lo[i.r1] = load16(c, addressX(c, i))),
  lgh: (c, i) => setSigned(c, i.r1, load16(c, addressX(c, i))),
  lb: (c, i) => void (c.lo[i.r1] = (load8(c, addressX(c, i)) << 24) >> 24),
  lgb: (c, i) => setSigned(c, i.r1, (load8(c, addressX(c, i)) << 24) >> 24),
  llc: (c, i) => void (c.lo[i.r1] = load8(c, addressX(c, i))),
  llh: (c, i) => void (c.lo[i.r1] = load16(c, addressX(c, i)) & 0xffff),
  llgc: (c, i) => setLogical(c, i.r1, load8(c, addressX(c, i))),
  llgh: (c, i) => setLogical(c, i.r1, load16(c, addressX(c, i)) & 0xffff),
  llgf: (c, i) => setLogical(c, i.r1, load32(c, addressX(c, i))),
  llgt: (c, i) => setLogical(c, i.r1, load32(c, addressX(c, i)) & 0x7fff_ffff),
  lzrf: (c, i) => void (c.lo[i.r1] = load32(c, addressX(c, i)) & ~0xff),
  llzrgf: (c, i) => setLogical(c, i.r1, load32(c, addressX(c, i)) & ~0xff),
  lzrg: (c, i) => {
    const address = addressX(c, i);
    const hi = load32(c, address);
    set64(c, i.r1, hi, load32(c, address + 4) & ~0xff);
  },
  ic: (c, i) => void (c.lo[i.r1] = (c.lo[i.r1]! & ~0xff) | load8(c, addressX(c, i))),
  lrv: (c, i) => void (c.lo[i.r1] = reverse32(load32(c, addressX(c, i)))),
  lrvh: (c, i) => void (c.lo[i.r1] = (c.lo[i.r1]! & ~0xffff) | reverse16(load16(c, addressX(c, i)))),
  lrvg: (c, i) => {
    const address = addressX(c, i);
    const hi = load32(c, address);
    set64(c, i.r1, reverse32(load32(c, address + 4)), reverse32(hi));
  },
  lt: (c, i) => signed32(c, (c.lo[i.r1] = load32(c, addressX(c, i)))),
  ltg: (c, i) => {
    const address = addressX(c, i);
    const hi = load32(c, address);
    set64(c, i.r1, hi, load32(c, address + 4));
    signed64(c, hi, c.lo[i.r1]!);
  },
  ltgf: (c, i) => {
    setSigned(c, i.r1, load32(c, addressX(c, i)));
    signed32(c, c.lo[i.r1]!);
  },
  lat: (c, i) => trapZero((c.lo[i.r1] = load32(c, addressX(c, i))), i),
  llgfat: (c, i) => {
    setLogical(c, i.r1, load32(c, addressX(c, i)));
    trapZero(c.lo[i.r1]!, i);
  },
  llgtat: (c, i) => {
    setLogical(c, i.r1, load32(c, addressX(c, i)) & 0x7fff_ffff);
    trapZero(c.lo[i.r1]!, i);
  },
  lgat: (c, i) => {
    const address = addressX(c, i);
    const hi = load32(c, address);
    set64(c, i.r1, hi, load32(c, address + 4));
    trapZero(hi | c.lo[i.r1]!, i);
  },
  lpq: (c, i) => {
    const address = pairAddress(c, i);
    const words = [0, 4, 8, 12].map((at) => load32(c, address + at));
    set64(c, i.r1, words[0]!, words[1]!);
    set64(c, i.r1 + 1, words[2]!, words[3]!);
  },
};

function pairAddress(c: Cpu, i: Instruction): number {
  mustBeEven(i.r1);
  const address = addressX(c, i);
  mustBeAligned(address, 16);
  return address;
}

const RELATIVE: Handlers = {
  lrl: (c, i) => void (c.lo[i.r1] = load32(c, relative(c, i, 4))),
  lgrl: (c, i) => {
    const address = relative(c, i, 8);
    const hi = load32(c, address);
    set64(c, i.r1, hi, load32(c, address + 4));
  },
  lgfrl: (c, i) => setSigned(c, i.r1, load32(c, relative(c, i, 4))),
  llgfrl: (c, i) => setLogical(c, i.r1, load32(c, relative(c, i, 4))),
  lhrl: (c, i) => void (c.lo[i.r1] = load16(c, relative(c, i, 2))),
  lghrl: (c, i) => setSigned(c, i.r1, load16(c, relative(c, i, 2))),
  llhrl: (c, i) => void (c.lo[i.r1] = load16(c, relative(c, i, 2)) & 0xffff),
  llghrl: (c, i) => setLogical(c, i.r1, load16(c, relative(c, i, 2)) & 0xffff),
};

const IMMEDIATE: Handlers = {
  lhi: (c, i) => void (c.lo[i.r1] = i.i2),
  lghi: (c, i) => setSigned(c, i.r1, i.i2),
  lgfi: (c, i) => setSigned(c, i.r1, i.i2),
  llilf: (c, i) => setLogical(c, i.r1, i.i2),
  llihf: (c, i) => set64(c, i.r1, i.i2, 0),
  llihh: (c, i) => set64(c, i.r1, i.i2 << 16, 0),
  llihl: (c, i) => set64(c, i.r1, i.i2, 0),
  llilh: (c, i) => setLogical(c, i.r1, i.i2 << 16),
  llill: (c, i) => setLogical(c, i.r1, i.i2),
  iihf: (c, i) => void (c.hi[i.r1] = i.i2),
  iilf: (c, i) => void (c.lo[i.r1] = i.i2),
  iihh: (c, i) => void (c.hi[i.r1] = (c.hi[i.r1]! & 0xffff) | (i.i2 << 16)),
  iihl: (c, i) => void (c.hi[i.r1] = (c.hi[i.r1]! & ~0xffff) | i.i2),
  iilh: (c, i) => void (c.lo[i.r1] = (c.lo[i.r1]! & 0xffff) | (i.i2 << 16)),
  iill: (c, i) => void (c.lo[i.r1] = (c.lo[i.r1]! & ~0xffff) | i.i2),
};

const HIGH: Handlers = {
  lfh: (c, i) => void (c.hi[i.r1] = load32(c, addressX(c, i))),
  lfhat: (c, i) => trapZero((c.hi[i.r1] = load32(c, addressX(c, i))), i),
  lhh: (c, i) => void (c.hi[i.r1] = load16(c, addressX(c, i))),
  lbh: (c, i) => void (c.hi[i.r1] = (load8(c, addressX(c, i)) << 24) >> 24),
  llch: (c, i) => void (c.hi[i.r1] = load8(c, addressX(c, i))),
  llhh: (c, i) => void (c.hi[i.r1] = load16(c, addressX(c, i)) & 0xffff),
};

/** Does the condition code belong to those that the mask names? */
function selected(c: Cpu, mask: number): boolean {
  return (mask & (8 >> c.cc)) !== 0;
}

/** Only when the condition holds is storage looked at. */
const CONDITIONAL: Handlers = {
  locr: (c, i) => void (selected(c, i.m3) && (c.lo[i.r1] = c.lo[i.r2]!)),
  locgr: (c, i) => void (selected(c, i.m3) && set64(c, i.r1, c.hi[i.r2]!, c.lo[i.r2]!)),
  locfhr: (c, i) => void (selected(c, i.m3) && (c.hi[i.r1] = c.hi[i.r2]!)),
  loc: (c, i) => void (selected(c, i.m3) && (c.lo[i.r1] = load32(c, address2(c, i)))),
  locfh: (c, i) => void (selected(c, i.m3) && (c.hi[i.r1] = load32(c, address2(c, i)))),
  locg: (c, i) => {
    if (!selected(c, i.m3)) return;
    const address = address2(c, i);
    const hi = load32(c, address);
    set64(c, i.r1, hi, load32(c, address + 4));
  },
  lochi: (c, i) => void (selected(c, i.m3) && (c.lo[i.r1] = i.i2)),
  locghi: (c, i) => void (selected(c, i.m3) && setSigned(c, i.r1, i.i2)),
  lochhi: (c, i) => void (selected(c, i.m3) && (c.hi[i.r1] = i.i2)),
  selr: (c, i) => void (c.lo[i.r1] = c.lo[selected(c, i.m4) ? i.r2 : i.r3]!),
  selfhr: (c, i) => void (c.hi[i.r1] = c.hi[selected(c, i.m4) ? i.r2 : i.r3]!),
  selgr: (c, i) => {
    const from = selected(c, i.m4) ? i.r2 : i.r3;
    set64(c, i.r1, c.hi[from]!, c.lo[from]!);
  },
};

export const LOAD: Handlers = {
  ...REGISTER,
  ...STORAGE,
  ...RELATIVE,
  ...IMMEDIATE,
  ...HIGH,
  ...CONDITIONAL,
  ly: STORAGE['l']!,
  lhy: STORAGE['lh']!,
  icy: STORAGE['ic']!,
  la: loadAddress,
  lay: loadAddress,
  lae: loadAddressExtended,
  laey: loadAddressExtended,
  larl,
};
