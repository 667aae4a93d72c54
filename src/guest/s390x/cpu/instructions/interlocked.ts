/**
 * Instructions that read and change storage as one step (Principles of Operation, chapter 7: COMPARE AND SWAP, COMPARE DOUBLE AND SWAP,
 * LOAD AND ADD, AND, OR, EXCLUSIVE OR). CPUs take turns between slices, so that every instruction is one step anyway.
 */
import { address1, address2, checkStore, load32, load8, mustBeAligned, mustBeEven, store32, store64, store8 } from '../access.ts';
import { addLogical64, logicalSum32, sum32, sum64, trapOverflow } from '../alu.ts';
import { SCRATCH, type Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import { specification } from '../program-exception.ts';
import type { Handlers } from './handlers.ts';

function aligned(c: Cpu, i: Instruction, bytes: number): number {
  const address = address2(c, i);
  mustBeAligned(address, bytes);
  return address;
}

function cs(c: Cpu, i: Instruction): void {
  const address = aligned(c, i, 4);
  const value = load32(c, address);
  if (value === c.lo[i.r1]) {
    store32(c, address, c.lo[i.r3]!);
    c.cc = 0;
  } else {
    checkStore(c, address, 4);
    c.lo[i.r1] = value;
    c.cc = 1;
  }
}

function csg(c: Cpu, i: Instruction): void {
  const address = aligned(c, i, 8);
  const hi = load32(c, address);
  const lo = load32(c, address + 4);
  if (hi === c.hi[i.r1] && lo === c.lo[i.r1]) {
    store64(c, address, c.hi[i.r3]!, c.lo[i.r3]!);
    c.cc = 0;
  } else {
    checkStore(c, address, 8);
    c.hi[i.r1] = hi;
    c.lo[i.r1] = lo;
    c.cc = 1;
  }
}

/** Two words in the right halves of register pairs. */
function cds(c: Cpu, i: Instruction): void {
  mustBeEven(i.r1);
  mustBeEven(i.r3);
  const address = aligned(c, i, 8);
  const first = load32(c, address);
  const second = load32(c, address + 4);
  if (first === c.lo[i.r1] && second === c.lo[i.r1 + 1]) {
    store64(c, address, c.lo[i.r3]!, c.lo[i.r3 + 1]!);
    c.cc = 0;
  } else {
    checkStore(c, address, 8);
    c.lo[i.r1] = first;
    c.lo[i.r1 + 1] = second;
    c.cc = 1;
  }
}

function cdsg(c: Cpu, i: Instruction): void {
  mustBeEven(i.r1);
  mustBeEven(i.r3);
  const address = aligned(c, i, 16);
  const words = [0, 4, 8, 12].map((at) => load32(c, address + at));
  checkStore(c, address, 16);
  const [a, b, d, e] = words as [number, number, number, number];
  if (a === c.hi[i.r1] && b === c.lo[i.r1] && d === c.hi[i.r1 + 1] && e === c.lo[i.r1 + 1]) {
    store64(c, address, c.hi[i.r3]!, c.lo[i.r3]!);
    store64(c, address + 8, c.hi[i.r3 + 1]!, c.lo[i.r3 + 1]!);
    c.cc = 0;
  } else {
    [c.hi[i.r1], c.lo[i.r1], c.hi[i.r1 + 1], c.lo[i.r1 + 1]] = [a, b, d, e];
    c.cc = 1;
  }
}

/** COMPARE AND SWAP AND STORE: function code (compare: 4, 8, 16 bytes) and store characteristic (1 to 16 bytes) are in GR0, parameters at GR1. */
function csst(c: Cpu, i: Instruction): void {
  const [code, storeCode] = [c.lo[0]! & 0xff, (c.lo[0]! >>> 8) & 0xff];
  if (code > 2 || storeCode > 4) throw specification(`function code ${code}, store characteristic ${storeCode}`);
  const [words, bytes] = [1 << code, 1 << storeCode];
  if (code === 2) mustBeEven(i.r3);
  const [first, second] = [address1(c, i), address2(c, i)];
  mustBeAligned(first, 4 * words);
  mustBeAligned(second, bytes);
  const list = c.mode64 ? c.lo[1]! >>> 0 : c.lo[1]! & c.addressMask;
  mustBeAligned(list, 16);
  const from = c.mode64 && c.hi[1] !== 0 ? Number.MAX_SAFE_INTEGER - 31 : list;
  const swap = Array.from({ length: words }, (_, n) => load32(c, from + 4 * n));
  const stored = Array.from({ length: bytes }, (_, n) => load8(c, from + 16 + n));
  const found = Array.from({ length: words }, (_, n) => load32(c, first + 4 * n));
  checkStore(c, first, 4 * words);
  checkStore(c, second, bytes);
  const own = words === 1 ? [c.lo[i.r3]!] : Array.from({ length: words }, (_, n) => (n % 2 === 0 ? c.hi : c.lo)[i.r3 + (n >> 1)]!);
  if (own.every((word, n) => word === found[n])) {
    swap.forEach((word, n) => store32(c, first + 4 * n, word));
    stored.forEach((byte, n) => store8(c, second + n, byte));
    c.cc = 0;
    return;
  }
  if (words === 1) c.lo[i.r3] = found[0]!;
  else found.forEach((word, n) => ((n % 2 === 0 ? c.hi : c.lo)[i.r3 + (n >> 1)] = word));
  c.cc = 1;
}

/** A word in storage combined with R3; what it was goes to R1. `combine` sets the condition code. */
function loadAnd32(c: Cpu, i: Instruction, combine: (c: Cpu, a: number, b: number) => number): void {
  const address = aligned(c, i, 4);
  const value = load32(c, address);
  checkStore(c, address, 4);
  store32(c, address, combine(c, value, c.lo[i.r3]!));
  c.lo[i.r1] = value;
}

type Combine64 = (c: Cpu, register: number, hi: number, lo: number) => void;

function loadAnd64(c: Cpu, i: Instruction, combine: Combine64): void {
  const address = aligned(c, i, 8);
  const hi = load32(c, address);
  const lo = load32(c, address + 4);
  checkStore(c, address, 8);
  c.hi[SCRATCH] = hi;
  c.lo[SCRATCH] = lo;
  combine(c, SCRATCH, c.hi[i.r3]!, c.lo[i.r3]!);
  store64(c, address, c.hi[SCRATCH]!, c.lo[SCRATCH]!);
  c.hi[i.r1] = hi;
  c.lo[i.r1] = lo;
}

function logical32(c: Cpu, value: number): number {
  c.cc = value === 0 ? 0 : 1;
  return value;
}

function logical64(c: Cpu, register: number, hi: number, lo: number): void {
  c.hi[register] = hi;
  c.lo[register] = lo;
  c.cc = (hi | lo) === 0 ? 0 : 1;
}

const LOAD_AND: Handlers = {
  laa: (c, i) => {
    loadAnd32(c, i, sum32);
    trapOverflow(c);
  },
  laal: (c, i) => loadAnd32(c, i, (cpu, a, b) => logicalSum32(cpu, a, b, 0)),
  lan: (c, i) => loadAnd32(c, i, (cpu, a, b) => logical32(cpu, a & b)),
  lao: (c, i) => loadAnd32(c, i, (cpu, a, b) => logical32(cpu, a | b)),
  lax: (c, i) => loadAnd32(c, i, (cpu, a, b) => logical32(cpu, a ^ b)),
  laag: (c, i) => {
    loadAnd64(c, i, sum64);
    trapOverflow(c);
  },
  laalg: (c, i) => loadAnd64(c, i, addLogical64),
  lang: (c, i) => loadAnd64(c, i, (cpu, r, hi, lo) => logical64(cpu, r, cpu.hi[r]! & hi, cpu.lo[r]! & lo)),
  laog: (c, i) => loadAnd64(c, i, (cpu, r, hi, lo) => logical64(cpu, r, cpu.hi[r]! | hi, cpu.lo[r]! | lo)),
  laxg: (c, i) => loadAnd64(c, i, (cpu, r, hi, lo) => logical64(cpu, r, cpu.hi[r]! ^ hi, cpu.lo[r]! ^ lo)),
};

export const INTERLOCKED: Handlers = { ...LOAD_AND, cs, csy: cs, csg, cds, cdsy: cds, cdsg, csst };
