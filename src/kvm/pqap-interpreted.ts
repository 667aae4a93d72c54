/**
 * PQAP as the machine executes it for a guest in SIE, decoded from its registers: test, reset, zeroize and query (the AP instructions of
 * arch/s390/include/asm/ap.h, seen from the other side). Anything that this machine does not have is a specification exception.
 */
import { ADDRESSING_EXCEPTION, PRIVILEGED_OPERATION, ProgramInterruption, SPECIFICATION_EXCEPTION } from '../base/program-interruption.ts';
import type { ApInstructions } from '../crypto-adapters/ap-instructions.ts';
import { encodeQci } from '../crypto-adapters/qci.ts';
import { encodeTapqInfo } from '../crypto-adapters/tapq-info.ts';
import type { Task } from '../runtime/task.ts';
import type { Kvm } from './kvm.ts';
import { PqapFunction, RESERVED_BITS, T_BIT, apqnIn, functionOf, storeStatus, type RegisterImage } from './pqap-registers.ts';
import type { Vcpu } from './vcpu.ts';

/** Where it is executed; `instructions` are those of the vCPU, and set its condition code. */
export interface PqapMachine {
  readonly kvm: Kvm;
  readonly vcpu: Vcpu;
  readonly instructions: ApInstructions;
}

/** For a vCPU whose AP instructions are interpreted. Sets registers and condition code, or throws ProgramInterruption. */
export async function interpretPqap(task: Task, machine: PqapMachine, registers: RegisterImage): Promise<void> {
  const { vcpu, kvm, instructions } = machine;
  if (vcpu.problemState) throw new ProgramInterruption(PRIVILEGED_OPERATION, 'PQAP in problem state');
  const { gr0 } = registers;
  const called = functionOf(gr0);
  if (called === PqapFunction.QCI) return await query(task, machine, registers);
  if (called !== PqapFunction.TAPQ && called !== PqapFunction.RAPQ && called !== PqapFunction.ZAPQ) {
    throw specification(`PQAP with function code ${called}`);
  }
  // The bit of RAPQ and ZAPQ that unbinds a queue is among them: it needs Secure Execution binding, which this machine has not.
  if ((gr0 & RESERVED_BITS) !== 0) throw specification('PQAP with bits 41 to 47 of GR0 not zero');
  if (!kvm.facilities.apft && (gr0 & T_BIT) !== 0) throw specification('PQAP with the T bit, without facility 15');
  const apqn = apqnIn(gr0);
  if (called === PqapFunction.TAPQ) return await test(task, machine, registers);
  storeStatus(registers, await (called === PqapFunction.RAPQ ? instructions.rapq(task, apqn) : instructions.zapq(task, apqn)));
}

/** Without the T bit the upper half of the hardware information, the facilities of the card, stays zero. */
async function test(task: Task, { instructions }: PqapMachine, registers: RegisterImage): Promise<void> {
  const { status, info } = await instructions.tapq(task, apqnIn(registers.gr0));
  storeStatus(registers, status);
  const word = info === null ? 0n : encodeTapqInfo(info);
  registers.gr2High = (registers.gr0 & T_BIT) === 0 ? 0 : Number(word >> 32n);
  registers.gr2 = Number(word & 0xffffffffn);
}

/** GR2 holds the address of the block. GR1 is not changed. */
async function query(task: Task, { kvm, vcpu, instructions }: PqapMachine, registers: RegisterImage): Promise<void> {
  if (!kvm.facilities.qci) throw specification('QCI without facility 12');
  const address = registers.gr2High * 0x100000000 + registers.gr2;
  if (address % 8 !== 0) throw specification(`QCI into a block at 0x${address.toString(16)}, which is no multiple of 8`);
  const info = await instructions.qci(task);
  if (info === null) throw specification('QCI on a machine without facility 12');
  const stored = kvm.memory.write(address, encodeQci(info));
  if (!stored) throw new ProgramInterruption(ADDRESSING_EXCEPTION, `QCI into a block at 0x${address.toString(16)}`);
  vcpu.conditionCode = 0;
}

const specification = (why: string): ProgramInterruption => new ProgramInterruption(SPECIFICATION_EXCEPTION, why);
