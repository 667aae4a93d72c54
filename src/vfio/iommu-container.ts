/**
 * Pinned guest pages of one VM (drivers/vfio/vfio_iommu_type1.c): pin and unpin under iommu->lock, with a count a page.
 */
import { EINVAL, type Errno } from '../base/errno.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { Task } from '../runtime/task.ts';
import type { GuestMemory } from '../kvm/guest-memory.ts';
import { IOMMU_LOCK } from './lock-classes.ts';

const PAGE_SHIFT = 12;

export class IommuContainer {
  readonly name: string;
  private readonly lock: Mutex;
  private readonly memory: GuestMemory;
  /** Guest frame -> pins. Guarded by iommu->lock. */
  private readonly pinned = new Map<number, number>();

  constructor(layer: LockLayer, name: string, memory: GuestMemory) {
    this.name = name;
    this.memory = memory;
    this.lock = layer.mutex(IOMMU_LOCK, `${name} iommu->lock`);
  }

  /** Pins of all pages together. */
  get pins(): number {
    let sum = 0;
    for (const count of this.pinned.values()) sum += count;
    return sum;
  }

  /** Pages pinned (1), or -EINVAL when the address is not guest storage. */
  async pin(task: Task, iova: number): Promise<number | Errno> {
    using _lock = await this.lock.acquire(task);
    if (!this.memory.contains(iova)) return EINVAL;
    const frame = Math.floor(iova / (1 << PAGE_SHIFT));
    this.pinned.set(frame, (this.pinned.get(frame) ?? 0) + 1);
    return 1;
  }

  async unpin(task: Task, iova: number): Promise<void> {
    using _lock = await this.lock.acquire(task);
    const frame = Math.floor(iova / (1 << PAGE_SHIFT));
    const count = this.pinned.get(frame) ?? 0;
    if (count === 0) throw new Error(`double unpin: page ${iova.toString(16)} of ${this.name} is not pinned`);
    if (count === 1) this.pinned.delete(frame);
    else this.pinned.set(frame, count - 1);
  }
}
