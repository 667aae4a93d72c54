/**
 * A zPCI function of the host (arch/s390/pci: struct zpci_dev): its identifier, its configuration state, the PCI device that the host has
 * of it while it is configured, and the storage behind its BAR.
 */
import { EIO, OK, type Errno } from '../base/errno.ts';
import type { Device } from '../driver-core/device.ts';
import type { GuardedField } from '../locks/guarded-field.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Task } from '../runtime/task.ts';

/** standby: the machine has it in reserve for this host; configured: in use. */
export type ZpciState = 'standby' | 'configured';

export const BAR_SIZE = 4096;

export class ZpciDev {
  readonly name: string;
  /** Guard set by the locking design. */
  readonly state: GuardedField<ZpciState>;
  /** The struct pci_dev. Changed inside a transition only; who comes from the file of its user finds it there. */
  device: Device | null = null;
  readonly bar = new Uint8Array(BAR_SIZE);
  /** Stores that have reached the function. */
  stores = 0;

  /** `fid`: function id, which names the slot. */
  constructor(layer: LockLayer, fid: number) {
    this.name = fid.toString(16).padStart(8, '0');
    this.state = layer.field<ZpciState>(this, 'state', 'standby');
  }

  /** PCI store block. -EIO when the function is not configured, or has nothing there. */
  store(task: Task, offset: number, data: Uint8Array): Errno {
    if (this.state.get(task) !== 'configured') return EIO;
    if (offset < 0 || offset + data.length > this.bar.length) return EIO;
    this.bar.set(data, offset);
    this.stores++;
    return OK;
  }
}
