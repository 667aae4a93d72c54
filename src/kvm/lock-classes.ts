/**
 * Lock classes of KVM on s390, and what waits stand for (arch/s390/kvm, virt/kvm; Documentation/virt/kvm/locking.rst).
 *
 * Order, outermost first:
 *   kvm->lock
 *     vcpu->mutex            Secure Execution conversion takes them one after another, never two at once
 *       pqap_hook_rwsem (R)  for the whole PQAP handler
 *     vcpus in SIE (wait)    mask setter, under kvm->lock
 *   SIE blocked (wait)       a vcpu about to enter SIE, under vcpu->mutex
 *   pqap_hook_rwsem (W)      alone, to publish or withdraw the hook
 */
import { LockClass } from '../locks/lock-class.ts';

export const KVM_LOCK = new LockClass('kvm->lock', { protects: 'the configuration of one VM: CRYCB masks, Secure Execution state' });
export const VCPU_MUTEX = new LockClass('vcpu->mutex', { protects: 'one KVM_RUN at a time on a vCPU' });
export const PQAP_HOOK_RWSEM = new LockClass('pqap_hook_rwsem', { protects: 'the pqap_hook pointer of one VM' });
export const VCPUS_IN_SIE = new LockClass('vcpus in SIE', { protects: 'waited for until every vCPU of a VM has left SIE' });
export const SIE_BLOCKED = new LockClass('SIE blocked', { protects: 'waited for until the vCPUs of a VM may enter SIE again' });
export const VCPU_IDLE = new LockClass('vcpu idle', { idle: true, protects: 'waited for by a vCPU in the enabled wait state' });
