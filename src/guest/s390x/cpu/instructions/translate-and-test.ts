/**
 * TRANSLATE AND TEST EXTENDED and REVERSE EXTENDED: looks for a character for which the table at GR1 has a function code other than zero
 * (Principles of Operation, chapter 7).
 */
import { advance, load16, load8, mustBeEven, registerAddress } from '../access.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import { specification } from '../program-exception.ts';
import type { Handlers } from './handlers.ts';
import { PART, cutAddress, fullLength, shorten } from './operand-registers.ts';

/** Bits of the mask: characters of two bytes, function codes of two bytes, characters above 255 have no function code. */
const WIDE_CHARACTERS = 8;
const WIDE_CODES = 4;
const LIMITED = 2;

function functionCode(c: Cpu, { m3 }: Instruction, character: number): number {
  if ((m3 & WIDE_CHARACTERS) !== 0 && (m3 & LIMITED) !== 0 && character > 0xff) return 0;
  const table = registerAddress(c, 1);
  const first = table - (table % 8);
  return (m3 & WIDE_CODES) === 0 ? load8(c, first + character) : load16(c, first + 2 * character) & 0xffff;
}

function setFunctionCode(c: Cpu, { r1, r2 }: Instruction, code: number): void {
  // Where the operand is described, its description stays.
  if (r2 === r1 || r2 === r1 + 1) return;
  if (c.mode64) c.hi[r2] = 0;
  c.lo[r2] = code;
}

/** R1 is left at the character that was found, or behind the last one that was looked at. */
function test(c: Cpu, i: Instruction, direction: 1 | -1): void {
  mustBeEven(i.r1);
  const width = (i.m3 & WIDE_CHARACTERS) === 0 ? 1 : 2;
  if (fullLength(c, i.r1 + 1) % width !== 0) throw specification(`${i.mnemonic} with an odd length`);
  cutAddress(c, i.r1);
  for (let n = 0; n < PART && fullLength(c, i.r1 + 1) > 0; n++) {
    const at = registerAddress(c, i.r1);
    const code = functionCode(c, i, width === 1 ? load8(c, at) : load16(c, at) & 0xffff);
    if (code !== 0) {
      setFunctionCode(c, i, code);
      c.cc = 1;
      return;
    }
    advance(c, i.r1, direction * width);
    shorten(c, i.r1 + 1, width);
  }
  c.cc = fullLength(c, i.r1 + 1) === 0 ? 0 : 3;
  if (c.cc === 0) setFunctionCode(c, i, 0);
}

export const TRANSLATE_AND_TEST: Handlers = { trte: (c, i) => test(c, i, 1), trtre: (c, i) => test(c, i, -1) };
