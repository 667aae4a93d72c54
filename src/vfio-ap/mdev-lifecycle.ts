/**
 * Life of a mediated matrix device (vfio_ap_ops.c: vfio_ap_mdev_probe, _remove, _open_device, _close_device, _request, _dma_unmap).
 */
import { EINVAL, OK, type Errno } from '../base/errno.ts';
import { beginOperation } from '../locks/task-memory.ts';
import type { Task } from '../runtime/task.ts';
import type { Eventfd } from '../vfio/eventfd.ts';
import { VfioApIrq, VfioDevice } from '../vfio/vfio-device.ts';
import { ApMatrixMdev } from './ap-matrix-mdev.ts';
import { disableInterrupt } from './aqic.ts';
import { leave } from './linking.ts';
import type { LockingDesign } from './locking/port.ts';
import { limitsOf, type MatrixDev } from './matrix-dev.ts';
import { resetQueues } from './reset.ts';

/** Every so many requests the log says that the device is still wanted back. */
const NOTICE_EVERY = 10;

export class MdevLifecycle {
  private readonly dev: MatrixDev;
  private readonly design: LockingDesign;

  constructor(dev: MatrixDev, design: LockingDesign) {
    this.dev = dev;
    this.design = design;
  }

  async create(task: Task, uuid: string): Promise<ApMatrixMdev> {
    beginOperation(task);
    const { layer, hardware, log } = this.dev.host;
    const mdev = new ApMatrixMdev(layer, uuid, limitsOf(hardware.currentQci()));
    this.design.adoptMdev(mdev);
    mdev.device = new VfioDevice(layer, uuid, {
      log,
      ops: {
        openDevice: (opener) => this.open(opener, mdev),
        closeDevice: (closer) => this.close(closer, mdev),
        request: (asker, count) => this.request(asker, mdev, count),
        setIrqs: (caller, index, eventfd) => this.setIrqs(caller, mdev, index, eventfd),
        reset: (caller) => this.reset(caller, mdev),
        dmaUnmap: (caller, iova, length) => this.dmaUnmap(caller, mdev, { iova, length }),
      },
    });
    await this.design.editList(task, () => {
      this.dev.mdevs.set(task, [...this.dev.mdevs.get(task), mdev]);
      mdev.lifetime.publish();
    });
    this.dev.host.events.emit('vfio_ap.create', task.name, { mdev: uuid });
    return mdev;
  }

  /** Waits until nobody has it open, resets its queues and forgets it. */
  async remove(task: Task, mdev: ApMatrixMdev): Promise<void> {
    beginOperation(task);
    await mdev.device.unregister(task);
    await this.design.change(task, { kind: 'remove', mdev }, async (section) => {
      const queues = [...mdev.qtable.get(task).values()];
      await resetQueues(task, this.dev, queues, section.onQueue);
      for (const queue of queues) await leave(task, this.dev, queue);
      mdev.qtable.modify(task).clear();
      for (const trigger of [mdev.reqTrigger, mdev.cfgChgTrigger]) {
        trigger.get(task)?.put();
        trigger.set(task, null);
      }
      this.dev.mdevs.set(
        task,
        this.dev.mdevs.get(task).filter((other) => other !== mdev),
      );
      mdev.lifetime.free(task);
      return OK;
    });
    this.dev.host.events.emit('vfio_ap.remove', task.name, { mdev: mdev.name });
  }

  /** SET_IRQS with one eventfd: replaces what was registered; null takes it back. -EINVAL for an index that the device does not have. */
  async setIrqs(task: Task, mdev: ApMatrixMdev, index: number, eventfd: Eventfd | null): Promise<Errno> {
    beginOperation(task);
    if (index !== VfioApIrq.REQUEST && index !== VfioApIrq.CONFIG_CHANGE) return EINVAL;
    return await this.design.change(task, { kind: 'set-irqs', mdev }, () => {
      const trigger = index === VfioApIrq.REQUEST ? mdev.reqTrigger : mdev.cfgChgTrigger;
      eventfd?.get();
      trigger.get(task)?.put();
      trigger.set(task, eventfd);
      return OK;
    });
  }

  /** The RESET ioctl: every linked queue. -EIO when one of them did not end normally. */
  reset(task: Task, mdev: ApMatrixMdev): Promise<Errno> {
    beginOperation(task);
    return this.design.change(task, { kind: 'reset', mdev }, (section) =>
      resetQueues(task, this.dev, mdev.qtable.get(task).values(), section.onQueue),
    );
  }

  /** Interrupts whose notification byte lies in the range are switched off, and what they hold is given back. */
  private async dmaUnmap(task: Task, mdev: ApMatrixMdev, range: { iova: number; length: number }): Promise<void> {
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

  /** The device is wanted back: the guest loses its resources now, user space is told to let go. */
  private async request(task: Task, mdev: ApMatrixMdev, count: number): Promise<void> {
    beginOperation(task);
    await this.design.change(task, { kind: 'request', mdev }, async (section) => {
      if (mdev.kvm.get(task) !== null) {
        await section.withdraw(task);
        mdev.cfgChgTrigger.get(task)?.signal();
      }
      const trigger = mdev.reqTrigger.get(task);
      const { log } = this.dev.host;
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
