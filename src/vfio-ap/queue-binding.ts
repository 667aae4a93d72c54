/**
 * Queues come to the driver and leave it (vfio_ap_ops.c: vfio_ap_mdev_probe_queue, vfio_ap_mdev_remove_queue), as far as mdevs and guests
 * are concerned.
 */
import { ApMask } from '../base/ap-mask.ts';
import { adapterOf, domainOf } from '../base/apqn.ts';
import { OK } from '../base/errno.ts';
import { beginOperation } from '../locks/task-memory.ts';
import type { Task } from '../runtime/task.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import { hasApqn, type ApMatrix } from './ap-matrix.ts';
import { filterMatrix, filtersAtAll } from './filter.ts';
import { inHost, leave, link, unhash } from './linking.ts';
import type { LockingDesign, Section } from './locking/port.ts';
import type { MatrixDev } from './matrix-dev.ts';
import { resetFiltered } from './reset-filtered.ts';
import { resetQueues } from './reset.ts';
import type { VfioApQueue } from './vfio-ap-queue.ts';

export class QueueBinding {
  private readonly dev: MatrixDev;
  private readonly design: LockingDesign;

  constructor(dev: MatrixDev, design: LockingDesign) {
    this.dev = dev;
    this.design = design;
  }

  /** A queue was bound; `publish` makes it findable by its APQN, under the same locks. */
  async probed(task: Task, queue: VfioApQueue, publish: () => void): Promise<void> {
    beginOperation(task);
    await this.design.change(task, { kind: 'probe', apqn: queue.apqn }, async (section) => {
      const { mdev } = section;
      if (mdev !== null) {
        link(task, mdev, queue);
        // In the middle of a host change the end of the scan filters, once for all new queues.
        const later = this.dev.host.kernel.defersFiltering && hasPendingQueues(mdev.pending.get(task));
        if (!later) await this.refilter(task, section, mdev, queue);
      }
      publish();
      return OK;
    });
  }

  /** A queue is being taken away; `withdraw` makes it unfindable, under the same locks. */
  async removed(task: Task, queue: VfioApQueue, withdraw: () => void): Promise<void> {
    beginOperation(task);
    await this.design.change(task, { kind: 'unbind', queue }, async (section) => {
      const { mdev } = section;
      const [adapter, domain] = [adapterOf(queue.apqn), domainOf(queue.apqn)];
      const used = mdev !== null && filtersAtAll(this.dev) && hasApqn(mdev.shadow.get(task), adapter, domain);
      if (used) await this.takeAdapter(task, section, mdev, queue);
      else if (inHost(this.dev.info.get(task), queue.apqn) || this.dev.host.quirks.has('reset-after-host-removal'))
        await resetQueues(task, this.dev, [queue], section.onQueue);
      if (mdev !== null) {
        unhash(task, mdev, queue);
        await leave(task, this.dev, queue);
      }
      withdraw();
      return OK;
    });
  }

  private async refilter(task: Task, section: Section, mdev: ApMatrixMdev, { apqn }: VfioApQueue): Promise<void> {
    const added = { apm: ApMask.of(adapterOf(apqn)), aqm: ApMask.of(domainOf(apqn)) };
    const { changed, lost } = filterMatrix(task, this.dev, mdev, added);
    if (changed) await section.push(task);
    await resetFiltered(task, this.dev, { mdev, adapters: lost, onQueue: section.onQueue });
  }

  /** The guest loses the whole adapter, and all its queues are reset, the leaving one included. */
  private async takeAdapter(task: Task, section: Section, mdev: ApMatrixMdev, queue: VfioApQueue): Promise<void> {
    const adapter = adapterOf(queue.apqn);
    const shadow = mdev.shadow.get(task);
    mdev.shadow.set(task, { ...shadow, apm: shadow.apm.without(adapter) });
    await section.push(task);
    await resetFiltered(task, this.dev, { mdev, adapters: ApMask.of(adapter), onQueue: section.onQueue, leaving: queue });
  }
}

const hasPendingQueues = ({ apm, aqm }: ApMatrix): boolean => !apm.isEmpty() || !aqm.isEmpty();
