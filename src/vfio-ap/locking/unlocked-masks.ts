/**
 * D0, `unlocked-masks`: the design before 5.11 (before commit f21916ec4826): the mutex protects the list and the fields, and the masks are
 * set and cleared after it was given back.
 *
 * Order, outermost first:
 *   ap_attr_mutex            assignment only; owned by the AP bus
 *     matrix_dev->lock       every field of every mdev and queue
 *   vcpu->mutex
 *     matrix_dev->lock       for the whole PQAP handler
 *   kvm->lock                alone, while the masks of a guest are set or cleared
 * No cycle. The guest pointer goes first when a guest leaves: what its queues hold for it cannot be given back any more.
 */
import { EPERM, OK, type Errno } from '../../base/errno.ts';
import type { Kvm } from '../../kvm/kvm.ts';
import type { Task } from '../../runtime/task.ts';
import type { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import { GlobalMutex } from './global-mutex.ts';
import { sameLock } from './port.ts';
import { readerGuard } from './field-guards.ts';

export class UnlockedMasks extends GlobalMutex {
  override readonly name: string = 'unlocked-masks';
  override readonly order: readonly (readonly string[])[] = [
    ['ap_attr_mutex', 'matrix_dev->lock'],
    ['vcpu->mutex', 'matrix_dev->lock'],
  ];

  override adoptMdev(mdev: ApMatrixMdev): void {
    super.adoptMdev(mdev);
    // While the mdev has a guest its assignment does not change: who holds that guest's kvm->lock may copy it.
    const copier = readerGuard(`kvm->lock of the guest of ${mdev.name}`, (task) => mdev.kvm.inspect()?.lock.heldBy(task) ?? false);
    mdev.shadow.guardedBy([this.matrix, copier]);
    mdev.cfgChgTrigger.guardedBy([this.matrix, copier]);
  }

  override async attach(task: Task, mdev: ApMatrixMdev, kvm: Kvm): Promise<Errno> {
    {
      using _matrix = await this.matrix.acquire(task);
      if (this.steps.otherUser(task, mdev, kvm) !== null) return EPERM;
      this.steps.bind(task, mdev, kvm);
      await kvm.pqapHook.write(task, mdev);
    }
    await this.setMasks(task, mdev, kvm);
    return OK;
  }

  override async detach(task: Task, mdev: ApMatrixMdev): Promise<void> {
    let kvm: Kvm | null;
    {
      using _matrix = await this.matrix.acquire(task);
      kvm = mdev.kvm.get(task);
      if (kvm === null) return;
      await kvm.pqapHook.write(task, null);
      // The caller has a reference of its own as long as the device is open.
      this.steps.unbind(task, mdev, kvm);
    }
    await this.clearMasks(task, kvm);
    using _matrix = await this.matrix.acquire(task);
    await this.steps.resetQueues(task, mdev, sameLock);
  }
}
