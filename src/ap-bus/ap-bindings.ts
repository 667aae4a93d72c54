/**
 * Which driver gets which queue (ap_device_probe, ap_device_remove, __ap_revise_reserved in drivers/s390/crypto/ap_bus.c), and the
 * event that tells user space when every queue has one.
 */
import type { ApMask } from '../base/ap-mask.ts';
import { ENODEV, OK, type Errno } from '../base/errno.ts';
import type { Task } from '../runtime/task.ts';
import type { Device } from '../driver-core/device.ts';
import type { Driver, DriverOps } from '../driver-core/driver.ts';
import { ApCard } from './ap-card.ts';
import type { ApCore } from './ap-core.ts';
import type { ApDriver } from './ap-driver-port.ts';
import type { ApQueueDevice } from './ap-queue-device.ts';

type ApDevice = ApCard | ApQueueDevice;

/** A driver of this bus as the driver core sees it: the masks decide before its own probe does. */
class FilteredDriver implements DriverOps {
  readonly name: string;
  readonly driver: ApDriver;
  private readonly bindings: ApBindings;

  constructor(bindings: ApBindings, driver: ApDriver) {
    this.name = driver.name;
    this.driver = driver;
    this.bindings = bindings;
  }

  matches(device: Device): boolean {
    return this.driver.matches(device.owner as ApDevice);
  }

  async probe(task: Task, device: Device): Promise<Errno> {
    const it = device.owner as ApDevice;
    if (!(it instanceof ApCard) && (await this.bindings.reserved(task, it)) !== this.driver.isDefault) return ENODEV;
    this.bindings.rearm();
    return this.driver.probe(task, it);
  }

  async remove(task: Task, device: Device): Promise<void> {
    const it = device.owner as ApDevice;
    if (it instanceof ApCard) await this.driver.remove(task, it);
    else await this.bindings.removeQueue(task, it, this.driver);
  }
}

export class ApBindings {
  /** How often every queue had a driver: one per BINDINGS=complete. */
  completeCount = 0;
  private readonly core: ApCore;
  private complete = false;

  constructor(core: ApCore) {
    this.core = core;
  }

  /** In the order of registration. */
  *drivers(): IterableIterator<ApDriver> {
    for (const { ops } of this.core.bus.drivers) yield (ops as FilteredDriver).driver;
  }

  register(task: Task, driver: ApDriver): Promise<Driver> {
    return this.core.bus.registerDriver(task, new FilteredDriver(this, driver));
  }

  reserved(task: Task, { apqn }: ApQueueDevice): Promise<boolean> {
    return this.core.permissions.reserved(task, apqn);
  }

  /** Something may be without a driver again. */
  rearm(): void {
    this.complete = false;
  }

  /** The first driver that refuses decides. */
  async askInUse(task: Task, apm: ApMask, aqm: ApMask): Promise<Errno> {
    for (const driver of this.drivers()) {
      const rc = driver.inUse === undefined ? OK : await driver.inUse(task, apm, aqm);
      if (rc !== OK) return rc;
    }
    return OK;
  }

  /** Requests end first, then the driver lets go, then the queue is zeroized whoever had it. */
  async removeQueue(task: Task, it: ApQueueDevice, driver: ApDriver): Promise<void> {
    const { queue } = it;
    if (queue !== null) await queue.prepareRemove(task);
    await driver.remove(task, it);
    if (queue === null) {
      await this.core.instructions.zapq(task, it.apqn);
      return;
    }
    await queue.remove(task);
    this.core.tasklet.remove(queue);
    it.card.pastRequests += queue.totalRequests;
    it.queue = null;
  }

  /** After a change of the masks: each queue whose driver does not fit them any more is offered again. Cards stay. */
  async revise(task: Task): Promise<void> {
    const { bus } = this.core;
    for (const device of bus.devices.values()) {
      const it = device.owner as ApDevice;
      if (it instanceof ApCard) continue;
      const reserved = await this.reserved(task, it);
      const driver = device.driver as Driver | null;
      // A queue without a driver is always offered.
      if (driver === null || (driver.ops as FilteredDriver).driver.isDefault !== reserved) await bus.reprobe(task, device);
    }
  }

  /** Queue devices, and how many of them have a driver. */
  count(): { bound: number; total: number } {
    let bound = 0;
    let total = 0;
    for (const { device } of this.core.registry.queues()) {
      total++;
      if (device.driver !== null) bound++;
    }
    return { bound, total };
  }

  /** Tells user space once when every queue has a driver. Called after each scan and each registration of a driver. */
  checkComplete(scans: number): void {
    if (this.complete || scans < 1) return;
    const { bound, total } = this.count();
    if (bound !== total) return;
    this.complete = true;
    this.completeCount++;
    this.core.bus.send('change', this.core.root, { BINDINGS: 'complete', COMPLETECOUNT: String(this.completeCount) });
  }
}
