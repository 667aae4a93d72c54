/**
 * `zdev-trylock`: the way later kernels go where they have to look at the state of a function that may be on its way out (state_lock,
 * arch/s390/pci, drivers/vfio/pci): the lock is only tried, and a function in transition answers -EIO.
 *
 * Order, outermost first:
 *   kn->active#power
 *     zdev->state_lock           while the slot changes: also while vfio waits for its user
 *       pci_rescan_remove_lock
 *         PCI dev->mutex
 *           vfio device released (wait)
 *   vfio device released         the user, and each of its calls
 *     zdev->state_lock (try)     I/O
 */
import { EIO, type Errno } from '../../base/errno.ts';
import { LockClass } from '../../locks/lock-class.ts';
import type { LockLayer } from '../../locks/lock-layer.ts';
import type { Mutex } from '../../locks/mutex.ts';
import type { Task } from '../../runtime/task.ts';
import type { ZpciDev } from '../zpci-dev.ts';
import type { ZpciDesign } from './port.ts';

const STATE_LOCK = new LockClass('zdev->state_lock', { tryable: true, protects: 'the configuration state of one zPCI function' });

export class ZdevTrylock implements ZpciDesign {
  readonly name = 'zdev-trylock';
  readonly order: readonly (readonly string[])[] = [
    ['kn->active#power', 'zdev->state_lock', 'pci_rescan_remove_lock', 'PCI dev->mutex', 'vdev->igate'],
  ];
  private readonly stateLock: Mutex;

  constructor(layer: LockLayer) {
    this.stateLock = layer.mutex(STATE_LOCK, 'zdev->state_lock');
  }

  adopt(zdev: ZpciDev): void {
    zdev.state.guardedBy([this.stateLock]);
  }

  async transition(task: Task, _zdev: ZpciDev, body: () => Promise<Errno>): Promise<Errno> {
    using _state = await this.stateLock.acquire(task);
    return await body();
  }

  async access(task: Task, _zdev: ZpciDev, body: () => Errno): Promise<Errno> {
    using state = await this.stateLock.tryAcquire(task);
    return state === null ? EIO : body();
  }
}
