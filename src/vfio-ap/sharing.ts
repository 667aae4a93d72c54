/**
 * Whom queues belong to: no APQN may be in the matrix of two mdevs (vfio_ap_ops.c: vfio_ap_mdev_verify_no_sharing).
 */
import type { Apqn } from '../base/apqn.ts';
import type { Task } from '../runtime/task.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import { apqnsOf, type ApMatrix } from './ap-matrix.ts';
import type { MatrixDev } from './matrix-dev.ts';

export interface Shared {
  readonly owner: ApMatrixMdev;
  /** Those of the APQNs asked about that are assigned to the owner. */
  readonly apqns: readonly Apqn[];
}

/** The first mdev of the list that has an APQN of apm x aqm, `assignee` aside; null when there is none. */
export function sharedWith(
  task: Task,
  dev: MatrixDev,
  wanted: Pick<ApMatrix, 'apm' | 'aqm'>,
  assignee: ApMatrixMdev | null,
): Shared | null {
  const mdevs = dev.mdevs.get(task);
  let found: ApMatrixMdev | null = null;
  for (const other of dev.assigned.mayShare(wanted) ?? mdevs) {
    if (other === assignee) continue;
    const { apm, aqm } = other.matrix.get(task);
    if (!apm.intersects(wanted.apm) || !aqm.intersects(wanted.aqm)) continue;
    if (found === null || mdevs.indexOf(other) < mdevs.indexOf(found)) found = other;
  }
  if (found === null) return null;
  const theirs = found.matrix.get(task);
  return { owner: found, apqns: apqnsOf({ ...theirs, apm: theirs.apm.and(wanted.apm), aqm: theirs.aqm.and(wanted.aqm) }) };
}
