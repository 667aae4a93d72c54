/**
 * Signed and logical addition and subtraction of 32 bits, and the sign operations (Principles of Operation, chapter 7: ADD, SUBTRACT,
 * ADD LOGICAL WITH CARRY, SUBTRACT LOGICAL WITH BORROW, LOAD COMPLEMENT, NEGATIVE, POSITIVE).
 */
import { address1, addressX, checkStore, load16, load32, store32 } from '../access.ts';
import { add32, addLogical32, difference32, logicalSum32, signed32, subtract32, subtractLogical32, sum32, trapOverflow } from '../alu.ts';
import type { Handlers } from './handlers.ts';

const SIGNED: Handlers = {
  ar: (c, i) => add32(c, i.r1, c.lo[i.r2]!),
  a: (c, i) => add32(c, i.r1, load32(c, addressX(c, i))),
  ah: (c, i) => add32(c, i.r1, load16(c, addressX(c, i))),
  ahi: (c, i) => add32(c, i.r1, i.i2),
  sr: (c, i) => subtract32(c, i.r1, c.lo[i.r2]!),
  s: (c, i) => subtract32(c, i.r1, load32(c, addressX(c, i))),
  sh: (c, i) => subtract32(c, i.r1, load16(c, addressX(c, i))),
  ark: (c, i) => {
    c.lo[i.r1] = sum32(c, c.lo[i.r2]!, c.lo[i.r3]!);
    trapOverflow(c);
  },
  srk: (c, i) => {
    c.lo[i.r1] = difference32(c, c.lo[i.r2]!, c.lo[i.r3]!);
    trapOverflow(c);
  },
  ahik: (c, i) => {
    c.lo[i.r1] = sum32(c, c.lo[i.r3]!, i.i2);
    trapOverflow(c);
  },
  asi: (c, i) => {
    const address = address1(c, i);
    const value = load32(c, address);
    checkStore(c, address, 4);
    store32(c, address, sum32(c, value, i.i2));
    trapOverflow(c);
  },
};

const LOGICAL: Handlers = {
  alr: (c, i) => addLogical32(c, i.r1, c.lo[i.r2]!),
  al: (c, i) => addLogical32(c, i.r1, load32(c, addressX(c, i))),
  alfi: (c, i) => addLogical32(c, i.r1, i.i2),
  slr: (c, i) => subtractLogical32(c, i.r1, c.lo[i.r2]!),
  sl: (c, i) => subtractLogical32(c, i.r1, load32(c, addressX(c, i))),
  slfi: (c, i) => subtractLogical32(c, i.r1, i.i2),
  alrk: (c, i) => void (c.lo[i.r1] = logicalSum32(c, c.lo[i.r2]!, c.lo[i.r3]!, 0)),
  slrk: (c, i) => void (c.lo[i.r1] = logicalSum32(c, c.lo[i.r2]!, ~c.lo[i.r3]!, 1)),
  alhsik: (c, i) => void (c.lo[i.r1] = logicalSum32(c, c.lo[i.r3]!, i.i2, 0)),
  alcr: (c, i) => void (c.lo[i.r1] = logicalSum32(c, c.lo[i.r1]!, c.lo[i.r2]!, c.cc >> 1)),
  alc: (c, i) => void (c.lo[i.r1] = logicalSum32(c, c.lo[i.r1]!, load32(c, addressX(c, i)), c.cc >> 1)),
  slbr: (c, i) => void (c.lo[i.r1] = logicalSum32(c, c.lo[i.r1]!, ~c.lo[i.r2]!, c.cc >> 1)),
  slb: (c, i) => void (c.lo[i.r1] = logicalSum32(c, c.lo[i.r1]!, ~load32(c, addressX(c, i)), c.cc >> 1)),
  alsi: (c, i) => {
    const address = address1(c, i);
    const value = load32(c, address);
    checkStore(c, address, 4);
    store32(c, address, logicalSum32(c, value, i.i2, 0));
  },
};

const SIGN: Handlers = {
  lcr: (c, i) => {
    c.lo[i.r1] = difference32(c, 0, c.lo[i.r2]!);
    trapOverflow(c);
  },
  lnr: (c, i) => {
    const value = c.lo[i.r2]!;
    signed32(c, (c.lo[i.r1] = value > 0 ? -value : value));
  },
  lpr: (c, i) => {
    const value = c.lo[i.r2]!;
    if (value < 0) c.lo[i.r1] = difference32(c, 0, value);
    else signed32(c, (c.lo[i.r1] = value));
    trapOverflow(c);
  },
};

/** Operands in bits 0-31 of registers; the low form takes its last one from bits 32-63. */
const HIGH: Handlers = {
  ahhhr: (c, i) => {
    c.hi[i.r1] = sum32(c, c.hi[i.r2]!, c.hi[i.r3]!);
    trapOverflow(c);
  },
  ahhlr: (c, i) => {
    c.hi[i.r1] = sum32(c, c.hi[i.r2]!, c.lo[i.r3]!);
    trapOverflow(c);
  },
  shhhr: (c, i) => {
    c.hi[i.r1] = difference32(c, c.hi[i.r2]!, c.hi[i.r3]!);
    trapOverflow(c);
  },
  shhlr: (c, i) => {
    c.hi[i.r1] = difference32(c, c.hi[i.r2]!, c.lo[i.r3]!);
    trapOverflow(c);
  },
  aih: (c, i) => {
    c.hi[i.r1] = sum32(c, c.hi[i.r1]!, i.i2);
    trapOverflow(c);
  },
  alhhhr: (c, i) => void (c.hi[i.r1] = logicalSum32(c, c.hi[i.r2]!, c.hi[i.r3]!, 0)),
  alhhlr: (c, i) => void (c.hi[i.r1] = logicalSum32(c, c.hi[i.r2]!, c.lo[i.r3]!, 0)),
  slhhhr: (c, i) => void (c.hi[i.r1] = logicalSum32(c, c.hi[i.r2]!, ~c.hi[i.r3]!, 1)),
  slhhlr: (c, i) => void (c.hi[i.r1] = logicalSum32(c, c.hi[i.r2]!, ~c.lo[i.r3]!, 1)),
  alsih: (c, i) => void (c.hi[i.r1] = logicalSum32(c, c.hi[i.r1]!, i.i2, 0)),
  /** The one without condition code. */
  alsihn: (c, i) => void (c.hi[i.r1] = c.hi[i.r1]! + i.i2),
};

export const ARITHMETIC: Handlers = {
  ...SIGNED,
  ...LOGICAL,
  ...SIGN,
  ...HIGH,
  ay: SIGNED['a']!,
  ahy: SIGNED['ah']!,
  afi: SIGNED['ahi']!,
  sy: SIGNED['s']!,
  shy: SIGNED['sh']!,
  aly: LOGICAL['al']!,
  sly: LOGICAL['sl']!,
};
