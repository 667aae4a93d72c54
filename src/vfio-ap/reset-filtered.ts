/**
 * Reset of queues whose adapter the filter took away from the guest (vfio_ap_ops.c: reset_queues_for_apids): what comes back later must
 * not carry old state.
 */
import type { ApMask } from '../base/ap-mask.ts';
import { apqnOf } from '../base/apqn.ts';
import type { Task } from '../runtime/task.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import type { OnQueue } from './locking/port.ts';
import type { MatrixDev } from './matrix-dev.ts';
import { resetQueues } from './reset.ts';
import type { VfioApQueue } from './vfio-ap-queue.ts';

export interface Lost {
  readonly mdev: ApMatrixMdev;
  readonly adapters: ApMask;
  readonly onQueue: OnQueue;
  /** The queue on account of which the guest lost the adapter, when it is being unbound. */
  readonly leaving?: VfioApQueue;
}

/** Every linked queue of these adapters in the domains of the new shadow. */
export async function resetFiltered(task: Task, dev: MatrixDev, { mdev, adapters, onQueue, leaving }: Lost): Promise<void> {
  if (adapters.isEmpty()) return;
  if (dev.host.quirks.has('reset-siblings-skipped')) {
    await resetQueues(task, dev, leaving === undefined ? [] : [leaving], onQueue);
    return;
  }
  const queues: VfioApQueue[] = [];
  const domains = [...mdev.shadow.get(task).aqm.bits()];
  for (const adapter of adapters.bits()) {
    for (const domain of domains) {
      const queue = mdev.qtable.get(task).get(apqnOf(adapter, domain));
      if (queue !== undefined) queues.push(queue);
    }
  }
  await resetQueues(task, dev, queues, onQueue);
}
