/**
 * The driver on the AP bus (vfio_ap_drv.c: vfio_ap_drv): takes the queues that the host does not reserve, and is asked before the host
 * takes them back.
 */
import type { ApMask } from '../base/ap-mask.ts';
import { adapterOf, apqnText } from '../base/apqn.ts';
import { EADDRINUSE, EEXIST, ENOMEM, OK, type Errno } from '../base/errno.ts';
import type { ApCard } from '../ap-bus/ap-card.ts';
import type { ApDriver } from '../ap-bus/ap-driver-port.ts';
import { ApQueueDevice } from '../ap-bus/ap-queue-device.ts';
import type { QciInfo } from '../crypto-adapters/ap-instructions.ts';
import { beginOperation } from '../locks/task-memory.ts';
import type { Task } from '../runtime/task.ts';
import { apqnsOf } from './ap-matrix.ts';
import type { HostConfiguration } from './host-config.ts';
import type { LockingDesign } from './locking/port.ts';
import type { MatrixDev } from './matrix-dev.ts';
import type { QueueBinding } from './queue-binding.ts';
import { QUEUE_STATUS } from './queue-status.ts';
import { VfioApQueue } from './vfio-ap-queue.ts';

const VFIO_AP_DRIVER = 'vfio_ap';

export class VfioApDriver implements ApDriver {
  readonly name = VFIO_AP_DRIVER;
  readonly isDefault = false;
  private readonly dev: MatrixDev;
  private readonly design: LockingDesign;
  private readonly binding: QueueBinding;
  private readonly configuration: HostConfiguration;

  constructor(dev: MatrixDev, design: LockingDesign, parts: { binding: QueueBinding; configuration: HostConfiguration }) {
    this.dev = dev;
    this.design = design;
    this.binding = parts.binding;
    this.configuration = parts.configuration;
  }

  matches(device: ApCard | ApQueueDevice): boolean {
    return device instanceof ApQueueDevice;
  }

  async probe(task: Task, device: ApCard | ApQueueDevice): Promise<Errno> {
    const queueDevice = device as ApQueueDevice;
    const { layer, quirks } = this.dev.host;
    // A failed probe may have left one behind.
    if (queueDevice.device.directory.entry(QUEUE_STATUS.name) !== null) return EEXIST;
    const early = quirks.has('status-in-probe');
    if (early) this.addStatus(queueDevice);
    if (this.allocationFails(task)) {
      await this.afterFailure(task, queueDevice, early);
      return ENOMEM;
    }
    const queue = new VfioApQueue(layer, queueDevice.apqn);
    this.design.adoptQueue(queue);
    await this.binding.probed(task, queue, () => {
      queueDevice.driverData = queue;
      queue.lifetime.publish();
    });
    // After the driver data: a reader of the attribute finds the queue complete.
    if (!early) this.addStatus(queueDevice);
    return OK;
  }

  async remove(task: Task, device: ApCard | ApQueueDevice): Promise<void> {
    const queueDevice = device as ApQueueDevice;
    // Before any lock: a reader of the attribute needs them and is waited for here.
    if (this.dev.host.kernel.guestMatrix) await queueDevice.device.removeAttribute(task, QUEUE_STATUS.name);
    const queue = queueDevice.driverData as VfioApQueue;
    await this.binding.removed(task, queue, () => {
      queueDevice.driverData = null;
      queue.lifetime.free(task);
    });
  }

  /**
   * -EADDRINUSE when any of the APQNs is assigned to an mdev, whether a guest runs or not: then each APQN of the first such mdev is in the log,
   * and the others are not looked at. Kernels without the callback are not asked.
   */
  async inUse(task: Task, apm: ApMask, aqm: ApMask): Promise<Errno> {
    if (!this.dev.host.kernel.inUse) return OK;
    beginOperation(task);
    const used = await this.design.inUse(task, () => {
      for (const mdev of this.dev.mdevs.get(task)) {
        const matrix = mdev.matrix.get(task);
        const apqns = apqnsOf({ ...matrix, apm: matrix.apm.and(apm), aqm: matrix.aqm.and(aqm) });
        for (const apqn of apqns) {
          this.dev.host.log.warn(
            { queue: apqnText(apqn), adapter: adapterOf(apqn), mdev: mdev.name },
            'cannot reserve the queue for the host driver: in use by an mdev',
          );
        }
        if (apqns.length > 0) return true;
      }
      return false;
    });
    if (typeof used === 'number') return used;
    return used ? EADDRINUSE : OK;
  }

  async onConfigChanged(task: Task, next: QciInfo, previous: QciInfo): Promise<void> {
    await this.configuration.onConfigChanged(task, next, previous);
  }

  async onScanComplete(task: Task): Promise<void> {
    await this.configuration.onScanComplete(task);
  }

  private addStatus(device: ApQueueDevice): void {
    if (!this.dev.host.kernel.guestMatrix) return;
    device.device.addAttribute(QUEUE_STATUS, { dev: this.dev, design: this.design, device });
  }

  /** The defect: the attribute, made before the allocation, stays. */
  private async afterFailure(task: Task, device: ApQueueDevice, added: boolean): Promise<void> {
    const stays = this.dev.host.quirks.has('probe-error-leak');
    if (stays && !added) this.addStatus(device);
    if (added && !stays) await device.device.removeAttribute(task, QUEUE_STATUS.name);
  }

  private allocationFails(task: Task): boolean {
    const { faults, layer } = this.dev.host;
    return faults.has('probe-allocation') && layer.rt.choose(task, 'probe-allocation', 2) === 1;
  }
}
