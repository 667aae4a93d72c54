/**
 * The ownership query of vfio_ap (ap_owned_by_def_drv, ap_apqn_in_matrix_owned_by_def_drv). The caller holds the attribute mutex, so that
 * the answer stays true until it has acted on it. Whether a queue device exists does not matter, except where it has a driver_override:
 * then the host owns it while a driver of the host has it, whatever the masks say.
 */
import { ApMask } from '../base/ap-mask.ts';
import { adapterOf, domainOf } from '../base/apqn.ts';
import { EINVAL, type Errno } from '../base/errno.ts';
import type { Task } from '../runtime/task.ts';
import type { ApMasks, ApPermissions } from './ap-permissions.ts';
import type { DriverOverrides, Overridable } from './driver-overrides.ts';

/** Is the device bound to a driver of the host? Looked at without its mutex, as the kernel does. */
export type HostHas = (it: Overridable) => boolean;

export class ApOwnership {
  private readonly permissions: ApPermissions;
  private readonly overrides: DriverOverrides;
  private readonly hostHas: HostHas;

  constructor(permissions: ApPermissions, overrides: DriverOverrides, hostHas: HostHas) {
    this.permissions = permissions;
    this.overrides = overrides;
    this.hostHas = hostHas;
  }

  /** Does the host own any APQN of the cross product? */
  ownsAny(task: Task, apm: ApMask, aqm: ApMask): boolean {
    this.permissions.attrMutex.assertHeld(task, 'the ownership query');
    return this.answer(this.permissions.masks(task), { apm, aqm }, this.overrides.within(task, apm, aqm));
  }

  /** The same without the mutex: nothing keeps the answer true. */
  async ownsAnyInTheOpen(task: Task, apm: ApMask, aqm: ApMask): Promise<boolean> {
    const masks = await this.permissions.readInTheOpen(task);
    return this.answer(masks, { apm, aqm }, this.overrides.withinInTheOpen(apm, aqm));
  }

  /** As the kernel answers: 1 when the host owns it, 0 when not, -EINVAL for numbers that no APQN has. */
  owns(task: Task, adapter: number, domain: number): Errno {
    this.permissions.attrMutex.assertHeld(task, 'the ownership query');
    if (!(adapter >= 0 && adapter < 256 && domain >= 0 && domain < 256)) return EINVAL;
    return this.ownsAny(task, ApMask.of(adapter), ApMask.of(domain)) ? 1 : 0;
  }

  /** `named`: the queues of the matrix that have an override. */
  private answer(masks: ApMasks, matrix: ApMasks, named: readonly Overridable[]): boolean {
    if (named.some((it) => this.hostHas(it))) return true;
    const apm = matrix.apm.and(masks.apm);
    const aqm = matrix.aqm.and(masks.aqm);
    // Those with a name are spoken for; is there one among the rest?
    const spoken = named.filter(({ apqn }) => apm.has(adapterOf(apqn)) && aqm.has(domainOf(apqn))).length;
    return apm.count() * aqm.count() > spoken;
  }
}
