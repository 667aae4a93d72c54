/**
 * MOVE LONG UNICODE and COMPARE LOGICAL LONG UNICODE: as MVCLE and CLCLE, by characters of two bytes (Principles of Operation, chapter 7).
 */
import { address2, load16, registerAddress, store16 } from '../access.ts';
import { compare } from '../alu.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import { specification } from '../program-exception.ts';
import type { Handlers } from './handlers.ts';
import { PART, cutAddress, fullLength, mustBePairs, step } from './operand-registers.ts';

const CHARACTER = 2;

/** Pairs R1 and R3, lengths of whole characters; answers the padding character, which the second operand address ends with. */
function begin(c: Cpu, i: Instruction): number {
  mustBePairs(i.r1, i.r3);
  if (((c.lo[i.r1 + 1]! | c.lo[i.r3 + 1]!) & 1) !== 0) throw specification(`${i.mnemonic} with an odd length`);
  cutAddress(c, i.r1);
  cutAddress(c, i.r3);
  return address2(c, i) & 0xffff;
}

function characterOrPad(c: Cpu, pair: number, length: number, pad: number): number {
  return length === 0 ? pad : load16(c, registerAddress(c, pair)) & 0xffff;
}

function mvclu(c: Cpu, i: Instruction): void {
  const pad = begin(c, i);
  const [own, other] = [fullLength(c, i.r1 + 1), fullLength(c, i.r3 + 1)];
  for (let done = 0; done < PART && fullLength(c, i.r1 + 1) > 0; done += CHARACTER) {
    const source = fullLength(c, i.r3 + 1);
    store16(c, registerAddress(c, i.r1), characterOrPad(c, i.r3, source, pad));
    if (source > 0 && i.r3 !== i.r1) step(c, i.r3, CHARACTER);
    step(c, i.r1, CHARACTER);
  }
  if (fullLength(c, i.r1 + 1) === 0) compare(c, own, other);
  else c.cc = 3;
}

function clclu(c: Cpu, i: Instruction): void {
  const pad = begin(c, i);
  for (let done = 0; done < PART; done += CHARACTER) {
    const [own, other] = [fullLength(c, i.r1 + 1), fullLength(c, i.r3 + 1)];
    c.cc = 0;
    if (own === 0 && other === 0) return;
    compare(c, characterOrPad(c, i.r1, own, pad), characterOrPad(c, i.r3, other, pad));
    if (c.cc !== 0) return;
    if (own > 0) step(c, i.r1, CHARACTER);
    if (other > 0 && i.r3 !== i.r1) step(c, i.r3, CHARACTER);
  }
  if (fullLength(c, i.r1 + 1) > 0 || fullLength(c, i.r3 + 1) > 0) c.cc = 3;
}

export const LONG_CHARACTERS: Handlers = { mvclu, clclu };
