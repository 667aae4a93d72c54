/**
 * Instructions that read or change the program status word, and SUPERVISOR CALL (Principles of Operation, chapter 10; arch/s390/kvm/priv.c:
 * handle_lpsw, handle_epsw).
 */
import { address1, address2, load32, load8, mustBeAligned, store8 } from '../../cpu/access.ts';
import type { Cpu } from '../../cpu/cpu.ts';
import type { Instruction } from '../../cpu/instruction.ts';
import type { Handlers } from '../../cpu/instructions/handlers.ts';
import { loadPsw, pswWords, swapPsw } from '../../cpu/psw.ts';
import { specification } from '../../cpu/program-exception.ts';
import { Lowcore } from '../lowcore.ts';
import { privileged } from './privileged.ts';

/** PSW bit 12: the short format; bit 32: 31-bit addressing. */
const SHORT_FORMAT = 0x0008_0000;
const BASIC = 0x8000_0000;
const ASC_HOME = 3;

/** The address half of a short PSW carries the basic addressing mode in its first bit. */
function lpsw(c: Cpu, i: Instruction): void {
  privileged(c, i);
  const address = address2(c, i);
  mustBeAligned(address, 8);
  const mask = load32(c, address);
  const last = load32(c, address + 4);
  if ((mask & SHORT_FORMAT) === 0) throw specification('LPSW of a PSW whose bit 12 is zero');
  loadPsw(c, [mask ^ SHORT_FORMAT, last & BASIC, 0, last & ~BASIC]);
}

function lpswe(c: Cpu, i: Instruction, address: number): void {
  privileged(c, i);
  mustBeAligned(address, 8);
  const words = [load32(c, address), load32(c, address + 4), load32(c, address + 8), load32(c, address + 12)] as const;
  loadPsw(c, words);
}

/** Not privileged. The second register, if it is not register 0, gets bits 32 to 63. */
function epsw(c: Cpu, i: Instruction): void {
  const [first, second] = pswWords(c);
  c.lo[i.r1] = first;
  if (i.r2 !== 0) c.lo[i.r2] = second;
}

function setSystemMask(c: Cpu, mask: number): void {
  if ((mask & 0xb8) !== 0) throw specification(`a system mask of ${mask.toString(16)}`);
  c.systemMask = mask;
  c.attention = true;
}

function ssm(c: Cpu, i: Instruction): void {
  privileged(c, i);
  setSystemMask(c, load8(c, address2(c, i)));
}

function storeAndChange(c: Cpu, i: Instruction, change: (mask: number, with_: number) => number): void {
  privileged(c, i);
  const old = c.systemMask;
  const mask = change(old, i.i2 & 0xff);
  if ((mask & 0xb8) !== 0) throw specification(`a system mask of ${mask.toString(16)}`);
  store8(c, address1(c, i), old);
  setSystemMask(c, mask);
}

function svc(c: Cpu, i: Instruction): void {
  const { storage } = c;
  const at = c.absolute(Lowcore.SVC_ILC);
  storage.view.setUint16(at, i.length);
  storage.view.setUint16(at + 2, i.i1 & 0xff);
  storage.written(at, 4);
  c.ia = i.next;
  swapPsw(c, Lowcore.SVC_OLD, Lowcore.SVC_NEW);
}

function spka(c: Cpu, i: Instruction): void {
  // In problem state it depends on CR3, which gives no key to a program here.
  privileged(c, i);
  c.key = (address2(c, i) >>> 4) & 0xf;
}

function ipk(c: Cpu, i: Instruction): void {
  privileged(c, i);
  c.lo[2] = (c.lo[2]! & ~0xff) | (c.key << 4);
}

/** Address-space control as SAC counts it: primary, secondary, access registers, home. */
const ASC_OF_SAC = [0, 2, 1, ASC_HOME];

function setAsc(c: Cpu, i: Instruction): void {
  const code = (address2(c, i) >>> 8) & 0xf;
  const asc = ASC_OF_SAC[code];
  if (asc === undefined) throw specification(`${i.mnemonic} with code ${code}`);
  if (asc === ASC_HOME) privileged(c, i);
  c.asc = asc;
}

export const PSW_INSTRUCTIONS: Handlers = {
  lpsw,
  lpswe: (c, i) => lpswe(c, i, address2(c, i)),
  lpswey: (c, i) => lpswe(c, i, address1(c, i)),
  epsw,
  ssm,
  stosm: (c, i) => storeAndChange(c, i, (mask, ones) => mask | ones),
  stnsm: (c, i) => storeAndChange(c, i, (mask, ones) => mask & ones),
  svc,
  spka,
  ipk,
  sac: setAsc,
  sacf: setAsc,
  iac: (c, i) => {
    const code = ASC_OF_SAC.indexOf(c.asc);
    c.lo[i.r1] = (c.lo[i.r1]! & ~0xff00) | (code << 8);
    c.cc = code;
  },
};
