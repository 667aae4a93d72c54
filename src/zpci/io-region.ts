/**
 * The vfio region through which user space stores blocks to a function on behalf of its guest (the patch of the thread:
 * drivers/vfio/pci/vfio_pci_zdev.c, a write to the region). Never merged: later guests have their I/O interpreted.
 */
import { EIO, type Errno } from '../base/errno.ts';
import type { Task } from '../runtime/task.ts';
import type { VfioDevice } from '../vfio/vfio-device.ts';
import type { ZpciDesign } from './locking/port.ts';
import type { ZpciDev } from './zpci-dev.ts';

const PAGE_SIZE = 4096;

/** A block in the storage of the guest that is to be stored to the function. */
export interface BlockStore {
  /** Where it is in the guest. */
  readonly gaddr: number;
  readonly data: Uint8Array;
  /** Where it goes to in the BAR. */
  readonly offset: number;
}

export class IoRegion {
  private readonly zdev: ZpciDev;
  private readonly vfio: VfioDevice;
  private readonly design: ZpciDesign;

  constructor(zdev: ZpciDev, vfio: VfioDevice, design: ZpciDesign) {
    this.zdev = zdev;
    this.vfio = vfio;
    this.design = design;
  }

  /** -EIO for a block that is in more than one page, and when the function does not take it. */
  async write(task: Task, { gaddr, data, offset }: BlockStore): Promise<Errno> {
    return await this.vfio.call(task, async () => {
      if ((gaddr % PAGE_SIZE) + data.length > PAGE_SIZE) return EIO;
      return await this.design.access(task, this.zdev, () => this.zdev.store(task, offset, data));
    });
  }
}
