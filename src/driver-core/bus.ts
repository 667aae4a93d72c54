/**
 * A bus (struct bus_type, drivers/base/bus.c): its devices and drivers, /sys/bus/NAME, and the uevents of its devices.
 */
import { EEXIST, OK, type Errno } from '../base/errno.ts';
import type { Logger } from '../base/logger.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Task } from '../runtime/task.ts';
import type { AttributeDef } from './attribute.ts';
import { attachDevice, attachDriver, detachDevice, type BindingHost } from './binding.ts';
import { BUS_ATTRIBUTES, DEVICE_ATTRIBUTES, DRIVER_ATTRIBUTES, DRIVER_EVENTS } from './bus-attributes.ts';
import type { Device, DeviceBus } from './device.ts';
import { Directory, type LinkSource } from './directory.ts';
import { Driver, type DriverOps } from './driver.ts';
import type { Sysfs } from './sysfs.ts';
import type { UeventAction, UeventSink } from './uevent.ts';

export interface BusOptions {
  readonly name: string;
  readonly log: Logger;
  readonly uevent: UeventSink;
  /** Variables that this kind of device adds to each of its uevents. */
  readonly env?: (device: Device) => Readonly<Record<string, string>>;
}

export class Bus implements DeviceBus, BindingHost, LinkSource {
  readonly name: string;
  readonly log: Logger;
  readonly directory: Directory;
  /** In the order of registration. */
  readonly devices = new Map<string, Device>();
  drivers: readonly Driver[] = [];
  /** New devices are offered to the drivers, and the other way round. */
  autoprobe = true;
  private readonly layer: LockLayer;
  private readonly sink: UeventSink;
  private readonly env: (device: Device) => Readonly<Record<string, string>>;

  constructor(sysfs: Sysfs, options: BusOptions) {
    this.layer = sysfs.layer;
    this.name = options.name;
    this.log = options.log;
    this.sink = options.uevent;
    this.env = options.env ?? (() => ({}));
    this.directory = sysfs.mkdir(`/sys/bus/${options.name}`);
    if (!new Directory(this.layer, this.directory, { name: 'devices', links: this }).publish()) {
      throw new Error(`expected no bus ${options.name}, but there is one`);
    }
    this.directory.ensure('drivers');
    this.directory.addAttributes(BUS_ATTRIBUTES, this);
  }

  /** device_add. `groups` appear before anybody is told of the device. -EEXIST when the name is taken. */
  async addDevice<Owner>(task: Task, device: Device, groups: readonly AttributeDef<Owner>[] = []): Promise<Errno> {
    if (this.devices.has(device.name)) return EEXIST;
    device.directory.addAttributes(DEVICE_ATTRIBUTES, { bus: this, it: device });
    if (groups.length > 0) device.directory.addAttributes(groups, device.owner as Owner);
    if (!device.directory.publish()) return EEXIST;
    this.devices.set(device.name, device);
    this.directory.ensure('devices').changed(device.name);
    this.send('add', device);
    if (this.autoprobe) await attachDevice(task, this, device);
    return OK;
  }

  /** The device that stands for the subsystem: has a directory and uevents, but is not listed on the bus (root_device_register). */
  addRootDevice(device: Device): void {
    device.directory.addAttributes(DEVICE_ATTRIBUTES, { bus: this, it: device });
    if (!device.directory.publish()) throw new Error(`expected no ${device.directory.path}, but there is one`);
  }

  /**
   * A device that lives as long as its bus, with a driver that has neither `bind` nor `unbind` (suppress_bind_attrs): nobody ever parts
   * the two, so that no lock is needed to join them.
   */
  addWithDriver(device: Device, name: string): Driver {
    const ops: DriverOps = { name, matches: (other) => other === device, probe: async () => OK, remove: async () => undefined };
    const driver = new Driver(this.layer, this.directory.ensure('drivers'), ops);
    this.addRootDevice(device);
    if (!driver.directory.publish()) throw new Error(`expected no driver ${name} on bus ${this.name}, but there is one`);
    driver.directory.addAttributes(DRIVER_EVENTS, { bus: this, it: driver });
    this.drivers = [...this.drivers, driver];
    this.devices.set(device.name, device);
    this.directory.ensure('devices').changed(device.name);
    device.driver = driver;
    device.directory.changed('driver');
    driver.devices.set(device.name, device);
    driver.directory.changed(device.name);
    return driver;
  }

  /** device_unregister: attributes first, then the driver, then the directory. A second caller finds it dead and does nothing. */
  async removeDevice(task: Task, device: Device, groups: readonly AttributeDef<never>[] = []): Promise<void> {
    if (!(await this.kill(task, device))) return;
    await device.directory.removeAttributes(task, DEVICE_ATTRIBUTES);
    if (groups.length > 0) await device.directory.removeAttributes(task, groups);
    this.devices.delete(device.name);
    this.directory.ensure('devices').changed(device.name);
    await detachDevice(task, this, device);
    this.send('remove', device);
    await device.directory.remove(task);
  }

  find(name: string): Device | null {
    return this.devices.get(name) ?? null;
  }

  /** driver_register: offers it the devices that nobody has. */
  async registerDriver(task: Task, ops: DriverOps): Promise<Driver> {
    const driver = new Driver(this.layer, this.directory.ensure('drivers'), ops);
    if (!driver.directory.publish()) throw new Error(`expected no driver ${ops.name} on bus ${this.name}, but there is one`);
    this.drivers = [...this.drivers, driver];
    if (this.autoprobe) {
      for (const device of this.devices.values()) {
        if (device.driver === null && ops.matches(device)) await attachDriver(task, this, device, driver);
      }
    }
    driver.directory.addAttributes(DRIVER_ATTRIBUTES, { bus: this, it: driver });
    return driver;
  }

  /** driver_unregister: its devices become unbound; nobody else is offered them. */
  async unregisterDriver(task: Task, driver: Driver): Promise<void> {
    await driver.directory.removeAttributes(task, DRIVER_ATTRIBUTES);
    this.drivers = this.drivers.filter((known) => known !== driver);
    for (const device of driver.devices.values()) await detachDevice(task, this, device, driver);
    await driver.directory.remove(task);
  }

  attach(task: Task, device: Device): Promise<boolean> {
    return attachDevice(task, this, device);
  }

  attachTo(task: Task, device: Device, driver: Driver): Promise<Errno> {
    return attachDriver(task, this, device, driver);
  }

  detach(task: Task, device: Device): Promise<void> {
    return detachDevice(task, this, device);
  }

  /** device_reprobe: the mutex is free for a moment between the two halves. */
  async reprobe(task: Task, device: Device): Promise<boolean> {
    if (device.driver !== null) await detachDevice(task, this, device);
    return attachDevice(task, this, device);
  }

  /** A uevent of the device with its own variables and `extra`. */
  send(action: UeventAction, device: Device, extra: Readonly<Record<string, string>> = {}): void {
    this.sink(() => ({ action, path: device.devpath, env: { ...this.variables(device), ...extra } }));
  }

  sendAbout(action: UeventAction, directory: Directory, env: Readonly<Record<string, string>>): void {
    this.sink(() => ({ action, path: directory.path.slice('/sys'.length), env }));
  }

  /** What a uevent of this device says without an occasion. */
  variables(device: Device): Readonly<Record<string, string>> {
    const { type, driver } = device;
    const kind = type === null ? {} : { DEVTYPE: type };
    const bound = driver === null ? {} : { DRIVER: driver.name };
    return { SUBSYSTEM: this.name, ...kind, ...bound, ...this.env(device) };
  }

  link(name: string): Directory | null {
    return this.devices.get(name)?.directory ?? null;
  }

  linkNames(): Iterable<string> {
    return this.devices.keys();
  }

  /** kill_device: false when somebody else did. */
  private async kill(task: Task, device: Device): Promise<boolean> {
    using _lock = await device.lock.acquire(task);
    if (device.dead) return false;
    device.dead = true;
    device.directory.changed('subsystem');
    return true;
  }
}
