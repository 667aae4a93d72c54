/**
 * Interception of PQAP(AQIC) (arch/s390/kvm/priv.c: handle_pqap): KVM's own checks, in their order, then the hook under the protection
 * that the locking design gives it.
 */
import { EOPNOTSUPP } from '../base/errno.ts';
import { OPERATION_EXCEPTION, ProgramInterruption, SPECIFICATION_EXCEPTION } from '../base/program-interruption.ts';
import type { ApStatus } from '../crypto-adapters/ap-status.ts';
import { beginOperation } from '../locks/task-memory.ts';
import type { Task } from '../runtime/task.ts';
import { CRYCB_FORMAT2 } from './crycb.ts';
import type { InterceptedAqic, PqapAnswer, PqapInterception } from './pqap-port.ts';
import type { Vcpu } from './vcpu.ts';

/** Adapters above 63 and domains above 15 in GR0. */
const BEYOND_SMALL = 0xc0f0;

/** What the guest's instruction ends with; throws ProgramInterruption where the machine interrupts the program. @holds vcpu->mutex */
export async function handlePqapLocked(task: Task, interception: PqapInterception, request: InterceptedAqic): Promise<PqapAnswer> {
  beginOperation(task);
  const { kvm, vcpu } = request;
  vcpu.mutex.assertHeld(task, 'the PQAP interception');
  if (!kvm.facilities.apie) return { errno: EOPNOTSUPP };
  if (kvm.crycbFormat !== CRYCB_FORMAT2 && (request.apqn & BEYOND_SMALL) !== 0) {
    throw new ProgramInterruption(SPECIFICATION_EXCEPTION, 'AQIC of an APQN beyond adapter 63 or domain 15');
  }
  if (!kvm.facilities.aqic) throw new ProgramInterruption(SPECIFICATION_EXCEPTION, 'AQIC without facility 65');
  return await interception.intercept(task, request);
}

/** The end of the interception in user space: an unhandled one becomes an operation exception. */
export async function finishPqap(task: Task, vcpu: Vcpu, answer: PqapAnswer): Promise<ApStatus> {
  if ('status' in answer) return answer.status;
  if ('errno' in answer) throw new ProgramInterruption(OPERATION_EXCEPTION, `AQIC is not handled (errno ${-answer.errno})`);
  const status = await answer.outside(task);
  // The result enters the registers by another KVM_RUN.
  using _again = await vcpu.mutex.acquire(task);
  return status;
}
