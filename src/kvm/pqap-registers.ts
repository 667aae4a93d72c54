/**
 * General registers 0, 1 and 2 as PQAP uses them (arch/s390/include/asm/ap.h: union ap_qirq_ctrl, struct ap_queue_status; GR0 as built by
 * ap_aqic). Halves of 32 bits, unsigned: every interrupt of a queue passes here, and 64-bit integers are slow.
 */
import type { Apqn } from '../base/apqn.ts';
import type { AqicOperand, PqapRegisters } from '../crypto-adapters/ap-instructions.ts';
import { encodeStatus, type ApStatus } from '../crypto-adapters/ap-status.ts';

/** Function codes, bits 32 to 39 of GR0. */
export const PqapFunction = { TAPQ: 0, RAPQ: 1, ZAPQ: 2, AQIC: 3, QCI: 4, QACT: 5 } as const;

/** The T bit of GR0: hardware information is asked for. */
export const T_BIT = 0x00800000;
/** Bits 41 to 47 of GR0, zero unless a function says otherwise. */
export const RESERVED_BITS = 0x007f0000;
/** Adapters above 63 and domains above 15 in GR0. */
export const BEYOND_SMALL = 0xc0f0;
/** Bit 16 of GR1, in its high half. */
const IR = 0x8000;
const TWO_32 = 0x100000000;

export interface RegisterImage {
  /** The high half takes no part in PQAP. */
  gr0: number;
  gr1High: number;
  gr1: number;
  gr2High: number;
  gr2: number;
}

export const functionOf = (gr0: number): number => (gr0 >>> 24) & 0xff;
export const apqnIn = (gr0: number): Apqn => gr0 & 0xffff;

/** What a driver loads for AQIC: ISC in the last three bits of GR1, address of the notification byte in GR2. */
export function aqicRegisters(apqn: Apqn, { ir, isc, nib }: AqicOperand): RegisterImage {
  if (!Number.isInteger(isc) || isc < 0 || isc > 7) throw new RangeError(`expected an ISC from 0 to 7 for AQIC, got ${isc}`);
  const gr0 = (PqapFunction.AQIC << 24) | apqn;
  return { gr0, gr1High: ir ? IR : 0, gr1: isc, gr2High: Math.floor(nib / TWO_32), gr2: nib >>> 0 };
}

export function aqicOperand({ gr1High, gr1, gr2High, gr2 }: RegisterImage): AqicOperand {
  return { ir: (gr1High & IR) !== 0, isc: gr1 & 7, nib: gr2High * TWO_32 + gr2 };
}

/** The status as drivers look for it: the low half of GR1, the high half zero. */
export function storeStatus(registers: RegisterImage, status: ApStatus): void {
  registers.gr1High = 0;
  registers.gr1 = encodeStatus(status);
}

const low = (register: bigint): number => Number(BigInt.asUintN(32, register));
const high = (register: bigint): number => low(register >> 32n);

export function imageOf({ gr0, gr1, gr2 }: PqapRegisters): RegisterImage {
  return { gr0: low(gr0), gr1High: high(gr1), gr1: low(gr1), gr2High: high(gr2), gr2: low(gr2) };
}

const joined = (upper: number, lower: number): bigint => (BigInt(upper) << 32n) | BigInt(lower);

/** GR0 stays as it was given: its high half is not in the image. */
export function registersOf(gr0: bigint, image: RegisterImage): PqapRegisters {
  return { gr0, gr1: joined(image.gr1High, image.gr1), gr2: joined(image.gr2High, image.gr2) };
}
