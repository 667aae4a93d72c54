/**
 * Links between mdevs and the queues bound to the driver (vfio_ap_ops.c: vfio_ap_mdev_link_queue and friends).
 */
import { adapterOf, domainOf, type Apqn } from '../base/apqn.ts';
import type { QciInfo } from '../crypto-adapters/ap-instructions.ts';
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
 * The end of a link: gives back what a reset could not, then clears the back pointer, without which the resources could never be given back.
 * The kernel does the latter only, and leaks them. A queue that was not reset, since the guest never had it, or whose reset failed, still has
 * its interrupt enabled: the card must forget the guest, too. One that has left the host is not asked: it would answer "not available".
 */
export async function leave(task: Task, dev: MatrixDev, queue: VfioApQueue): Promise<void> {
  const enabled = queue.savedIsc.get(task) !== NO_ISC;
  if (enabled && inHost(dev.info.get(task), queue.apqn)) await disableInterrupt(task, dev, queue);
  else await releaseInterrupt(task, dev, queue);
  queue.mdev.set(task, null);
}

/** Is the queue in the last known configuration of the host? */
export function inHost(info: QciInfo, apqn: Apqn): boolean {
  return info.apm.has(adapterOf(apqn)) && info.aqm.has(domainOf(apqn));
}

/** Takes the queue out of the table; the back pointer stays until its resources are released. */
export function unhash(task: Task, mdev: ApMatrixMdev, queue: VfioApQueue): void {
  mdev.qtable.modify(task).delete(queue.apqn);
}
