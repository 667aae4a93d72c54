/**
 * Secure Execution start and stop (arch/s390/kvm/kvm-s390.c: KVM_PV_ENABLE, KVM_PV_DISABLE, kvm_s390_cpus_to_pv, kvm_s390_cpus_from_pv;
 * interrupt.c: kvm_s390_gisa_disable, kvm_s390_gisa_enable): kvm->lock, then each vcpu->mutex in turn, a second time where the GISA comes
 * or goes. Without support of the ultravisor a protected guest has no adapter interruption virtualization: AQIC goes to user space, and what
 * was enabled before interrupts nobody any more. Its pages stay pinned and its ISCs registered until the queue is reset or taken away.
 */
import { EINVAL, OK, type Errno } from '../base/errno.ts';
import type { Task } from '../runtime/task.ts';
import type { Kvm } from './kvm.ts';

/** -EINVAL when the guest is in that mode already. */
export async function secureExecution(task: Task, kvm: Kvm, on: boolean): Promise<Errno> {
  using _lock = await kvm.lock.acquire(task);
  if (kvm.protectedGuest === on) return EINVAL;
  if (on) await startLocked(task, kvm);
  else await stopLocked(task, kvm);
  kvm.host.events.emit(on ? 'kvm.pv-start' : 'kvm.pv-stop', task.name, { guest: kvm.name });
  return OK;
}

/** The VM is protected first, then its vCPUs are, one by one. */
async function startLocked(task: Task, kvm: Kvm): Promise<void> {
  kvm.protectedGuest = true;
  kvm.memory.protection.switch(true);
  if (kvm.host.ultravisorAiv !== true) await disableGisaLocked(task, kvm);
  for (const vcpu of kvm.vcpus) {
    using _mutex = await vcpu.mutex.acquire(task);
    vcpu.isProtected = true;
  }
}

/** And the other way round; the GISA of before comes back, empty. */
async function stopLocked(task: Task, kvm: Kvm): Promise<void> {
  for (const vcpu of kvm.vcpus) {
    using _mutex = await vcpu.mutex.acquire(task);
    vcpu.isProtected = false;
  }
  if (kvm.gisa.init()) {
    for (const vcpu of kvm.vcpus) {
      using _mutex = await vcpu.mutex.acquire(task);
      vcpu.aiv = true;
    }
  }
  kvm.memory.protection.switch(false);
  kvm.protectedGuest = false;
}

/** The GISA goes only after every vCPU has lost AIV: no AQIC that has found AIV on is under way on any of them then. */
async function disableGisaLocked(task: Task, kvm: Kvm): Promise<void> {
  if (!kvm.gisa.enabled) return;
  for (const vcpu of kvm.vcpus) {
    using _mutex = await vcpu.mutex.acquire(task);
    vcpu.aiv = false;
  }
  const alertMask = kvm.gisa.destroy();
  if (alertMask !== 0) kvm.host.events.emit('kvm.gisa-destroyed', task.name, { guest: kvm.name, unexpectedAlertMask: alertMask });
}
