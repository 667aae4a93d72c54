/**
 * What could be assigned before filtering (vfio_ap_ops.c of 5.15: vfio_ap_mdev_verify_queues_reserved_for_apid and _for_apqi): what a guest
 * would be given at once had to be bound to vfio_ap already.
 */
import { ApMask } from '../base/ap-mask.ts';
import { apqnOf } from '../base/apqn.ts';
import type { ApMatrix } from './ap-matrix.ts';
import type { MatrixDev } from './matrix-dev.ts';

/**
 * Is every APQN that the change from `before` to `next` adds bound to vfio_ap? An id that makes no APQN yet needs any queue of its adapter,
 * or of its domain, to be.
 */
export function isBound(dev: MatrixDev, before: ApMatrix, next: ApMatrix): boolean {
  const bound = (adapter: number, domain: number): boolean => dev.host.bus.findVfioQueue(apqnOf(adapter, domain)) !== null;
  for (const adapter of next.apm.andNot(before.apm).bits()) {
    if (!enough(next.aqm, (domain) => bound(adapter, domain))) return false;
  }
  for (const domain of next.aqm.andNot(before.aqm).bits()) {
    if (!enough(next.apm, (adapter) => bound(adapter, domain))) return false;
  }
  return true;
}

function enough(partners: ApMask, bound: (partner: number) => boolean): boolean {
  return partners.isEmpty() ? [...ApMask.FULL.bits()].some(bound) : [...partners.bits()].every(bound);
}
