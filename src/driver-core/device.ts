/**
 * A device (struct device, drivers/base/core.c): a directory below /sys/devices, a place on a bus, at most one driver.
 */
import type { LockLayer } from '../locks/lock-layer.ts';
import { LockClass } from '../locks/lock-class.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { Task } from '../runtime/task.ts';
import type { AttributeDef } from './attribute.ts';
import { Directory, type LinkSource } from './directory.ts';

/** All device mutexes: the kernel exempts them from lockdep, here they take part. */
export const DEV_MUTEX = new LockClass('&dev->mutex', { protects: 'binding of one device: probe and remove run under it' });

/** What a device needs to know of its bus. */
export interface DeviceBus {
  readonly name: string;
  readonly directory: Directory;
}

/** What a device needs to know of its driver. */
export interface BoundDriver {
  readonly name: string;
  readonly directory: Directory;
}

export interface DeviceOptions {
  readonly name: string;
  /** Null for the root device of a subsystem. */
  readonly parent: Device | null;
  readonly bus: DeviceBus | null;
  /** Directory in which it appears; the parent's where there is a parent. */
  readonly at?: Directory;
  /** The model object behind it. */
  readonly owner?: unknown;
  /** Default DEV_MUTEX. */
  readonly lockClass?: LockClass;
}

export class Device implements LinkSource {
  readonly name: string;
  readonly parent: Device | null;
  readonly bus: DeviceBus | null;
  readonly owner: unknown;
  readonly directory: Directory;
  /** dev->mutex. */
  readonly lock: Mutex;
  /** Set before the driver's probe runs, as in the kernel; written under `lock`. */
  driver: BoundDriver | null = null;
  driverData: unknown = null;
  /** It has been removed, or is about to be: no driver may bind any more. */
  dead = false;

  constructor(layer: LockLayer, options: DeviceOptions) {
    const at = options.at ?? options.parent?.directory;
    if (at === undefined) throw new Error(`device ${options.name} has neither a parent nor a directory to appear in`);
    this.name = options.name;
    this.parent = options.parent;
    this.bus = options.bus;
    this.owner = options.owner ?? null;
    this.directory = new Directory(layer, at, { name: options.name, links: this });
    this.lock = layer.mutex(options.lockClass ?? DEV_MUTEX, `${options.name} dev->mutex`);
  }

  /** DEVPATH: the path without /sys. */
  get devpath(): string {
    return this.directory.path.slice('/sys'.length);
  }

  /** device_create_file: for drivers, in their probe. */
  addAttribute<Owner>(def: AttributeDef<Owner>, owner: Owner): void {
    this.directory.addAttribute(def, owner);
  }

  /** device_remove_file: waits for a running show or store. */
  removeAttribute(task: Task, name: string): Promise<boolean> {
    return this.directory.removeAttribute(task, name);
  }

  link(name: string): Directory | null {
    if (name === 'driver') return this.driver?.directory ?? null;
    return name === 'subsystem' && !this.dead ? (this.bus?.directory ?? null) : null;
  }

  linkNames(): Iterable<string> {
    return ['driver', 'subsystem'].filter((name) => this.link(name) !== null);
  }
}
