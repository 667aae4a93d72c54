/**
 * Interception of PQAP (arch/s390/kvm/priv.c: handle_pqap): KVM's own checks, in their order, then the hook under the protection that the
 * locking design gives it, then the answer in GR1 and the condition code.
 */
import { EOPNOTSUPP, OK, type Errno } from '../base/errno.ts';
import { OPERATION_EXCEPTION, PRIVILEGED_OPERATION, ProgramInterruption, SPECIFICATION_EXCEPTION } from '../base/program-interruption.ts';
import { encodeStatus, type ApStatus } from '../crypto-adapters/ap-status.ts';
import { beginOperation } from '../locks/task-memory.ts';
import type { Task } from '../runtime/task.ts';
import { hasApxa } from './crycb.ts';
import type { Kvm } from './kvm.ts';
import {
  BEYOND_SMALL,
  PqapFunction,
  RESERVED_BITS,
  T_BIT,
  apqnIn,
  aqicOperand,
  functionOf,
  storeStatus,
  type RegisterImage,
} from './pqap-registers.ts';
import { NO_HOOK, type PqapInterception } from './pqap-port.ts';
import type { Vcpu } from './vcpu.ts';

/** Who executed the instruction, and its registers, which the answer goes into. */
export interface InterceptedPqap {
  readonly kvm: Kvm;
  readonly vcpu: Vcpu;
  readonly registers: RegisterImage;
}

/** 0: registers and condition code are set. An errno: they are as they were. Else what is to be done outside of KVM_RUN first. */
export type PqapOutcome = Errno | ((task: Task) => Promise<ApStatus>);

/** Throws ProgramInterruption where the program is interrupted; the registers stay as they were then, too. @holds vcpu->mutex */
export async function handlePqapLocked(task: Task, interception: PqapInterception, request: InterceptedPqap): Promise<PqapOutcome> {
  beginOperation(task);
  const { kvm, vcpu, registers } = request;
  vcpu.mutex.assertHeld(task, 'the PQAP interception');
  const errno = check(request);
  if (errno !== OK) return errno;
  const answer = await interception.intercept(task, { kvm, vcpu, apqn: apqnIn(registers.gr0), operand: aqicOperand(registers) });
  if ('errno' in answer) return answer.errno;
  if ('outside' in answer) return answer.outside;
  settle(request, answer.status, answer === NO_HOOK);
  return OK;
}

/** The end of the interception in user space: an unhandled one becomes an operation exception. */
export async function finishPqap(task: Task, request: InterceptedPqap, outcome: PqapOutcome): Promise<void> {
  if (outcome === OK) return;
  if (typeof outcome === 'number') throw new ProgramInterruption(OPERATION_EXCEPTION, `PQAP is not handled (errno ${-outcome})`);
  const status = await outcome(task);
  // The result enters the registers by another KVM_RUN.
  using _again = await request.vcpu.mutex.acquire(task);
  settle(request, status, false);
}

/** What KVM looks at before it asks anybody else, in this order. -EOPNOTSUPP: user space decides. */
function check({ kvm, vcpu, registers: { gr0 } }: InterceptedPqap): Errno {
  if (!kvm.hasApInstructions || !vcpu.apie || functionOf(gr0) !== PqapFunction.AQIC) return EOPNOTSUPP;
  if (vcpu.problemState) throw new ProgramInterruption(PRIVILEGED_OPERATION, 'PQAP in problem state');
  if ((gr0 & RESERVED_BITS) !== 0) throw specification('AQIC with bits 41 to 47 of GR0 not zero');
  if (!kvm.facilities.apft && (gr0 & T_BIT) !== 0) throw specification('AQIC with the T bit, without facility 15');
  if (!hasApxa(kvm.crycbFormat) && (gr0 & BEYOND_SMALL) !== 0) throw specification('AQIC of an APQN beyond adapter 63 or domain 15');
  if (!kvm.facilities.aqic) throw specification('AQIC without facility 65');
  return OK;
}

const specification = (why: string): ProgramInterruption => new ProgramInterruption(SPECIFICATION_EXCEPTION, why);

function settle({ kvm, vcpu, registers }: InterceptedPqap, status: ApStatus, noHook: boolean): void {
  if (noHook && kvm.host.statusInHighHalf === true) {
    // Four bytes stored at the start of the register's image, which is its high half: the guest looks at what it had put in the low one.
    registers.gr1High = encodeStatus(status);
    vcpu.conditionCode = 3;
  } else {
    storeStatus(registers, status);
    if (status.rc !== 0) vcpu.conditionCode = 3;
    else if (kvm.host.kernel?.setsSuccessCc ?? true) vcpu.conditionCode = 0;
  }
  kvm.onAqic({ answered: status.rc, seen: (registers.gr1 >>> 16) & 0xff });
}
