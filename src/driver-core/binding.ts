/**
 * Binding devices to drivers (drivers/base/dd.c): everything here happens under the mutex of the device.
 */
import { EBUSY, ENODEV, ENXIO, OK, errnoName, type Errno } from '../base/errno.ts';
import type { Logger } from '../base/logger.ts';
import { Access } from '../runtime/access.ts';
import type { Task } from '../runtime/task.ts';
import type { Device } from './device.ts';
import type { Driver } from './driver.ts';

export interface BindingHost {
  readonly log: Logger;
  /** In the order of registration; replaced, never changed, so that a walk sees one state of it. */
  readonly drivers: readonly Driver[];
  send(action: 'bind' | 'unbind', device: Device): void;
}

/** Offers the device to every driver that matches until one takes it (device_attach). False when nobody does. */
export async function attachDevice(task: Task, host: BindingHost, device: Device): Promise<boolean> {
  using _lock = await device.lock.acquire(task);
  if (device.dead) return false;
  if (device.driver !== null) return true;
  for (const driver of host.drivers) if (driver.ops.matches(device) && (await probe(task, host, device, driver)) === OK) return true;
  return false;
}

/** Binds the device to this driver (device_driver_attach): -EBUSY when it is bound, otherwise what probe says. */
export async function attachDriver(task: Task, host: BindingHost, device: Device, driver: Driver): Promise<Errno> {
  using _lock = await device.lock.acquire(task);
  if (device.dead) return ENODEV;
  if (device.driver !== null) return EBUSY;
  // Awaited here: the guard must live until probe has ended.
  return await probe(task, host, device, driver);
}

/** Takes the device from its driver (device_release_driver); with `only`, if that is the one. */
export async function detachDevice(task: Task, host: BindingHost, device: Device, only?: Driver): Promise<void> {
  using _lock = await device.lock.acquire(task);
  const driver = device.driver as Driver | null;
  if (driver === null || (only !== undefined && driver !== only)) return;
  await driver.ops.remove(task, device);
  setDriver(device, null);
  device.driverData = null;
  driver.devices.delete(device.name);
  driver.directory.changed(device.name);
  host.send('unbind', device);
}

/** Under the mutex; but there are those who only look, without it. */
function setDriver(device: Device, driver: Driver | null): void {
  device.directory.layer.rt.touch(device, Access.WRITE);
  device.driver = driver;
  device.directory.changed('driver');
}

async function probe(task: Task, host: BindingHost, device: Device, driver: Driver): Promise<Errno> {
  setDriver(device, driver);
  const rc = await driver.ops.probe(task, device);
  if (rc === OK) {
    driver.devices.set(device.name, device);
    driver.directory.changed(device.name);
    host.send('bind', device);
    return OK;
  }
  setDriver(device, null);
  device.driverData = null;
  if (rc !== ENODEV && rc !== ENXIO) host.log.warn({ device: device.name, driver: driver.name }, `probe failed: ${errnoName(rc)}`);
  return rc;
}
