/**
 * Hot plug of a vCPU (virt/kvm/kvm_main.c: kvm_vm_ioctl_create_vcpu; arch/s390/kvm/kvm-s390.c: kvm_arch_vcpu_create, kvm_s390_vcpu_setup).
 * Whether it has adapter interruption virtualization is decided without a lock, from the GISA that the VM has at that moment: when Secure
 * Execution starts before the vCPU is in the list, nobody takes AIV away from it, and the GISA is gone.
 */
import type { Task } from '../runtime/task.ts';
import type { Kvm } from './kvm.ts';
import type { Vcpu } from './vcpu.ts';

/** KVM_CREATE_VCPU: takes kvm->lock three times, never for long. */
export async function createVcpu(task: Task, kvm: Kvm): Promise<Vcpu> {
  const vcpu = kvm.makeVcpu(await reserveId(task, kvm));
  {
    using _lock = await kvm.lock.acquire(task);
    vcpu.isProtected = kvm.protectedGuest;
  }
  using _lock = await kvm.lock.acquire(task);
  kvm.addVcpu(task, vcpu);
  kvm.host.events.emit('kvm.vcpu-created', task.name, { guest: kvm.name, vcpu: vcpu.id, aiv: vcpu.aiv });
  return vcpu;
}

async function reserveId(task: Task, kvm: Kvm): Promise<number> {
  using _lock = await kvm.lock.acquire(task);
  return kvm.reserveVcpuId(task);
}
