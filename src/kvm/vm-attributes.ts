/**
 * The crypto attributes of a VM (arch/s390/kvm/kvm-s390.c: kvm_s390_vm_has_attr, kvm_s390_vm_set_crypto; group KVM_S390_VM_CRYPTO of
 * KVM_SET_DEVICE_ATTR in Documentation/virt/kvm/devices/vm.rst).
 */
import { EINVAL, ENXIO, OK, type Errno } from '../base/errno.ts';
import { Access } from '../runtime/access.ts';
import type { Task } from '../runtime/task.ts';
import { withVcpusBlockedLocked } from './blocked-vcpus.ts';
import type { Kvm } from './kvm.ts';
import type { KeyKind } from './vm-crypto.ts';

export const VmCryptoAttribute = {
  ENABLE_AES_KW: 0,
  ENABLE_DEA_KW: 1,
  DISABLE_AES_KW: 2,
  DISABLE_DEA_KW: 3,
  ENABLE_APIE: 4,
  DISABLE_APIE: 5,
} as const;

type Change = { readonly wrap: KeyKind; readonly on: boolean } | { readonly apie: boolean };

/** By number. */
const CHANGES: readonly Change[] = [
  { wrap: 'aes', on: true },
  { wrap: 'dea', on: true },
  { wrap: 'aes', on: false },
  { wrap: 'dea', on: false },
  { apie: true },
  { apie: false },
];

/** 0, or -ENXIO: no such attribute. Those of APIE are there on a host with AP instructions only. */
export function hasCryptoAttribute(kvm: Kvm, attribute: number): Errno {
  const change = CHANGES[attribute];
  if (change === undefined) return ENXIO;
  return 'apie' in change && !kvm.hasApInstructions ? ENXIO : OK;
}

/**
 * Takes kvm->lock; every vCPU is set up anew while none is in SIE. -ENXIO: no such attribute (the kernel's set, which nobody calls without
 * having asked, says -EOPNOTSUPP for APIE without AP instructions). -EINVAL: key wrapping without facility 76. An error changes nothing.
 */
export async function setCryptoAttribute(task: Task, kvm: Kvm, attribute: number): Promise<Errno> {
  using _lock = await kvm.lock.acquire(task);
  const errno = hasCryptoAttribute(kvm, attribute);
  if (errno !== OK) return errno;
  const change = CHANGES[attribute]!;
  if ('wrap' in change && !kvm.hasMsa3) return EINVAL;
  kvm.host.layer.rt.touch(kvm.crypto, Access.WRITE);
  if ('wrap' in change) kvm.crypto.wrap(change.wrap, change.on);
  else kvm.crypto.apie = change.apie;
  await withVcpusBlockedLocked(task, kvm, 'setting up the vCPUs', () => kvm.setUpVcpus());
  return OK;
}
