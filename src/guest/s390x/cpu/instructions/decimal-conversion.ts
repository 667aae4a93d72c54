/**
 * Conversions between binary numbers and packed decimal ones of 8 and 16 bytes (Principles of Operation, chapter 7: CVB, CVBY, CVBG, CVD,
 * CVDY, CVDG), and TP. Rare, hence BigInt.
 */
import { ProgramInterruption } from '../../../../base/program-interruption.ts';
import { address1, addressX, checkStore, load8, store8 } from '../access.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import { DataException, DXC_DECIMAL, FIXED_POINT_DIVIDE } from '../program-exception.ts';
import type { Handlers } from './handlers.ts';

function packed(c: Cpu, address: number, bytes: number): bigint {
  let value = 0n;
  for (let n = 0; n < 2 * bytes; n++) {
    const byte = load8(c, address + (n >> 1));
    const nibble = n % 2 === 0 ? byte >> 4 : byte & 0xf;
    if (n === 2 * bytes - 1) {
      if (nibble < 0xa) throw new DataException(DXC_DECIMAL, `0x${nibble.toString(16)} is no sign`);
      return nibble === 0xb || nibble === 0xd ? -value : value;
    }
    if (nibble > 9) throw new DataException(DXC_DECIMAL, `0x${nibble.toString(16)} is no digit`);
    value = value * 10n + BigInt(nibble);
  }
  return value;
}

function pack(c: Cpu, address: number, bytes: number, value: bigint): void {
  checkStore(c, address, bytes);
  let rest = value < 0n ? -value : value;
  for (let n = bytes - 1; n >= 0; n--) {
    const low = n === bytes - 1 ? (value < 0n ? 0xdn : 0xcn) : rest % 10n;
    if (n !== bytes - 1) rest /= 10n;
    store8(c, address + n, Number(((rest % 10n) << 4n) | low));
    rest /= 10n;
  }
}

/** A number that does not fit: its last 32 bits are there, and a fixed-point-divide exception. */
function cvb(c: Cpu, i: Instruction): void {
  const value = packed(c, addressX(c, i), 8);
  c.lo[i.r1] = Number(BigInt.asIntN(32, value));
  if (value !== BigInt.asIntN(32, value)) throw new ProgramInterruption(FIXED_POINT_DIVIDE, 'the number needs more than 32 bits');
}

/** The 64-bit form leaves the register as it is. */
function cvbg(c: Cpu, i: Instruction): void {
  const value = packed(c, addressX(c, i), 16);
  if (value !== BigInt.asIntN(64, value)) throw new ProgramInterruption(FIXED_POINT_DIVIDE, 'the number needs more than 64 bits');
  c.hi[i.r1] = Number(value >> 32n);
  c.lo[i.r1] = Number(BigInt.asIntN(32, value));
}

/** TEST DECIMAL. Condition code: 0 a number, 1 without a sign, 2 with something that is no digit, 3 both. */
function tp(c: Cpu, i: Instruction): void {
  const address = address1(c, i);
  let [sign, digits] = [true, true];
  for (let n = 0; n <= i.l1; n++) {
    const byte = load8(c, address + n);
    if (byte >> 4 > 9) digits = false;
    if (n < i.l1 && (byte & 0xf) > 9) digits = false;
    if (n === i.l1 && (byte & 0xf) < 0xa) sign = false;
  }
  c.cc = (sign ? 0 : 1) + (digits ? 0 : 2);
}

function cvd(c: Cpu, i: Instruction): void {
  pack(c, addressX(c, i), 8, BigInt(c.lo[i.r1]!));
}

function cvdg(c: Cpu, i: Instruction): void {
  pack(c, addressX(c, i), 16, (BigInt(c.hi[i.r1]!) << 32n) | BigInt(c.lo[i.r1]! >>> 0));
}

export const DECIMAL_CONVERSION: Handlers = { cvb, cvby: cvb, cvbg, cvd, cvdy: cvd, cvdg, tp };
