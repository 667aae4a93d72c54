/**
 * The guest storage that one VM has mapped for its devices (drivers/vfio/vfio_iommu_type1.c): pins with a count a page under iommu->lock, and
 * the unmap, which asks the devices to give their pins back. Storage is one mapping, as type1 v2 does not split one.
 */
import { EEXIST, EINVAL, OK, type Errno } from '../base/errno.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Mutex } from '../locks/mutex.ts';
import { Access } from '../runtime/access.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { GuestMemory } from '../kvm/guest-memory.ts';
import { DEVICE_LIST_LOCK, IOMMU_LOCK } from './lock-classes.ts';

const PAGE_SHIFT = 12;
/** So often a mapping may turn out to be pinned still after its devices have been asked (kernel: BUG_ON). */
const MOST_RETRIES = 10;

/** A device that pins pages (struct vfio_device_ops: dma_unmap). */
export interface PinningDevice {
  /** Gives back every pin in the range. Unpinning takes iommu->lock. */
  dmaUnmap(task: Task, iova: number, length: number): Promise<void>;
}

/**
 * Where device_list_lock comes in an unmap. `outside`: no other lock of the container is held while it is taken. `inside`: under iommu->lock,
 * which is given back only behind it, as the kernel does; the device's unpin then closes a circle.
 */
export type DeviceListOrder = 'outside' | 'inside';

export class IommuContainer {
  readonly name: string;
  private readonly rt: Runtime;
  private readonly lock: Mutex;
  private readonly deviceListLock: Mutex;
  private readonly memory: GuestMemory;
  private readonly order: DeviceListOrder;
  /** Guest frame -> pins. Guarded by iommu->lock, and so is the mapping. While it is leaving, nobody gets a new pin. */
  private readonly pinned = new Map<number, number>();
  private mapping: 'there' | 'leaving' | 'gone' = 'there';
  /** Guarded by device_list_lock. */
  private readonly devices = new Set<PinningDevice>();

  constructor(layer: LockLayer, name: string, memory: GuestMemory, order: DeviceListOrder = 'outside') {
    this.name = name;
    this.rt = layer.rt;
    this.memory = memory;
    this.order = order;
    this.lock = layer.mutex(IOMMU_LOCK, `${name} iommu->lock`);
    this.deviceListLock = layer.mutex(DEVICE_LIST_LOCK, `${name} device_list_lock`);
  }

  /** Pins of all pages together. */
  get pins(): number {
    this.rt.touch(this.pinned, Access.READ);
    let sum = 0;
    for (const count of this.pinned.values()) sum += count;
    return sum;
  }

  /** Pages pinned (1), or -EINVAL when the address is not guest storage, or not mapped. */
  async pin(task: Task, iova: number): Promise<number | Errno> {
    using _lock = await this.lock.acquire(task);
    if (!this.memory.contains(iova) || this.mapping !== 'there') return EINVAL;
    const frame = Math.floor(iova / (1 << PAGE_SHIFT));
    this.rt.touch(this.pinned, Access.WRITE);
    this.pinned.set(frame, (this.pinned.get(frame) ?? 0) + 1);
    this.memory.protection.pin(frame);
    return 1;
  }

  async unpin(task: Task, iova: number): Promise<void> {
    using _lock = await this.lock.acquire(task);
    const frame = Math.floor(iova / (1 << PAGE_SHIFT));
    const count = this.pinned.get(frame) ?? 0;
    if (count === 0) throw new Error(`double unpin: page ${iova.toString(16)} of ${this.name} is not pinned`);
    this.rt.touch(this.pinned, Access.WRITE);
    this.memory.protection.unpin(frame);
    if (count === 1) this.pinned.delete(frame);
    else this.pinned.set(frame, count - 1);
  }

  /** From before the driver's open on, so that no page is pinned that nobody would be asked for. */
  async addDevice(task: Task, device: PinningDevice): Promise<void> {
    await this.editDevices(task, () => this.devices.add(device));
  }

  /** Behind the driver's close. Waits for an unmap that is asking the device. */
  async removeDevice(task: Task, device: PinningDevice): Promise<void> {
    await this.editDevices(task, () => this.devices.delete(device));
  }

  /** VFIO_IOMMU_MAP_DMA of the whole storage: -EEXIST when it is mapped. */
  async map(task: Task): Promise<Errno> {
    using _lock = await this.lock.acquire(task);
    if (this.mapping !== 'gone') return EEXIST;
    this.mapping = 'there';
    return OK;
  }

  /** VFIO_IOMMU_UNMAP_DMA of the whole storage. Bytes unmapped: 0 when somebody else has done it. */
  async unmap(task: Task): Promise<number> {
    for (let retries = 0; retries <= MOST_RETRIES; retries++) {
      using lock = await this.lock.acquire(task);
      if (this.mapping === 'gone') return 0;
      if (this.pinned.size === 0) {
        this.mapping = 'gone';
        return this.memory.size;
      }
      if (this.order === 'inside') {
        using _list = await this.deviceListLock.acquire(task);
        lock.release();
        await this.askDevices(task);
      } else {
        this.mapping = 'leaving';
        lock.release();
        using _list = await this.deviceListLock.acquire(task);
        await this.askDevices(task);
      }
    }
    throw new Error(`kernel BUG: pages of ${this.name} are still pinned after the devices were asked ${MOST_RETRIES + 1} times`);
  }

  /** @holds device_list_lock */
  private async askDevices(task: Task): Promise<void> {
    for (const device of this.devices) await device.dmaUnmap(task, 0, this.memory.size);
  }

  private async editDevices(task: Task, edit: () => void): Promise<void> {
    using _lock = this.order === 'inside' ? await this.lock.acquire(task) : null;
    using _list = await this.deviceListLock.acquire(task);
    edit();
  }
}
