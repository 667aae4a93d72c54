/**
 * A driver of a bus (struct device_driver, struct driver_private): its directory, and the devices bound to it as links in there.
 */
import type { Errno } from '../base/errno.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Task } from '../runtime/task.ts';
import type { BoundDriver, Device } from './device.ts';
import { Directory, type LinkSource } from './directory.ts';

/** What a driver does. Both run under dev->mutex. */
export interface DriverOps {
  readonly name: string;
  matches(device: Device): boolean;
  /** Any error leaves the device to the next driver; others than -ENODEV and -ENXIO are worth a line in the log. */
  probe(task: Task, device: Device): Promise<Errno>;
  remove(task: Task, device: Device): Promise<void>;
}

export class Driver implements BoundDriver, LinkSource {
  readonly name: string;
  readonly ops: DriverOps;
  readonly directory: Directory;
  /** Bound devices by name, in the order of binding. */
  readonly devices = new Map<string, Device>();

  constructor(layer: LockLayer, parent: Directory, ops: DriverOps) {
    this.name = ops.name;
    this.ops = ops;
    this.directory = new Directory(layer, parent, { name: ops.name, links: this });
  }

  link(name: string): Directory | null {
    return this.devices.get(name)?.directory ?? null;
  }

  linkNames(): Iterable<string> {
    return this.devices.keys();
  }
}
