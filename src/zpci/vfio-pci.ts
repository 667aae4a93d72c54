/**
 * The driver vfio-pci (drivers/vfio/pci/vfio_pci.c): makes a vfio device of the function and, when it has to let go of it, asks the user
 * through an eventfd and waits.
 */
import { EINVAL, OK, type Errno } from '../base/errno.ts';
import type { Logger } from '../base/logger.ts';
import type { Device } from '../driver-core/device.ts';
import type { DriverOps } from '../driver-core/driver.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { Task } from '../runtime/task.ts';
import type { Eventfd } from '../vfio/eventfd.ts';
import { VfioDevice, type VfioDeviceOps } from '../vfio/vfio-device.ts';
import { IoRegion } from './io-region.ts';
import { IGATE } from './lock-classes.ts';
import type { ZpciDesign } from './locking/port.ts';
import { ZpciDev } from './zpci-dev.ts';

/** Index of the interrupt that asks the user for the device (include/uapi/linux/vfio.h: VFIO_PCI_REQ_IRQ_INDEX). */
export const REQUEST_IRQ_INDEX = 4;

/** A function in the hands of vfio-pci. */
export class VfioPciDevice implements VfioDeviceOps {
  readonly vfio: VfioDevice;
  readonly region: IoRegion;
  private readonly log: Logger;
  private readonly igate: Mutex;
  /** Guarded by igate. */
  private requestFd: Eventfd | null = null;

  constructor(layer: LockLayer, zdev: ZpciDev, options: VfioPciOptions) {
    const { log, design, requestIntervalMs } = options;
    this.log = log;
    this.igate = layer.mutex(IGATE, `${zdev.name} vdev->igate`);
    const interval = requestIntervalMs === undefined ? {} : { requestIntervalMs };
    this.vfio = new VfioDevice(layer, zdev.name, { ops: this, log, ...interval });
    this.region = new IoRegion(zdev, this.vfio, design);
  }

  async openDevice(): Promise<Errno> {
    return Promise.resolve(OK);
  }

  /** What the user has registered goes with it. */
  async closeDevice(task: Task): Promise<void> {
    await this.setIrqs(task, REQUEST_IRQ_INDEX, null);
  }

  async request(task: Task, count: number): Promise<void> {
    using _igate = await this.igate.acquire(task);
    if (this.requestFd !== null) this.requestFd.signal();
    else if (count === 0) this.log.warn({ device: this.vfio.name }, 'no device request channel: waits until the user lets go by itself');
  }

  /** What SET_IRQS with one eventfd does; null takes it back. Other ioctls are not part of the thread. */
  async setIrqs(task: Task, index: number, eventfd: Eventfd | null): Promise<Errno> {
    if (index !== REQUEST_IRQ_INDEX) return EINVAL;
    using _igate = await this.igate.acquire(task);
    eventfd?.get();
    this.requestFd?.put();
    this.requestFd = eventfd;
    return OK;
  }
}

export interface VfioPciOptions {
  readonly log: Logger;
  readonly design: ZpciDesign;
  readonly requestIntervalMs?: number;
}

export class VfioPciDriver implements DriverOps {
  readonly name = 'vfio-pci';
  private readonly layer: LockLayer;
  private readonly options: VfioPciOptions;

  constructor(layer: LockLayer, options: VfioPciOptions) {
    this.layer = layer;
    this.options = options;
  }

  matches(device: Device): boolean {
    return device.owner instanceof ZpciDev;
  }

  async probe(_task: Task, device: Device): Promise<Errno> {
    device.driverData = new VfioPciDevice(this.layer, device.owner as ZpciDev, this.options);
    return Promise.resolve(OK);
  }

  async remove(task: Task, device: Device): Promise<void> {
    await (device.driverData as VfioPciDevice).vfio.unregister(task);
  }
}
