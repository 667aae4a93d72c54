/**
 * `trylock-perms`: the answer of version 12 of the dynamic assignment series (2020) to the inversion of perms-inside: assignment and the "in
 * use?" callback only try the driver's locks, and fail with -EBUSY when they are held; and the ownership query does without the mutex.
 *
 * Order: the AP bus, which asks with ap_attr_mutex held, waits for none of the driver's locks, and nobody asks for that mutex inside them.
 * No cycle. A store fails now and then for no reason that its user could see, and may do so again and again. And between the answer "not
 * in use" and the new mask an assignment takes the queue: it looks at a mask that is old, and the host takes the queue from the guest.
 */
import type { ApMask } from '../../base/ap-mask.ts';
import { EBUSY, type Errno } from '../../base/errno.ts';
import type { Guard } from '../../locks/guard.ts';
import type { MaybePromise } from '../../runtime/runtime.ts';
import type { Task } from '../../runtime/task.ts';
import { guestsLockClasses } from './guests-lock.ts';
import { PermsInside } from './perms-inside.ts';
import type { DesignContext, Target } from './port.ts';

const TRIED = guestsLockClasses(true);

export class TrylockPerms extends PermsInside {
  override readonly name: string = 'trylock-perms';
  override readonly order: readonly (readonly string[])[] = [
    ['guests_lock', 'kvm->lock', 'mdevs_lock'],
    ['kvm->lock', 'vcpu->mutex', 'pqap_hook_rwsem', 'mdevs_lock'],
  ];

  constructor(context: DesignContext) {
    super(context, TRIED);
  }

  override async inUse(task: Task, body: () => boolean): Promise<boolean | Errno> {
    using guests = await this.guestsLock.tryAcquire(task);
    if (guests === null) return EBUSY;
    using mdevs = await this.mdevsLock.tryAcquire(task);
    return mdevs === null ? EBUSY : body();
  }

  protected override async reserved(task: Task, apm: ApMask, aqm: ApMask): Promise<boolean> {
    return await this.matrixDev.host.bus.ownsAnyInTheOpen(task, apm, aqm);
  }

  protected override takeGuests(task: Task, target: Target): MaybePromise<Guard | null> {
    return target.kind === 'assign' ? this.guestsLock.tryAcquire(task) : super.takeGuests(task, target);
  }
}
