/**
 * Secure Execution start and stop (arch/s390/kvm/kvm-s390.c: KVM_PV_ENABLE, KVM_PV_DISABLE; pv.c: kvm_s390_cpus_to_pv):
 * kvm->lock, then each vcpu->mutex in turn. Without support of the
 * ultravisor a protected guest has no adapter interruption virtualization: AQIC is refused, what was enabled before stays.
 */
import { EINVAL, OK, type Errno } from '../base/errno.ts';
import type { Task } from '../runtime/task.ts';
import type { Kvm } from './kvm.ts';

/** -EINVAL when the guest is in that mode already. */
export async function secureExecution(task: Task, kvm: Kvm, on: boolean): Promise<Errno> {
  using _lock = await kvm.lock.acquire(task);
  if (kvm.protectedGuest === on) return EINVAL;
  for (const vcpu of kvm.vcpus) {
    using _mutex = await vcpu.mutex.acquire(task);
    vcpu.aiv = !on && kvm.gisa.enabled;
  }
  kvm.protectedGuest = on;
  kvm.host.events.emit(on ? 'kvm.pv-start' : 'kvm.pv-stop', task.name, { guest: kvm.name });
  return OK;
}
