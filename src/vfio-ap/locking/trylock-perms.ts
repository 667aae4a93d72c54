/**
 * `trylock-perms`: the answer of version 12 of the dynamic assignment series (2020) to the inversion of perms-inside: assignment and the "in
 * use?" callback only try the driver's locks, and fail with -EBUSY when they are held.
 *
 * Order: that of perms-inside; the AP bus, which asks with ap_attr_mutex held, waits for none of the driver's locks.
 * No cycle. A store fails now and then for no reason that its user could see, and may do so again and again.
 */
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

  constructor(context: DesignContext) {
    super(context, TRIED);
  }

  override async inUse(task: Task, body: () => boolean): Promise<boolean | Errno> {
    using guests = await this.guestsLock.tryAcquire(task);
    if (guests === null) return EBUSY;
    using mdevs = await this.mdevsLock.tryAcquire(task);
    return mdevs === null ? EBUSY : body();
  }

  protected override takeGuests(task: Task, target: Target): MaybePromise<Guard | null> {
    return target.kind === 'assign' ? this.guestsLock.tryAcquire(task) : super.takeGuests(task, target);
  }
}
