/**
 * `pci-device-lock`: what the reply in the thread proposes instead of zdev->lock, taken at its word: I/O holds the mutex of the PCI device.
 *
 * Order, outermost first:
 *   kn->active#power
 *     zdev->lock                 while the slot changes
 *       pci_rescan_remove_lock
 *         PCI dev->mutex         of the device that is removed: also while vfio waits for its user
 *           vfio device released (wait)
 *   vfio device released         the user, and each of its calls
 *     PCI dev->mutex             I/O
 * The removal holds that mutex, too, so the cycle is the one of `zdev-lock-held` by another lock.
 */
import { EIO, type Errno } from '../../base/errno.ts';
import type { FieldGuard } from '../../locks/guarded-field.ts';
import type { Task } from '../../runtime/task.ts';
import type { ZpciDev } from '../zpci-dev.ts';
import { ZdevLockHeld } from './zdev-lock-held.ts';

/** The slot changes as there; only I/O is another matter. */
export class PciDeviceLock extends ZdevLockHeld {
  override readonly name = 'pci-device-lock';

  override adopt(zdev: ZpciDev): void {
    // A device with a driver belongs to a function that is configured: its mutex keeps the removal away, and with it a change of the state.
    const bound: FieldGuard = {
      name: 'PCI dev->mutex of a bound device',
      heldBy: (task) => zdev.device !== null && zdev.device.driver !== null && zdev.device.lock.heldBy(task),
      heldExclusivelyBy: () => true,
    };
    zdev.state.guardedBy([this.lock, bound]);
  }

  override async access(task: Task, zdev: ZpciDev, body: () => Errno): Promise<Errno> {
    const { device } = zdev;
    if (device === null) return EIO;
    using _device = await device.lock.acquire(task);
    return device.driver === null ? EIO : body();
  }
}
