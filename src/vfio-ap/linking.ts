/**
 * Links between mdevs and the queues bound to the driver (vfio_ap_ops.c: vfio_ap_mdev_link_queue and friends).
 */
import type { Apqn } from '../base/apqn.ts';
import type { Task } from '../runtime/task.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import { disableInterrupt } from './aqic.ts';
import { releaseInterrupt } from './irq-resources.ts';
import type { MatrixDev } from './matrix-dev.ts';
import { NO_ISC, type VfioApQueue } from './vfio-ap-queue.ts';

export function link(task: Task, mdev: ApMatrixMdev, queue: VfioApQueue): void {
  queue.mdev.set(task, mdev);
  mdev.qtable.modify(task).set(queue.apqn, queue);
}

/** Links those of the APQNs whose device is bound to vfio_ap and which are not linked yet. */
export function linkAll(task: Task, dev: MatrixDev, mdev: ApMatrixMdev, apqns: Iterable<Apqn>): void {
  const known = mdev.qtable.get(task);
  for (const apqn of apqns) {
    if (known.has(apqn)) continue;
    const queue = dev.host.bus.findVfioQueue(apqn);
    if (queue !== null) link(task, mdev, queue);
  }
}

/**
 * The end of a link: gives back what a reset could not (it met a queue that had left the host), then clears the back pointer, without
 * which the resources could never be given back.
 */
export async function leave(task: Task, dev: MatrixDev, queue: VfioApQueue): Promise<void> {
  // A queue that was not reset, since the guest never had it, may still have its interrupt enabled: the card must forget the guest too.
  if (queue.savedIsc.get(task) === NO_ISC) await releaseInterrupt(task, dev, queue);
  else await disableInterrupt(task, dev, queue);
  queue.mdev.set(task, null);
}

/** Takes the queue out of the table; the back pointer stays until its resources are released. */
export function unhash(task: Task, mdev: ApMatrixMdev, queue: VfioApQueue): void {
  mdev.qtable.modify(task).delete(queue.apqn);
}
