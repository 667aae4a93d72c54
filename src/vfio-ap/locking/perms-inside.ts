/**
 * `perms-inside`: guests-lock, but for the ownership query: as before version 19 of the dynamic assignment series the query takes the mutex
 * of the AP bus itself, inside the driver's locks.
 *
 * Order, outermost first:
 *   guests_lock
 *     kvm->lock
 *       mdevs_lock
 *         ap_attr_mutex      assignment: is the queue reserved for the host?
 * The AP bus asks "in use?" the other way round, with ap_attr_mutex held: a store to apmask and an assignment wait for each other.
 */
import type { ApMask } from '../../base/ap-mask.ts';
import type { Task } from '../../runtime/task.ts';
import { GuestsLock } from './guests-lock.ts';

export class PermsInside extends GuestsLock {
  override readonly name: string = 'perms-inside';
  override readonly order: readonly (readonly string[])[] = [
    ['guests_lock', 'kvm->lock', 'mdevs_lock', 'ap_attr_mutex'],
    ['kvm->lock', 'vcpu->mutex', 'pqap_hook_rwsem', 'mdevs_lock'],
  ];

  protected override holdOwnership(): null {
    return null;
  }

  protected override async reserved(task: Task, apm: ApMask, aqm: ApMask): Promise<boolean> {
    using _attr = await this.matrixDev.host.bus.attrMutex.acquire(task);
    return this.matrixDev.host.bus.ownsAny(task, apm, aqm);
  }
}
