/**
 * Instructions on subchannels of a machine that has none: whichever is named, it is not operational (target/s390x/ioinst.c in QEMU).
 */
import { ProgramInterruption } from '../../../../base/program-interruption.ts';
import { address2, mustBeAligned } from '../../cpu/access.ts';
import type { Cpu } from '../../cpu/cpu.ts';
import type { Instruction } from '../../cpu/instruction.ts';
import type { Handlers } from '../../cpu/instructions/handlers.ts';
import { privileged } from './privileged.ts';

const OPERAND_EXCEPTION = 0x15;
/** Of the identification in GR1, what is the same for every subchannel set: the first half, less the number of the set. */
const IDENTIFICATION = 0xfff9;
const ONE = 1;
const NOT_OPERATIONAL = 3;

function none(c: Cpu, i: Instruction): void {
  privileged(c, i);
  const identification = c.lo[1]! >>> 16;
  if ((identification & IDENTIFICATION) !== ONE) {
    throw new ProgramInterruption(OPERAND_EXCEPTION, `a subchannel identification that begins with ${identification.toString(16)}`);
  }
  c.cc = NOT_OPERATIONAL;
}

/** With an operand in storage, a word that nobody looks at. */
function noneWithOperand(c: Cpu, i: Instruction): void {
  privileged(c, i);
  mustBeAligned(address2(c, i), 4);
  none(c, i);
}

export const SUBCHANNEL_INSTRUCTIONS: Handlers = {
  csch: none,
  hsch: none,
  rsch: none,
  xsch: none,
  msch: noneWithOperand,
  ssch: noneWithOperand,
  stsch: noneWithOperand,
  tsch: noneWithOperand,
};
