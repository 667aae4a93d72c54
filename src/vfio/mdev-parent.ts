/**
 * The parent of mediated devices (drivers/vfio/mdev/mdev_core.c, mdev_sysfs.c): its type directory with `create`, the devices by UUID,
 * each with its `remove`, on the bus `mdev`.
 */
import { EAGAIN, EEXIST, EINVAL, ENODEV, EUSERS, OK, type Errno } from '../base/errno.ts';
import { parseUnsigned } from '../base/kernel-text.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import type { Bus } from '../driver-core/bus.ts';
import { Device } from '../driver-core/device.ts';
import type { Directory } from '../driver-core/directory.ts';
import type { Sysfs } from '../driver-core/sysfs.ts';
import type { GuardedField } from '../locks/guarded-field.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { RwSemaphore } from '../locks/rw-semaphore.ts';
import { Access } from '../runtime/access.ts';
import type { Task } from '../runtime/task.ts';
import { MDEV_DEVICE_LOCK, MDEV_LIST_LOCK, UNREG_SEM } from './lock-classes.ts';
import { parseMdevUuid } from './mdev-uuid.ts';

export interface MdevParentOptions {
  /** The device that has mdev types. */
  readonly device: Device;
  readonly bus: Bus;
  readonly sysfs: Sysfs;
  readonly type: { readonly id: string; readonly name: string; readonly api: string };
  readonly maxInstances: number;
  /** What `create` answers when no instance is left. Default -EUSERS. */
  readonly noInstance?: Errno;
}

/** A mediated device (struct mdev_device). */
class Entry {
  readonly parent: MdevParent;
  readonly uuid: string;
  device: Device | null = null;
  /** Fully created and not being removed. Its creation ends without mdev_list_lock, under which it is looked at. */
  active = false;
  /** Stands for the device as a whole: who is about to remove it makes a visible read of it. */
  readonly whole: GuardedField<null>;

  constructor(layer: LockLayer, parent: MdevParent, uuid: string) {
    this.parent = parent;
    this.uuid = uuid;
    this.whole = layer.field({ name: uuid }, 'mdev', null);
    this.whole.guardedBy('unguarded');
  }
}

const REMOVE: readonly AttributeDef<Entry>[] = [
  {
    name: 'remove',
    mode: 0o200,
    store: async (task, entry, text) => {
      const value = parseUnsigned(text);
      if (value < 0) return EINVAL;
      if (value === 0) return OK;
      // Others may get in before the attribute is gone.
      await entry.whole.read(task);
      // Somebody else is removing it already: that one reports how it went.
      if (!(await entry.device!.directory.removeSelf(task, 'remove'))) return OK;
      return await entry.parent.remove(task, entry.uuid);
    },
  },
];

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
  private readonly unregSem: RwSemaphore;
  /** By UUID. Guarded by mdev_list_lock. */
  private readonly entries = new Map<string, Entry>();
  /** Guarded by unreg_sem. */
  private registered = true;
  /** Links to the parents: what tools begin with (kernel: a class that is only a directory, class_compat_create_link). */
  private readonly classDirectory: Directory;
  private readonly types: Directory;
  private readonly typeDirectory: Directory;
  /** Links to the devices of the type. */
  private readonly devices: Directory;

  constructor(layer: LockLayer, options: MdevParentOptions) {
    this.layer = layer;
    this.options = options;
    this.type = options.type;
    this.listLock = layer.mutex(MDEV_LIST_LOCK, 'mdev_list_lock');
    this.unregSem = layer.rwSemaphore(UNREG_SEM, 'unreg_sem');
    this.classDirectory = options.sysfs.mkdir('/sys/class/mdev_bus');
    this.classDirectory.addLink(options.device.name, options.device.directory);
    this.types = options.device.directory.ensure('mdev_supported_types');
    this.typeDirectory = this.types.ensure(options.type.id);
    this.typeDirectory.addAttributes(TYPE_ATTRIBUTES, this);
    this.devices = this.typeDirectory.ensure('devices');
  }

  /** Read in the open: it may be old when it is shown. */
  get availableInstances(): number {
    this.layer.rt.touch(this.entries, Access.READ);
    return this.options.maxInstances - this.entries.size;
  }

  /** Is there a device of that UUID, or one that is coming or going? For checkers. */
  has(uuid: string): boolean {
    const entry = this.entries.get(uuid);
    if (entry !== undefined) this.layer.rt.touch(entry, Access.READ);
    return entry !== undefined;
  }

  /** -EINVAL (text), -EEXIST, -EUSERS (no instance left), -ENODEV when the parent goes or no driver takes it. */
  async create(task: Task, text: string): Promise<Errno> {
    const uuid = parseMdevUuid(text);
    if (typeof uuid === 'number') return uuid;
    const entry = new Entry(this.layer, this, uuid);
    const listed = await this.list(task, entry);
    if (listed !== OK) return listed;
    const errno = await this.add(task, entry);
    if (errno !== OK) await this.unlist(task, entry);
    return errno;
  }

  /** -ENODEV when it is not in the list or the parent goes, -EAGAIN when it is not yet or no longer active. */
  async remove(task: Task, uuid: string): Promise<Errno> {
    const entry = await this.deactivate(task, uuid);
    if (typeof entry === 'number') return entry;
    using parent = await this.unregSem.tryRead(task);
    if (parent === null) return ENODEV;
    await this.delete(task, entry);
    return OK;
  }

  /** The parent goes, and every device with it: waits until their users have let go, and nobody makes a new one meanwhile. */
  async unregister(task: Task): Promise<void> {
    const { bus, device: parent } = this.options;
    using _alone = await this.unregSem.write(task);
    if (!this.registered) return;
    this.registered = false;
    for (const entry of [...this.entries.values()]) if (entry.device !== null) await this.delete(task, entry);
    this.classDirectory.removeLink(parent.name);
    await this.types.remove(task);
    bus.log.info({ device: parent.name }, 'mdev parent unregistered');
  }

  /** -ENODEV when the parent has begun to go: it does not wait for that. */
  private async add(task: Task, entry: Entry): Promise<Errno> {
    const { bus, device: parent } = this.options;
    using registered = await this.unregSem.tryRead(task);
    if (registered === null || !this.registered) return ENODEV;
    const device = new Device(this.layer, { name: entry.uuid, parent, bus, owner: entry, lockClass: MDEV_DEVICE_LOCK });
    entry.device = device;
    const errno = await bus.addDevice(task, device, REMOVE);
    if (errno !== OK || device.driver === null) {
      if (errno === OK) await bus.removeDevice(task, device, REMOVE);
      return errno === OK ? ENODEV : errno;
    }
    device.directory.addLink('mdev_type', this.typeDirectory);
    this.devices.addLink(device.name, device.directory);
    this.layer.rt.touch(entry, Access.WRITE);
    entry.active = true;
    return OK;
  }

  /** @holds unreg_sem */
  private async delete(task: Task, entry: Entry): Promise<void> {
    const device = entry.device!;
    device.directory.removeLink('mdev_type');
    this.devices.removeLink(device.name);
    await this.options.bus.removeDevice(task, device, REMOVE);
    await this.unlist(task, entry);
  }

  private async list(task: Task, entry: Entry): Promise<Errno> {
    using _list = await this.listLock.acquire(task);
    if (this.entries.has(entry.uuid)) return EEXIST;
    if (this.availableInstances <= 0) return this.options.noInstance ?? EUSERS;
    this.layer.rt.touch(this.entries, Access.WRITE);
    this.entries.set(entry.uuid, entry);
    return OK;
  }

  private async unlist(task: Task, entry: Entry): Promise<void> {
    using _list = await this.listLock.acquire(task);
    this.layer.rt.touch(entry, Access.WRITE);
    this.layer.rt.touch(this.entries, Access.WRITE);
    this.entries.delete(entry.uuid);
  }

  private async deactivate(task: Task, uuid: string): Promise<Entry | Errno> {
    using _list = await this.listLock.acquire(task);
    const entry = this.entries.get(uuid);
    if (entry === undefined) return ENODEV;
    this.layer.rt.touch(entry, Access.WRITE);
    if (!entry.active) return EAGAIN;
    entry.active = false;
    return entry;
  }
}
