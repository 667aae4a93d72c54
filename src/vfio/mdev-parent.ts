/**
 * The parent of mediated devices (drivers/vfio/mdev/mdev_core.c, mdev_sysfs.c): its type directory with `create`, the devices by UUID,
 * each with its `remove`, on the bus `mdev`.
 */
import { EAGAIN, EEXIST, EINVAL, ENODEV, EUSERS, OK, type Errno } from '../base/errno.ts';
import { parseUnsigned } from '../base/kernel-text.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import type { Bus } from '../driver-core/bus.ts';
import { Device } from '../driver-core/device.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { Task } from '../runtime/task.ts';
import { MDEV_DEVICE_LOCK, MDEV_LIST_LOCK } from './lock-classes.ts';
import { parseMdevUuid } from './mdev-uuid.ts';

export interface MdevParentOptions {
  /** The device that has mdev types. */
  readonly device: Device;
  readonly bus: Bus;
  readonly type: { readonly id: string; readonly name: string; readonly api: string };
  readonly maxInstances: number;
}

interface Entry {
  readonly device: Device;
  /** Fully created and not being removed. */
  active: boolean;
}

const REMOVE: AttributeDef<{ parent: MdevParent; device: Device }> = {
  name: 'remove',
  mode: 0o200,
  store: async (task, { parent, device }, text) => {
    const value = parseUnsigned(text);
    if (value < 0) return EINVAL;
    if (value === 0) return OK;
    // Somebody else is removing it already: that one reports how it went.
    if (!(await device.directory.removeSelf(task, 'remove'))) return OK;
    return await parent.remove(task, device.name);
  },
};

const TYPE_ATTRIBUTES: readonly AttributeDef<MdevParent>[] = [
  { name: 'name', mode: 0o444, show: (_task, parent) => `${parent.type.name}\n` },
  { name: 'device_api', mode: 0o444, show: (_task, parent) => `${parent.type.api}\n` },
  { name: 'available_instances', mode: 0o444, show: (_task, parent) => `${parent.availableInstances}\n` },
  { name: 'create', mode: 0o200, store: (task, parent, text) => parent.create(task, text) },
];

export class MdevParent {
  readonly type: MdevParentOptions['type'];
  private readonly layer: LockLayer;
  private readonly options: MdevParentOptions;
  private readonly listLock: Mutex;
  /** By UUID. Guarded by mdev_list_lock. */
  private readonly entries = new Map<string, Entry>();

  constructor(layer: LockLayer, options: MdevParentOptions) {
    this.layer = layer;
    this.options = options;
    this.type = options.type;
    this.listLock = layer.mutex(MDEV_LIST_LOCK, 'mdev_list_lock');
    const types = options.device.directory.ensure('mdev_supported_types');
    types.ensure(options.type.id).addAttributes(TYPE_ATTRIBUTES, this);
  }

  get availableInstances(): number {
    return this.options.maxInstances - this.entries.size;
  }

  /** -EINVAL (text), -EEXIST, -EUSERS (no instance left), -ENODEV when no driver takes it. */
  async create(task: Task, text: string): Promise<Errno> {
    const uuid = parseMdevUuid(text);
    if (typeof uuid === 'number') return uuid;
    const { bus, device: parent, type } = this.options;
    const device = new Device(this.layer, { name: uuid, parent, bus, lockClass: MDEV_DEVICE_LOCK });
    const entry: Entry = { device, active: false };
    const listed = await this.list(task, uuid, entry);
    if (listed !== OK) return listed;
    const errno = await bus.addDevice(task, device);
    if (errno !== OK || device.driver === null) {
      if (errno === OK) await bus.removeDevice(task, device);
      await this.unlist(task, uuid);
      return errno === OK ? ENODEV : errno;
    }
    device.directory.addLink('mdev_type', parent.directory.ensure('mdev_supported_types').ensure(type.id));
    device.directory.addAttribute(REMOVE, { parent: this, device });
    entry.active = true;
    return OK;
  }

  /** -ENODEV when it is not in the list, -EAGAIN when it is not yet or no longer active. */
  async remove(task: Task, uuid: string): Promise<Errno> {
    const entry = await this.deactivate(task, uuid);
    if (typeof entry === 'number') return entry;
    await this.options.bus.removeDevice(task, entry.device);
    await this.unlist(task, uuid);
    return OK;
  }

  private async list(task: Task, uuid: string, entry: Entry): Promise<Errno> {
    using _list = await this.listLock.acquire(task);
    if (this.entries.has(uuid)) return EEXIST;
    if (this.availableInstances <= 0) return EUSERS;
    this.entries.set(uuid, entry);
    return OK;
  }

  private async unlist(task: Task, uuid: string): Promise<void> {
    using _list = await this.listLock.acquire(task);
    this.entries.delete(uuid);
  }

  private async deactivate(task: Task, uuid: string): Promise<Entry | Errno> {
    using _list = await this.listLock.acquire(task);
    const entry = this.entries.get(uuid);
    if (entry === undefined) return ENODEV;
    if (!entry.active) return EAGAIN;
    entry.active = false;
    return entry;
  }
}
