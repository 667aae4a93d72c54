/**
 * The parent of mediated devices (drivers/vfio/mdev/mdev_core.c): create by UUID, remove, instances left.
 */
import { EAGAIN, EEXIST, ENODEV, EUSERS, OK, type Errno } from '../base/errno.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { Task } from '../runtime/task.ts';
import { MDEV_LIST_LOCK } from './lock-classes.ts';
import { parseMdevUuid } from './mdev-uuid.ts';

/** What the driver does for one device. */
export interface MdevDriver<Device> {
  probe(task: Task, uuid: string): Promise<Device | Errno>;
  remove(task: Task, device: Device): Promise<void>;
}

interface Entry<Device> {
  device: Device | null;
  /** Fully created, not being removed. */
  active: boolean;
}

export class MdevParent<Device> {
  private readonly driver: MdevDriver<Device>;
  private readonly listLock: Mutex;
  /** By UUID. Guarded by mdev_list_lock. */
  private readonly entries = new Map<string, Entry<Device>>();
  private readonly maxInstances: number;

  constructor(layer: LockLayer, options: { name: string; driver: MdevDriver<Device>; maxInstances: number }) {
    this.driver = options.driver;
    this.maxInstances = options.maxInstances;
    this.listLock = layer.mutex(MDEV_LIST_LOCK, `${options.name} mdev_list_lock`);
  }

  get availableInstances(): number {
    return this.maxInstances - this.entries.size;
  }

  /** -EINVAL (text), -EEXIST, -EUSERS (no instance left), or what the driver's probe answers. */
  async create(task: Task, text: string): Promise<Errno> {
    const uuid = parseMdevUuid(text);
    if (typeof uuid === 'number') return uuid;
    const entry: Entry<Device> = { device: null, active: false };
    {
      using _list = await this.listLock.acquire(task);
      if (this.entries.has(uuid)) return EEXIST;
      if (this.availableInstances <= 0) return EUSERS;
      this.entries.set(uuid, entry);
    }
    const device = await this.driver.probe(task, uuid);
    using _list = await this.listLock.acquire(task);
    if (typeof device === 'number') {
      this.entries.delete(uuid);
      return device;
    }
    entry.device = device;
    entry.active = true;
    return OK;
  }

  /** -ENODEV when it is not in the list, -EAGAIN when it is not yet or no longer active. */
  async remove(task: Task, uuid: string): Promise<Errno> {
    const entry = await this.deactivate(task, uuid);
    if (typeof entry === 'number') return entry;
    await this.driver.remove(task, entry.device!);
    using _list = await this.listLock.acquire(task);
    this.entries.delete(uuid);
    return OK;
  }

  private async deactivate(task: Task, uuid: string): Promise<Entry<Device> | Errno> {
    using _list = await this.listLock.acquire(task);
    const entry = this.entries.get(uuid);
    if (entry === undefined) return ENODEV;
    if (!entry.active) return EAGAIN;
    entry.active = false;
    return entry;
  }
}
