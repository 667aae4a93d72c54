/**
 * Filtering (vfio_ap_ops.c: vfio_ap_mdev_filter_matrix, _filter_cdoms): what of the assigned matrix a guest can be given now.
 * An adapter of which one queue is not bound, or not passable, is left out as a whole; domains are never left out.
 */
import { ApMask } from '../base/ap-mask.ts';
import { apqnOf } from '../base/apqn.ts';
import type { Task } from '../runtime/task.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import type { ApMatrix } from './ap-matrix.ts';
import type { MatrixDev } from './matrix-dev.ts';
import { isPassable, type VfioApQueue } from './vfio-ap-queue.ts';

export interface Filtering {
  readonly changed: boolean;
  /** Adapters that the guest had and has no longer, because of one of their queues. */
  readonly lost: ApMask;
}

/** APQNs as masks. */
type Apqns = Pick<ApMatrix, 'apm' | 'aqm'>;

/** Sets the shadow to what is passable now. `added` is what the defect of looking at new APQNs only would look at. */
export function filterMatrix(task: Task, matrixDev: MatrixDev, mdev: ApMatrixMdev, added?: Apqns): Filtering {
  const before = mdev.shadow.get(task);
  const assigned = mdev.matrix.get(task);
  const filters = filtersAtAll(matrixDev);
  const { apm, lost } = filters ? passableAdapters(task, matrixDev, mdev, added) : { apm: assigned.apm, lost: ApMask.EMPTY };
  const aqm = filters ? assigned.aqm.and(matrixDev.info.get(task).aqm) : assigned.aqm;
  const changed = !apm.equals(before.apm) || !aqm.equals(before.aqm);
  if (changed) mdev.shadow.set(task, { apm, aqm, adm: before.adm });
  matrixDev.onFiltered(mdev);
  return { changed, lost };
}

/** Control domains: assigned and in the host configuration. Answers whether the shadow changed. */
export function filterControlDomains(task: Task, matrixDev: MatrixDev, mdev: ApMatrixMdev): boolean {
  const before = mdev.shadow.get(task);
  const assigned = mdev.matrix.get(task).adm;
  const adm = filtersAtAll(matrixDev) ? assigned.and(matrixDev.info.get(task).adm) : assigned;
  if (adm.equals(before.adm)) return false;
  mdev.shadow.set(task, { ...before, adm });
  return true;
}

/** Before filtering a guest was given what is assigned. */
export const filtersAtAll = ({ host }: MatrixDev): boolean => host.kernel.filters !== 'nothing';

function passableAdapters(task: Task, matrixDev: MatrixDev, mdev: ApMatrixMdev, added?: Apqns): { apm: ApMask; lost: ApMask } {
  const { quirks, kernel } = matrixDev.host;
  const { apm: inHost } = matrixDev.info.get(task);
  const previous = mdev.shadow.get(task).apm;
  const qtable = mdev.qtable.get(task);
  const passable = (queue: VfioApQueue | undefined): boolean => queue !== undefined && isPassable(queue.resetStatus.get(task), kernel);
  const looked = lookedAt(task, matrixDev, mdev, quirks.has('filter-new-ids-only') ? added : undefined);
  const domains = [...looked.aqm.bits()];
  let apm = mdev.matrix.get(task).apm.and(inHost);
  let lost = ApMask.EMPTY;
  for (const adapter of apm.and(looked.apm).bits()) {
    if (domains.every((domain) => passable(qtable.get(apqnOf(adapter, domain))))) continue;
    apm = apm.without(adapter);
    if (previous.has(adapter)) lost = lost.with(adapter);
  }
  return { apm, lost };
}

/** APQNs whose queues decide. A domain that the host has not has no queues: where it is looked at, no adapter is left. */
function lookedAt(task: Task, matrixDev: MatrixDev, mdev: ApMatrixMdev, only: Apqns | undefined): Apqns {
  const info = matrixDev.info.get(task);
  const { apm, aqm } = mdev.matrix.get(task);
  const assigned = { apm: apm.and(only?.apm ?? ApMask.FULL), aqm: aqm.and(only?.aqm ?? ApMask.FULL) };
  return matrixDev.host.kernel.filters === 'matrix' ? assigned : { apm: assigned.apm, aqm: assigned.aqm.and(info.aqm) };
}
