/**
 * PQAP as the machine executes it for a guest in SIE, decoded from its registers: test, reset, zeroize and query (the AP instructions of
 * arch/s390/include/asm/ap.h, seen from the other side). Anything that this machine does not have is a specification exception.
 */
import { ADDRESSING_EXCEPTION, PRIVILEGED_OPERATION, ProgramInterruption, SPECIFICATION_EXCEPTION } from '../base/program-interruption.ts';
import type { ApInstructions } from '../crypto-adapters/ap-instructions.ts';
import { conditionCode, type ApStatus } from '../crypto-adapters/ap-status.ts';
import { encodeQci } from '../crypto-adapters/qci.ts';
import { encodeTapqInfo } from '../crypto-adapters/tapq-info.ts';
import type { Task } from '../runtime/task.ts';
import type { GuestFacilities } from './kvm.ts';
import { PqapFunction, RESERVED_BITS, T_BIT, apqnIn, functionOf, storeStatus, type RegisterImage } from './pqap-registers.ts';

/** Where it is executed: by whose instructions, and where QCI stores its block; false: not all of it lies in storage. */
export interface PqapMachine {
  readonly facilities: GuestFacilities;
  readonly problemState: boolean;
  readonly instructions: ApInstructions;
  readonly store: (address: number, bytes: Uint8Array) => boolean;
}

/** For a vCPU whose AP instructions are interpreted. Sets registers and answers the condition code, or throws ProgramInterruption. */
export async function interpretPqap(task: Task, machine: PqapMachine, registers: RegisterImage): Promise<number> {
  const { facilities, instructions } = machine;
  if (machine.problemState) throw new ProgramInterruption(PRIVILEGED_OPERATION, 'PQAP in problem state');
  const { gr0 } = registers;
  const called = functionOf(gr0);
  if (called === PqapFunction.QCI) return await query(task, machine, registers);
  if (called !== PqapFunction.TAPQ && called !== PqapFunction.RAPQ && called !== PqapFunction.ZAPQ) {
    throw specification(`PQAP with function code ${called}`);
  }
  // The bit of RAPQ and ZAPQ that unbinds a queue is among them: it needs Secure Execution binding, which this machine has not.
  if ((gr0 & RESERVED_BITS) !== 0) throw specification('PQAP with bits 41 to 47 of GR0 not zero');
  if (!facilities.apft && (gr0 & T_BIT) !== 0) throw specification('PQAP with the T bit, without facility 15');
  const apqn = apqnIn(gr0);
  if (called === PqapFunction.TAPQ) return await test(task, machine, registers);
  return ended(registers, await (called === PqapFunction.RAPQ ? instructions.rapq(task, apqn) : instructions.zapq(task, apqn)));
}

function ended(registers: RegisterImage, status: ApStatus): number {
  storeStatus(registers, status);
  return conditionCode(status);
}

/** Without the T bit the upper half of the hardware information, the facilities of the card, stays zero. */
async function test(task: Task, { instructions }: PqapMachine, registers: RegisterImage): Promise<number> {
  const { status, info } = await instructions.tapq(task, apqnIn(registers.gr0));
  const word = info === null ? 0n : encodeTapqInfo(info);
  registers.gr2High = (registers.gr0 & T_BIT) === 0 ? 0 : Number(word >> 32n);
  registers.gr2 = Number(word & 0xffffffffn);
  return ended(registers, status);
}

/** GR2 holds the address of the block. GR1 is not changed. */
async function query(task: Task, { facilities, instructions, store }: PqapMachine, registers: RegisterImage): Promise<number> {
  if (!facilities.qci) throw specification('QCI without facility 12');
  const address = registers.gr2High * 0x100000000 + registers.gr2;
  if (address % 8 !== 0) throw specification(`QCI into a block at 0x${address.toString(16)}, which is no multiple of 8`);
  const info = await instructions.qci(task);
  if (info === null) throw specification('QCI on a machine without facility 12');
  if (!store(address, encodeQci(info))) {
    throw new ProgramInterruption(ADDRESSING_EXCEPTION, `QCI into a block at 0x${address.toString(16)}`);
  }
  return 0;
}

const specification = (why: string): ProgramInterruption => new ProgramInterruption(SPECIFICATION_EXCEPTION, why);
