/**
 * What an enabled interrupt holds: a guest ISC registration and a pinned page (vfio_ap_ops.c: vfio_ap_free_aqic_resources).
 */
import type { Task } from '../runtime/task.ts';
import type { MatrixDev } from './matrix-dev.ts';
import { NO_ISC, type VfioApQueue } from './vfio-ap-queue.ts';

/** Gives both back. Without a guest behind the queue they cannot be given back: that is logged and they are kept. */
export async function releaseInterrupt(task: Task, dev: MatrixDev, queue: VfioApQueue): Promise<void> {
  const mdev = queue.mdev.get(task);
  const isc = queue.savedIsc.get(task);
  if (isc !== NO_ISC) {
    const kvm = mdev?.kvm.get(task) ?? null;
    if (kvm === null) dev.host.log.warn({ queue: queue.name, isc }, 'the guest ISC cannot be unregistered: no guest is attached');
    else {
      kvm.gisa.unregister(isc);
      queue.savedIsc.set(task, NO_ISC);
    }
  }
  const iova = queue.savedIova.get(task);
  if (iova === 0) return;
  if (mdev === null)
    dev.host.log.warn({ queue: queue.name, iova }, 'the page of the notification byte cannot be unpinned: no mdev is linked');
  else {
    await mdev.device.container?.unpin(task, iova);
    queue.savedIova.set(task, 0);
  }
}
