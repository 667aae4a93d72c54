/**
 * Stores from general registers and immediates, loads and stores of several registers, characters under mask (Principles of Operation,
 * chapter 7: STORE, STORE MULTIPLE, LOAD MULTIPLE, INSERT / STORE CHARACTERS UNDER MASK, MOVE of immediates).
 */
import {
  address1,
  address2,
  address4,
  addressX,
  checkFetch,
  checkStore,
  load32,
  load8,
  mustBeAligned,
  mustBeEven,
  relativeAddress,
  store16,
  store32,
  store64,
  store8,
} from '../access.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import type { Handlers } from './handlers.ts';

function reverse32(value: number): number {
  return (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
}

/** STORE RELATIVE LONG: the operand must lie on its own boundary. */
function relative(c: Cpu, i: Instruction, bytes: number): number {
  const address = relativeAddress(c, i);
  mustBeAligned(address, bytes);
  return address;
}

function selected(c: Cpu, mask: number): boolean {
  return (mask & (8 >> c.cc)) !== 0;
}

const STORES: Handlers = {
  st: (c, i) => store32(c, addressX(c, i), c.lo[i.r1]!),
  stg: (c, i) => store64(c, addressX(c, i), c.hi[i.r1]!, c.lo[i.r1]!),
  sth: (c, i) => store16(c, addressX(c, i), c.lo[i.r1]!),
  stc: (c, i) => store8(c, addressX(c, i), c.lo[i.r1]!),
  strv: (c, i) => store32(c, addressX(c, i), reverse32(c.lo[i.r1]!)),
  strvg: (c, i) => store64(c, addressX(c, i), reverse32(c.lo[i.r1]!), reverse32(c.hi[i.r1]!)),
  strvh: (c, i) => store16(c, addressX(c, i), ((c.lo[i.r1]! & 0xff) << 8) | ((c.lo[i.r1]! >>> 8) & 0xff)),
  stfh: (c, i) => store32(c, addressX(c, i), c.hi[i.r1]!),
  sthh: (c, i) => store16(c, addressX(c, i), c.hi[i.r1]!),
  stch: (c, i) => store8(c, addressX(c, i), c.hi[i.r1]!),
  strl: (c, i) => store32(c, relative(c, i, 4), c.lo[i.r1]!),
  stgrl: (c, i) => store64(c, relative(c, i, 8), c.hi[i.r1]!, c.lo[i.r1]!),
  sthrl: (c, i) => store16(c, relative(c, i, 2), c.lo[i.r1]!),
  stoc: (c, i) => void (selected(c, i.m3) && store32(c, address2(c, i), c.lo[i.r1]!)),
  stocg: (c, i) => void (selected(c, i.m3) && store64(c, address2(c, i), c.hi[i.r1]!, c.lo[i.r1]!)),
  stocfh: (c, i) => void (selected(c, i.m3) && store32(c, address2(c, i), c.hi[i.r1]!)),
  stpq: (c, i) => {
    mustBeEven(i.r1);
    const address = addressX(c, i);
    mustBeAligned(address, 16);
    checkStore(c, address, 16);
    store64(c, address, c.hi[i.r1]!, c.lo[i.r1]!);
    store64(c, address + 8, c.hi[i.r1 + 1]!, c.lo[i.r1 + 1]!);
  },
  mvi: (c, i) => store8(c, address1(c, i), i.i2),
  mvhhi: (c, i) => store16(c, address1(c, i), i.i2),
  mvhi: (c, i) => store32(c, address1(c, i), i.i2),
  mvghi: (c, i) => store64(c, address1(c, i), i.i2 >> 31, i.i2),
};

/** Registers from R1 to R3, after 15 comes 0. */
function count(i: Instruction): number {
  return ((i.r3 - i.r1) & 15) + 1;
}

/** Whether all of the operand can be reached is asked first: what is loaded may be the base register. */
function loadMultiple(c: Cpu, i: Instruction, into: Int32Array): void {
  const address = address2(c, i);
  const registers = count(i);
  checkFetch(c, address, 4 * registers);
  for (let n = 0; n < registers; n++) into[(i.r1 + n) & 15] = load32(c, address + 4 * n);
}

function storeMultiple(c: Cpu, i: Instruction, from: Int32Array): void {
  const address = address2(c, i);
  const registers = count(i);
  checkStore(c, address, 4 * registers);
  for (let n = 0; n < registers; n++) store32(c, address + 4 * n, from[(i.r1 + n) & 15]!);
}

function loadAccess(c: Cpu, i: Instruction): void {
  mustBeAligned(address2(c, i), 4);
  loadMultiple(c, i, c.ar);
}

function storeAccess(c: Cpu, i: Instruction): void {
  mustBeAligned(address2(c, i), 4);
  storeMultiple(c, i, c.ar);
}

const MULTIPLE: Handlers = {
  lm: (c, i) => loadMultiple(c, i, c.lo),
  lmh: (c, i) => loadMultiple(c, i, c.hi),
  lmg: (c, i) => {
    const address = address2(c, i);
    const registers = count(i);
    checkFetch(c, address, 8 * registers);
    for (let n = 0; n < registers; n++) {
      const register = (i.r1 + n) & 15;
      c.hi[register] = load32(c, address + 8 * n);
      c.lo[register] = load32(c, address + 8 * n + 4);
    }
  },
  lmd: (c, i) => {
    const high = address2(c, i);
    const low = address4(c, i);
    const registers = count(i);
    checkFetch(c, high, 4 * registers);
    checkFetch(c, low, 4 * registers);
    for (let n = 0; n < registers; n++) {
      c.hi[(i.r1 + n) & 15] = load32(c, high + 4 * n);
      c.lo[(i.r1 + n) & 15] = load32(c, low + 4 * n);
    }
  },
  stm: (c, i) => storeMultiple(c, i, c.lo),
  stmh: (c, i) => storeMultiple(c, i, c.hi),
  stmg: (c, i) => {
    const address = address2(c, i);
    const registers = count(i);
    checkStore(c, address, 8 * registers);
    for (let n = 0; n < registers; n++) {
      const register = (i.r1 + n) & 15;
      store64(c, address + 8 * n, c.hi[register]!, c.lo[register]!);
    }
  },
  lam: loadAccess,
  lamy: loadAccess,
  stam: storeAccess,
  stamy: storeAccess,
};

/** INSERT CHARACTERS UNDER MASK. Condition code: 0 all inserted bits zero or mask zero, 1 leftmost inserted bit one, 2 otherwise. */
function insertUnderMask(c: Cpu, i: Instruction, into: Int32Array): void {
  const address = address2(c, i);
  let value = into[i.r1]!;
  let [at, any, first] = [0, 0, 0];
  // With a mask of zeros access exceptions are recognized for one byte.
  if (i.m3 === 0) checkFetch(c, address, 1);
  for (let byte = 0; byte < 4; byte++) {
    if ((i.m3 & (8 >> byte)) === 0) continue;
    const loaded = load8(c, address + at);
    if (at++ === 0) first = loaded;
    any |= loaded;
    const shift = 24 - 8 * byte;
    value = (value & ~(0xff << shift)) | (loaded << shift);
  }
  into[i.r1] = value;
  c.cc = any === 0 ? 0 : (first & 0x80) !== 0 ? 1 : 2;
}

function storeUnderMask(c: Cpu, i: Instruction, value: number): void {
  const address = address2(c, i);
  const selectedBytes: number[] = [];
  for (let byte = 0; byte < 4; byte++) if ((i.m3 & (8 >> byte)) !== 0) selectedBytes.push(value >>> (24 - 8 * byte));
  checkStore(c, address, selectedBytes.length);
  selectedBytes.forEach((byte, at) => store8(c, address + at, byte));
}

/** COMPARE LOGICAL CHARACTERS UNDER MASK. */
function compareUnderMask(c: Cpu, i: Instruction, value: number): void {
  const address = address2(c, i);
  let [at, code] = [0, 0];
  if (i.m3 === 0) checkFetch(c, address, 1);
  for (let byte = 0; byte < 4; byte++) {
    if ((i.m3 & (8 >> byte)) === 0) continue;
    const other = load8(c, address + at++);
    const own = (value >>> (24 - 8 * byte)) & 0xff;
    if (code === 0 && own !== other) code = own < other ? 1 : 2;
  }
  c.cc = code;
}

const UNDER_MASK: Handlers = {
  icm: (c, i) => insertUnderMask(c, i, c.lo),
  icmy: (c, i) => insertUnderMask(c, i, c.lo),
  icmh: (c, i) => insertUnderMask(c, i, c.hi),
  stcm: (c, i) => storeUnderMask(c, i, c.lo[i.r1]!),
  stcmy: (c, i) => storeUnderMask(c, i, c.lo[i.r1]!),
  stcmh: (c, i) => storeUnderMask(c, i, c.hi[i.r1]!),
  clm: (c, i) => compareUnderMask(c, i, c.lo[i.r1]!),
  clmy: (c, i) => compareUnderMask(c, i, c.lo[i.r1]!),
  clmh: (c, i) => compareUnderMask(c, i, c.hi[i.r1]!),
};

/** Two operands at once, each on its own boundary. Condition code 0: they were fetched as one, which is always so in here. */
function loadPairDisjoint(c: Cpu, i: Instruction, bytes: 4 | 8): void {
  mustBeEven(i.r3);
  const [first, second] = [address1(c, i), address2(c, i)];
  mustBeAligned(first, bytes);
  mustBeAligned(second, bytes);
  const words = [first, second].flatMap((address) =>
    bytes === 4 ? [0, load32(c, address)] : [load32(c, address), load32(c, address + 4)],
  );
  for (const n of [0, 1]) {
    if (bytes === 8) c.hi[i.r3 + n] = words[2 * n]!;
    c.lo[i.r3 + n] = words[2 * n + 1]!;
  }
  c.cc = 0;
}

export const STORE: Handlers = {
  ...STORES,
  ...MULTIPLE,
  ...UNDER_MASK,
  sty: STORES['st']!,
  sthy: STORES['sth']!,
  stcy: STORES['stc']!,
  mviy: STORES['mvi']!,
  lmy: MULTIPLE['lm']!,
  stmy: MULTIPLE['stm']!,
  lpd: (c, i) => loadPairDisjoint(c, i, 4),
  lpdg: (c, i) => loadPairDisjoint(c, i, 8),
};
