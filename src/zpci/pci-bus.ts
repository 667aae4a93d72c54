/**
 * The PCI bus of the host as far as slots need it (drivers/pci/remove.c, drivers/pci/probe.c): devices come and go under
 * pci_rescan_remove_lock.
 */
import type { Errno } from '../base/errno.ts';
import type { EventLog } from '../base/event-log.ts';
import type { Logger } from '../base/logger.ts';
import { Bus } from '../driver-core/bus.ts';
import { Device } from '../driver-core/device.ts';
import type { Directory } from '../driver-core/directory.ts';
import type { DriverOps } from '../driver-core/driver.ts';
import type { Sysfs } from '../driver-core/sysfs.ts';
import { ueventRecorder } from '../driver-core/uevent.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { Task } from '../runtime/task.ts';
import { PCI_DEVICE_LOCK, RESCAN_REMOVE_LOCK } from './lock-classes.ts';
import type { ZpciDev } from './zpci-dev.ts';

/** Domain, bus, device, function: each zPCI function has a domain of its own. */
const addressOf = (domain: number): string => `${domain.toString(16).padStart(4, '0')}:00:00.0`;

export class PciBus {
  private readonly layer: LockLayer;
  private readonly bus: Bus;
  private readonly at: Directory;
  private readonly rescanRemoveLock: Mutex;

  constructor(sysfs: Sysfs, { log, events }: { log: Logger; events: EventLog }) {
    this.layer = sysfs.layer;
    this.bus = new Bus(sysfs, { name: 'pci', log, uevent: ueventRecorder(events) });
    this.at = sysfs.mkdir('/sys/devices/pci');
    this.rescanRemoveLock = this.layer.mutex(RESCAN_REMOVE_LOCK, 'pci_rescan_remove_lock');
  }

  /** Directory of a slot: `/sys/bus/pci/slots/NAME`. */
  slot(name: string): Directory {
    return this.bus.directory.ensure('slots').ensure(name);
  }

  async registerDriver(task: Task, ops: DriverOps): Promise<void> {
    await this.bus.registerDriver(task, ops);
  }

  /** The scan of a slot finds the function, and a driver takes it (pci_scan_slot, pci_bus_add_devices). */
  async add(task: Task, zdev: ZpciDev, domain: number): Promise<Errno> {
    using _rescan = await this.rescanRemoveLock.acquire(task);
    const device = new Device(this.layer, {
      ...{ name: addressOf(domain), parent: null, bus: this.bus, at: this.at, owner: zdev },
      lockClass: PCI_DEVICE_LOCK,
    });
    zdev.device = device;
    return await this.bus.addDevice(task, device);
  }

  /** pci_stop_and_remove_bus_device_locked: the driver has to let go of it first. */
  async stopAndRemove(task: Task, zdev: ZpciDev): Promise<void> {
    using _rescan = await this.rescanRemoveLock.acquire(task);
    if (zdev.device === null) return;
    await this.bus.removeDevice(task, zdev.device);
    zdev.device = null;
  }
}
