/**
 * Life of a mediated matrix device (vfio_ap_ops.c: vfio_ap_mdev_probe, _remove, _open_device, _close_device, _request, _dma_unmap).
 */
import { EINVAL, OK, type Errno } from '../base/errno.ts';
import { beginOperation } from '../locks/task-memory.ts';
import type { Device } from '../driver-core/device.ts';
import type { Task } from '../runtime/task.ts';
import type { IommuGroups } from '../vfio/iommu-groups.ts';
import type { ModuleReference } from '../vfio/module-reference.ts';
import { VfioDevice, type VfioDeviceOps } from '../vfio/vfio-device.ts';
import { ApMatrixMdev } from './ap-matrix-mdev.ts';
import { EMPTY_MATRIX } from './ap-matrix.ts';
import { disableInterrupt } from './aqic.ts';
import { MdevIoctls, replace } from './ioctls.ts';
import { leave } from './linking.ts';
import type { LockingDesign } from './locking/port.ts';
import { limitsOf, type MatrixDev } from './matrix-dev.ts';
import { resetQueues } from './reset.ts';

/** Every so many requests the log says that the device is still wanted back. */
const NOTICE_EVERY = 10;

/** What vfio and the kernel around it give to each mdev. */
export interface MdevSurroundings {
  readonly groups: IommuGroups;
  readonly module: ModuleReference;
}

export class MdevLifecycle {
  private readonly dev: MatrixDev;
  private readonly design: LockingDesign;
  private readonly ioctls: MdevIoctls;
  private readonly surroundings: MdevSurroundings;

  constructor(dev: MatrixDev, design: LockingDesign, surroundings: MdevSurroundings) {
    this.dev = dev;
    this.design = design;
    this.ioctls = new MdevIoctls(dev, design);
    this.surroundings = surroundings;
  }

  /** The probe of the driver: the mdev core has made a device, named by its UUID. */
  async create(task: Task, device: Device): Promise<ApMatrixMdev> {
    beginOperation(task);
    const { name: uuid } = device;
    const { layer, hardware, log } = this.dev.host;
    const { groups, module } = this.surroundings;
    const mdev = new ApMatrixMdev(layer, uuid, limitsOf(hardware.facilities.qci ? hardware.currentQci() : null));
    this.design.adoptMdev(mdev);
    mdev.device = new VfioDevice(layer, uuid, {
      log,
      module,
      ops: this.operations(mdev),
    });
    mdev.iommuGroup = groups.add(device);
    await this.design.editList(task, () => {
      this.dev.mdevs.set(task, [...this.dev.mdevs.get(task), mdev]);
      mdev.lifetime.publish();
    });
    this.dev.host.events.emit('vfio_ap.create', task.name, { mdev: uuid });
    return mdev;
  }

  /** Waits until nobody has it open, resets its queues and forgets it. */
  async remove(task: Task, device: Device): Promise<void> {
    beginOperation(task);
    const mdev = device.driverData as ApMatrixMdev;
    if (await this.refusesRemoval(task, mdev)) return;
    await mdev.device.unregister(task);
    await this.surroundings.groups.remove(task, device, mdev.iommuGroup);
    await this.design.change(task, { kind: 'remove', mdev }, async (section) => {
      const queues = [...mdev.qtable.get(task).values()];
      await resetQueues(task, this.dev, queues, section.onQueue);
      for (const queue of queues) await leave(task, this.dev, queue);
      mdev.qtable.modify(task).clear();
      for (const trigger of [mdev.reqTrigger, mdev.cfgChgTrigger]) replace(task, trigger, null);
      this.dev.mdevs.set(
        task,
        this.dev.mdevs.get(task).filter((other) => other !== mdev),
      );
      this.dev.assigned.note(mdev, EMPTY_MATRIX);
      mdev.lifetime.free(task);
      return OK;
    });
    this.dev.host.events.emit('vfio_ap.remove', task.name, { mdev: mdev.name });
  }

  /** The defect: the driver answers -EBUSY while a guest has the mdev. Nobody looks at the answer, and the device is gone all the same. */
  private async refusesRemoval(task: Task, mdev: ApMatrixMdev): Promise<boolean> {
    if (!this.dev.host.quirks.has('Q15')) return false;
    return (await this.design.inspect(task, () => mdev.kvm.get(task))) !== null;
  }

  private operations(mdev: ApMatrixMdev): VfioDeviceOps {
    const asks = this.dev.host.kernel.request !== 'none';
    return {
      openDevice: (opener) => this.open(opener, mdev),
      closeDevice: (closer) => this.close(closer, mdev),
      ioctl: (caller, request, argument) => this.ioctls.ioctl(caller, mdev, request, argument),
      dmaUnmap: (caller, iova, length) => this.dmaUnmap(caller, mdev, { iova, length }),
      ...(asks ? { request: (asker: Task, count: number) => this.request(asker, mdev, count) } : {}),
    };
  }

  /** Interrupts whose notification byte lies in the range are switched off, and what they hold is given back. */
  private async dmaUnmap(task: Task, mdev: ApMatrixMdev, range: { iova: number; length: number }): Promise<void> {
    beginOperation(task);
    const end = range.iova + range.length;
    await this.design.change(task, { kind: 'dma-unmap', mdev }, async (section) => {
      for (const queue of [...mdev.qtable.get(task).values()]) {
        await section.onQueue(task, queue, async () => {
          const saved = queue.savedIova.get(task);
          // As in the kernel, a queue without an interrupt, whose address is 0, matches a range that begins there: one AQIC too many.
          if (saved >= range.iova && saved < end) await disableInterrupt(task, this.dev, queue);
        });
      }
      return OK;
    });
  }

  private async open(task: Task, mdev: ApMatrixMdev): Promise<Errno> {
    beginOperation(task);
    const { kvm } = mdev.device;
    return kvm === null ? EINVAL : await this.design.attach(task, mdev, kvm);
  }

  private async close(task: Task, mdev: ApMatrixMdev): Promise<void> {
    beginOperation(task);
    await this.design.detach(task, mdev);
  }

  /** The device is wanted back: the guest loses its resources now, and user space is told to let go. */
  private async request(task: Task, mdev: ApMatrixMdev, count: number): Promise<void> {
    beginOperation(task);
    const { log, kernel } = this.dev.host;
    await this.design.change(task, { kind: 'request', mdev }, async (section) => {
      if (mdev.kvm.get(task) !== null && kernel.request === 'clears-masks') {
        await section.withdraw(task);
        mdev.cfgChgTrigger.get(task)?.signal();
      }
      const trigger = mdev.reqTrigger.get(task);
      if (trigger === null) {
        if (count === 0) log.info({ mdev: mdev.name }, 'no request eventfd registered: the removal waits until the user closes the device');
        return OK;
      }
      if (count % NOTICE_EVERY === 0) log.info({ mdev: mdev.name, count }, 'relaying device request to the user');
      trigger.signal();
      return OK;
    });
  }
}
