/**
 * `zdev-lock-held`: one mutex for changes of the slot and for the I/O of the user, as the thread found the two patches together.
 *
 * Order, outermost first:
 *   kn->active#power
 *     zdev->lock                 while the slot changes: also while vfio waits for its user
 *       pci_rescan_remove_lock
 *         PCI dev->mutex
 *           vfio device released (wait)
 *   vfio device released         the user, and each of its calls
 *     zdev->lock                 I/O
 * The user gives the device back after its last I/O, and that waits for who waits for the user.
 */
import type { Errno } from '../../base/errno.ts';
import { LockClass } from '../../locks/lock-class.ts';
import type { LockLayer } from '../../locks/lock-layer.ts';
import type { Mutex } from '../../locks/mutex.ts';
import type { Task } from '../../runtime/task.ts';
import type { ZpciDev } from '../zpci-dev.ts';
import type { ZpciDesign } from './port.ts';

const ZDEV_LOCK = new LockClass('zdev->lock', { protects: 'the configuration state of one zPCI function, and I/O on it' });

export class ZdevLockHeld implements ZpciDesign {
  readonly name: string = 'zdev-lock-held';
  readonly order: readonly (readonly string[])[] = [
    ['kn->active#power', 'zdev->lock', 'pci_rescan_remove_lock', 'PCI dev->mutex', 'vdev->igate'],
  ];
  protected readonly lock: Mutex;

  constructor(layer: LockLayer) {
    this.lock = layer.mutex(ZDEV_LOCK, 'zdev->lock');
  }

  adopt(zdev: ZpciDev): void {
    zdev.state.guardedBy([this.lock]);
  }

  async transition(task: Task, _zdev: ZpciDev, body: () => Promise<Errno>): Promise<Errno> {
    using _lock = await this.lock.acquire(task);
    return await body();
  }

  async access(task: Task, _zdev: ZpciDev, body: () => Errno): Promise<Errno> {
    using _lock = await this.lock.acquire(task);
    return body();
  }
}
