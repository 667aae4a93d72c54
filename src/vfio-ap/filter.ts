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
  /** Adapters that the guest had and has no longer. */
  readonly lost: ApMask;
}

/** Which APQNs the reason for filtering is about. */
type Added = Pick<ApMatrix, 'apm' | 'aqm'>;

/** Sets the shadow to what is passable now. `added` is what the defect of looking at new APQNs only would look at. */
export function filterMatrix(task: Task, matrixDev: MatrixDev, mdev: ApMatrixMdev, added?: Added): Filtering {
  const before = mdev.shadow.get(task);
  const { apm, lost } = passableAdapters(task, matrixDev, mdev, matrixDev.host.quirks.has('filter-new-ids-only') ? added : undefined);
  const aqm = mdev.matrix.get(task).aqm.and(matrixDev.info.get(task).aqm);
  const changed = !apm.equals(before.apm) || !aqm.equals(before.aqm);
  if (changed) mdev.shadow.set(task, { apm, aqm, adm: before.adm });
  return { changed, lost };
}

/** Control domains: assigned and in the host configuration. Answers whether the shadow changed. */
export function filterControlDomains(task: Task, matrixDev: MatrixDev, mdev: ApMatrixMdev): boolean {
  const before = mdev.shadow.get(task);
  const adm = mdev.matrix.get(task).adm.and(matrixDev.info.get(task).adm);
  if (adm.equals(before.adm)) return false;
  mdev.shadow.set(task, { ...before, adm });
  return true;
}

function passableAdapters(task: Task, matrixDev: MatrixDev, mdev: ApMatrixMdev, only: Added | undefined): { apm: ApMask; lost: ApMask } {
  const info = matrixDev.info.get(task);
  const matrix = mdev.matrix.get(task);
  const previous = mdev.shadow.get(task).apm;
  const qtable = mdev.qtable.get(task);
  const domains = [
    ...matrix.aqm
      .and(info.aqm)
      .and(only?.aqm ?? ApMask.FULL)
      .bits(),
  ];
  let apm = matrix.apm.and(info.apm);
  let lost = ApMask.EMPTY;
  for (const adapter of [...apm.and(only?.apm ?? ApMask.FULL).bits()]) {
    if (domains.every((domain) => passable(task, qtable.get(apqnOf(adapter, domain))))) continue;
    apm = apm.without(adapter);
    if (previous.has(adapter)) lost = lost.with(adapter);
  }
  return { apm, lost };
}

function passable(task: Task, queue: VfioApQueue | undefined): boolean {
  return queue !== undefined && isPassable(queue.resetStatus.get(task));
}
