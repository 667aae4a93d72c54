/**
 * Which driver gets which queue (ap_device_probe, ap_device_remove, __ap_revise_reserved in drivers/s390/crypto/ap_bus.c), and the
 * event that tells user space when every queue has one.
 */
import type { ApMask } from '../base/ap-mask.ts';
import { EINTR, ENODEV, ETIME, OK, type Errno } from '../base/errno.ts';
import { signalPending } from '../locks/signal.ts';
import type { WaitQueue } from '../locks/wait-queue.ts';
import { Access } from '../runtime/access.ts';
import type { Task } from '../runtime/task.ts';
import type { Device } from '../driver-core/device.ts';
import type { Driver, DriverOps } from '../driver-core/driver.ts';
import { ApCard } from './ap-card.ts';
import type { ApCore } from './ap-core.ts';
import type { ApDriver } from './ap-driver-port.ts';
import type { ApQueueDevice } from './ap-queue-device.ts';
import { BINDINGS_COMPLETE } from './lock-classes.ts';
import { OpenValue } from './open-value.ts';

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
    if (!(it instanceof ApCard) && !(await this.bindings.allows(task, it, this.driver))) return ENODEV;
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
  private readonly core: ApCore;
  private readonly complete: OpenValue<boolean>;
  private readonly completions: OpenValue<number>;
  private readonly waiters: WaitQueue;

  constructor(core: ApCore) {
    const { layer } = core;
    this.core = core;
    this.complete = new OpenValue(layer.rt, false);
    this.completions = new OpenValue(layer.rt, 0);
    this.waiters = layer.waitQueue(layer.map(BINDINGS_COMPLETE, BINDINGS_COMPLETE.name));
  }

  /** How often every queue had a driver: one per BINDINGS=complete. */
  get completeCount(): number {
    return this.completions.get();
  }

  /** In the order of registration. */
  *drivers(): IterableIterator<ApDriver> {
    for (const { ops } of this.core.bus.drivers) yield (ops as FilteredDriver).driver;
  }

  async register(task: Task, driver: ApDriver): Promise<Driver> {
    const handle = await this.core.bus.registerDriver(task, new FilteredDriver(this, driver));
    handle.directory.addLink('module', this.core.modules.ensure(driver.moduleName ?? driver.name));
    return handle;
  }

  /** May this driver have the queue? A name decides alone, the masks where there is none. */
  async allows(task: Task, it: ApQueueDevice, driver: ApDriver): Promise<boolean> {
    const name = await this.core.overrides.driverOf(task, it);
    if (name !== null) return name === driver.name;
    return (await this.core.permissions.reserved(task, it.apqn)) === driver.isDefault;
  }

  /** Is the device bound to a driver of the host? Looked at without its mutex. */
  hostHas({ device }: { readonly device: Device }): boolean {
    this.core.layer.rt.touch(device, Access.READ);
    return driverOf(device)?.isDefault === true;
  }

  /** Something may be without a driver again. */
  rearm(): void {
    if (this.complete.get()) this.complete.set(false);
  }

  /** The first driver that refuses decides. */
  async askInUse(task: Task, apm: ApMask, aqm: ApMask): Promise<Errno> {
    if (!this.core.kernel.busCallbacks) return OK;
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
    it.pastRequests += queue.totalRequests;
    it.queue = null;
  }

  /** After a change of the masks: each queue whose driver does not fit them any more is offered again. Cards stay. */
  async revise(task: Task): Promise<void> {
    const { bus } = this.core;
    for (const device of bus.devices.values()) {
      const it = device.owner as ApDevice;
      if (it instanceof ApCard) continue;
      if (!(await this.fits(task, it))) await bus.reprobe(task, device);
    }
  }

  /** Queue devices, and how many of them have a driver. */
  count(): { bound: number; total: number } {
    const { registry, layer } = this.core;
    let bound = 0;
    let total = 0;
    for (const { device } of registry.queues()) {
      total++;
      layer.rt.touch(device, Access.READ);
      if (device.driver !== null) bound++;
    }
    return { bound, total };
  }

  /** Tells user space once when every queue has a driver. Called after each scan and each registration of a driver. */
  checkComplete(task: Task, scans: number): void {
    if (scans < 1 || this.complete.get()) return;
    const { bound, total } = this.count();
    if (bound !== total) return;
    this.complete.set(true);
    const count = this.completions.get() + 1;
    this.completions.set(count);
    this.waiters.wakeAll(task);
    this.core.bus.send('change', this.core.root, { BINDINGS: 'complete', COMPLETECOUNT: String(count) });
  }

  /** Until every queue has a driver: -ETIME when that takes longer, -EINTR when a signal comes first. Without a limit: as long as it takes. */
  async waitComplete(task: Task, timeoutMs?: number): Promise<Errno> {
    const options = { interruptible: true, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    if (await this.waiters.wait(task, () => this.complete.get(), options)) return OK;
    return signalPending(task) ? EINTR : ETIME;
  }

  /** Has the queue the driver that it should have? One without a driver never has: it is always offered. */
  private async fits(task: Task, it: ApQueueDevice): Promise<boolean> {
    const name = await this.core.overrides.driverOf(task, it);
    // In this order, as in the kernel: the driver may change while the mutex is waited for.
    const reserved = name === null && (await this.core.permissions.reserved(task, it.apqn));
    this.core.layer.rt.touch(it.device, Access.READ);
    const driver = driverOf(it.device);
    if (driver === null) return false;
    return name === null ? driver.isDefault === reserved : driver.name === name;
  }
}

/** The driver of this bus that a device is bound to. */
const driverOf = (device: Device): ApDriver | null => {
  const bound = device.driver as Driver | null;
  return bound === null ? null : (bound.ops as FilteredDriver).driver;
};
