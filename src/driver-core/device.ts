/**
 * A device (struct device, drivers/base/core.c): a directory below /sys/devices, a place on a bus, at most one driver.
 */
import { EINVAL, OK } from '../base/errno.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import { LockClass } from '../locks/lock-class.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { Task } from '../runtime/task.ts';
import type { AttributeDef } from './attribute.ts';
import { Directory, type FolderSource, type LinkSource } from './directory.ts';
import { addPowerFiles } from './power.ts';
import { parseAction } from './uevent.ts';

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
  /** The name of its struct device_type, DEVTYPE in its uevents; default: it has none. */
  readonly type?: string;
  /** The model object behind it. */
  readonly owner?: unknown;
  /** Default DEV_MUTEX. */
  readonly lockClass?: LockClass;
}

/** Of a device that has neither bus nor class: nobody is told of its events, and it has nothing to say. */
const PLAIN_DEVICE_ATTRIBUTES: readonly AttributeDef<null>[] = [
  { name: 'uevent', mode: 0o644, show: () => '', store: (_task, _owner, text) => (parseAction(text) === null ? EINVAL : OK) },
];

const FOLDERS = ['power'] as const;

export class Device implements LinkSource, FolderSource {
  readonly name: string;
  readonly parent: Device | null;
  readonly bus: DeviceBus | null;
  readonly type: string | null;
  readonly owner: unknown;
  readonly folderNames = FOLDERS;
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
    this.type = options.type ?? null;
    this.owner = options.owner ?? null;
    this.directory = new Directory(layer, at, { name: options.name, links: this, folders: this });
    this.lock = layer.mutex(options.lockClass ?? DEV_MUTEX, `${options.name} dev->mutex`);
  }

  /** It appears without a bus (root_device_register): nobody drives it, and its events are nobody's. */
  publishAlone(): void {
    this.directory.addAttributes(PLAIN_DEVICE_ATTRIBUTES, null);
    if (!this.directory.publish()) throw new Error(`expected no ${this.directory.path}, but there is one`);
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

  fill(folder: Directory): void {
    addPowerFiles(folder, this.lock);
  }

  linkNames(): Iterable<string> {
    return ['driver', 'subsystem'].filter((name) => this.link(name) !== null);
  }
}
