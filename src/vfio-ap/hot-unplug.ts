/**
 * Adapters or domains leave an mdev (vfio_ap_ops.c: vfio_ap_mdev_hot_unplug_adapters, _domains). What remains is not filtered again: an
 * adapter that was left out on account of a queue that is now gone stays out until something else filters (vfio_ap as it is: Q12).
 */
import type { ApMask } from '../base/ap-mask.ts';
import { adapterOf, apqnOf, domainOf } from '../base/apqn.ts';
import type { Task } from '../runtime/task.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import { hasApqn, type ApMatrix } from './ap-matrix.ts';
import { leave, unhash } from './linking.ts';
import type { Section } from './locking/port.ts';
import type { MatrixDev } from './matrix-dev.ts';
import { resetQueues } from './reset.ts';
import type { VfioApQueue } from './vfio-ap-queue.ts';

export interface Unplugged {
  readonly mdev: ApMatrixMdev;
  readonly mask: 'apm' | 'aqm';
  readonly ids: ApMask;
  /** The matrix that they were part of: their queues are those with each id of its other mask. */
  readonly from: ApMatrix;
}

/** The guest loses access first; then the queues are reset, and only then they lose their mdev. */
export async function hotUnplug(task: Task, dev: MatrixDev, section: Section, { mdev, mask, ids, from }: Unplugged): Promise<void> {
  if (ids.isEmpty()) return;
  const shadow = mdev.shadow.get(task);
  const unlinked = unhashAll(task, { mdev, mask, ids, from });
  if (shadow[mask].intersects(ids)) {
    mdev.shadow.set(task, { ...shadow, [mask]: shadow[mask].andNot(ids) });
    await section.push(task);
  }
  const used = unlinked.filter((queue) => hasApqn(shadow, adapterOf(queue.apqn), domainOf(queue.apqn)));
  await resetQueues(task, dev, used, section.onQueue);
  for (const queue of dev.host.quirks.has('Q6') ? used : unlinked) await leave(task, dev, queue);
}

/** Id by id, as the kernel does: the order of the resets. */
function unhashAll(task: Task, { mdev, mask, ids, from }: Unplugged): VfioApQueue[] {
  const unlinked: VfioApQueue[] = [];
  const qtable = mdev.qtable.get(task);
  const others = mask === 'apm' ? from.aqm : from.apm;
  for (const id of ids.bits()) {
    for (const other of others.bits()) {
      const queue = qtable.get(mask === 'apm' ? apqnOf(id, other) : apqnOf(other, id));
      if (queue === undefined) continue;
      unhash(task, mdev, queue);
      unlinked.push(queue);
    }
  }
  return unlinked;
}
