/**
 * Setting and clearing the AP masks of a VM (arch/s390/kvm/kvm-s390.c: kvm_arch_crypto_set_masks, kvm_arch_crypto_clear_masks):
 * every vCPU is taken out of SIE, the masks change, nested guests are told to rebuild theirs, the vCPUs go on.
 */
import type { Task } from '../runtime/task.ts';
import { withVcpusBlockedLocked } from './blocked-vcpus.ts';
import { EMPTY_APCB, storedIn, type Apcb } from './crycb.ts';
import type { Kvm } from './kvm.ts';

/** @holds kvm->lock. Sleeps until every vCPU is out of SIE. */
export async function setMasksLocked(task: Task, kvm: Kvm, masks: Apcb): Promise<void> {
  const after = storedIn(kvm.crycbFormat, masks);
  await withVcpusBlockedLocked(task, kvm, 'setting the AP masks', () => {
    const before = kvm.apcb.inspect();
    kvm.apcb.set(task, after);
    kvm.onMasks({ before, after });
  });
  kvm.host.events.emit('kvm.masks', task.name, () => ({
    guest: kvm.name,
    apm: [...after.apm.bits()],
    aqm: [...after.aqm.bits()],
    adm: [...after.adm.bits()],
  }));
}

/** @holds kvm->lock. */
export async function clearMasksLocked(task: Task, kvm: Kvm): Promise<void> {
  await setMasksLocked(task, kvm, EMPTY_APCB);
}
