/**
 * Work on a VM while none of its vCPUs is in SIE (arch/s390/kvm/kvm-s390.c: kvm_s390_vcpu_block_all, kvm_s390_vcpu_unblock_all,
 * kvm_s390_sync_request_broadcast).
 */
import type { Task } from '../runtime/task.ts';
import type { Kvm } from './kvm.ts';

/** The second kick of the kernel: nobody is in SIE, so nobody has to be waited for again. */
function restartNested(task: Task, kvm: Kvm): void {
  kvm.vsieRestarts++;
  if (kvm.host.restartsVsie === false) return;
  for (const vcpu of kvm.vcpus) {
    vcpu.kicks++;
    vcpu.vsieRestart.set(task, true);
  }
}

/**
 * Takes every vCPU out of SIE, runs `body`, asks each vCPU to run nested guests anew, and lets them in again. Without kvm->lock it does so
 * as well, and reports it; `what` says what for. @holds kvm->lock. Sleeps until every vCPU is out.
 */
export async function withVcpusBlockedLocked(task: Task, kvm: Kvm, what: string, body: () => void): Promise<void> {
  kvm.lock.assertHeld(task, what);
  kvm.sieBlocked = true;
  const blocked = kvm.blockMap.hold(task);
  try {
    for (const vcpu of kvm.vcpus) vcpu.kicks++;
    await kvm.sieExit.wait(task, () => kvm.vcpus.every((vcpu) => !vcpu.inSie));
    body();
    restartNested(task, kvm);
  } finally {
    kvm.sieBlocked = false;
    blocked.release();
    kvm.unblocked.wakeAll(task);
  }
}
