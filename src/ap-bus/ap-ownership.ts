/**
 * The ownership query of vfio_ap (ap_owned_by_def_drv, ap_apqn_in_matrix_owned_by_def_drv). The caller holds the attribute mutex, so that
 * the answer stays true until it has acted on it. Whether a queue device exists does not matter.
 */
import type { ApMask } from '../base/ap-mask.ts';
import { EINVAL, type Errno } from '../base/errno.ts';
import type { Task } from '../runtime/task.ts';
import type { ApPermissions } from './ap-permissions.ts';

export class ApOwnership {
  private readonly permissions: ApPermissions;

  constructor(permissions: ApPermissions) {
    this.permissions = permissions;
  }

  /** Does the host own any APQN of the cross product? */
  ownsAny(task: Task, apm: ApMask, aqm: ApMask): boolean {
    this.permissions.attrMutex.assertHeld(task, 'the ownership query');
    const masks = this.permissions.masks(task);
    return apm.intersects(masks.apm) && aqm.intersects(masks.aqm);
  }

  /** The same without the mutex: nothing keeps the answer true. */
  async ownsAnyInTheOpen(task: Task, apm: ApMask, aqm: ApMask): Promise<boolean> {
    const masks = await this.permissions.readInTheOpen(task);
    return apm.intersects(masks.apm) && aqm.intersects(masks.aqm);
  }

  /** As the kernel answers: 1 when the host owns it, 0 when not, -EINVAL for numbers that no APQN has. */
  owns(task: Task, adapter: number, domain: number): Errno {
    this.permissions.attrMutex.assertHeld(task, 'the ownership query');
    if (!(adapter >= 0 && adapter < 256 && domain >= 0 && domain < 256)) return EINVAL;
    const { apm, aqm } = this.permissions.masks(task);
    return apm.has(adapter) && aqm.has(domain) ? 1 : 0;
  }
}
