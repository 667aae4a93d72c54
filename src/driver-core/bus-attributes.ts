/**
 * The files that every bus, driver and device has (drivers/base/bus.c, core.c): drivers_probe, drivers_autoprobe, bind, unbind, uevent.
 */
import { EINVAL, ENODEV, OK, type Errno } from '../base/errno.ts';
import type { Task } from '../runtime/task.ts';
import type { AttributeDef } from './attribute.ts';
import type { Device } from './device.ts';
import type { Directory } from './directory.ts';
import type { Driver } from './driver.ts';
import { parseAction, type UeventAction } from './uevent.ts';

/** What these files do to the bus. */
export interface BusControl {
  autoprobe: boolean;
  find(name: string): Device | null;
  attach(task: Task, device: Device): Promise<boolean>;
  attachTo(task: Task, device: Device, driver: Driver): Promise<Errno>;
  detach(task: Task, device: Device): Promise<void>;
  send(action: UeventAction, device: Device): void;
  variables(device: Device): Readonly<Record<string, string>>;
  /** A uevent of the bus itself or of a driver, which are no devices. */
  sendAbout(action: UeventAction, directory: Directory, env: Readonly<Record<string, string>>): void;
  readonly directory: Directory;
}

interface OnBus<T> {
  readonly bus: BusControl;
  readonly it: T;
}

/** A name as sysfs_streq compares it: one newline at the end does not count. */
const named = (bus: BusControl, text: string): Device | null => bus.find(text.replace(/\n$/, ''));

export const BUS_ATTRIBUTES: readonly AttributeDef<BusControl>[] = [
  {
    name: 'drivers_autoprobe',
    mode: 0o644,
    show: (_task, bus) => `${bus.autoprobe ? 1 : 0}\n`,
    store(_task, bus, text) {
      bus.autoprobe = !text.startsWith('0');
      return OK;
    },
  },
  {
    name: 'drivers_probe',
    mode: 0o200,
    async store(task, bus, text) {
      const device = named(bus, text);
      if (device === null) return ENODEV;
      await bus.attach(task, device);
      return OK;
    },
  },
  ueventFile((bus, action) => bus.sendAbout(action, bus.directory, { SUBSYSTEM: 'bus' })),
];

/** A write asks for a uevent once more, as `udevadm trigger` does; there is nothing to read. */
function ueventFile<Owner>(send: (owner: Owner, action: UeventAction) => void): AttributeDef<Owner> {
  return {
    name: 'uevent',
    mode: 0o200,
    store(_task, owner, text) {
      const action = parseAction(text);
      if (action === null) return EINVAL;
      send(owner, action);
      return OK;
    },
  };
}

/** What is left of the files of a driver that nobody may bind or unbind. */
export const DRIVER_EVENTS: readonly AttributeDef<OnBus<Driver>>[] = [
  ueventFile(({ bus, it }, action) => bus.sendAbout(action, it.directory, { SUBSYSTEM: 'drivers' })),
];

export const DRIVER_ATTRIBUTES: readonly AttributeDef<OnBus<Driver>>[] = [
  {
    name: 'bind',
    mode: 0o200,
    store(task, { bus, it: driver }, text) {
      const device = named(bus, text);
      return device !== null && driver.ops.matches(device) ? bus.attachTo(task, device, driver) : ENODEV;
    },
  },
  {
    name: 'unbind',
    mode: 0o200,
    async store(task, { bus, it: driver }, text) {
      const device = named(bus, text);
      if (device === null || device.driver !== driver) return ENODEV;
      await bus.detach(task, device);
      return OK;
    },
  },
  ...DRIVER_EVENTS,
];

export const DEVICE_ATTRIBUTES: readonly AttributeDef<OnBus<Device>>[] = [
  {
    name: 'uevent',
    mode: 0o644,
    show(_task, { bus, it: device }) {
      const own = Object.entries(bus.variables(device)).filter(([name]) => name !== 'SUBSYSTEM');
      return own.map(([name, value]) => `${name}=${value}\n`).join('');
    },
    store(_task, { bus, it: device }, text) {
      const action = parseAction(text);
      if (action === null) return EINVAL;
      bus.send(action, device);
      return OK;
    },
  },
];
