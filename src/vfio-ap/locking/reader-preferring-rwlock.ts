/**
 * `reader-preferring-rwlock`: the third alternative with a lock that a waiting writer does not close to readers.
 *
 * Order: that of fair-rwlock, but a reader under vcpu->mutex is stopped only by a writer inside, who asks for no kvm->lock. No cycle: as
 * a chain of names it would be one, so only what does not depend on the mode is declared. A writer may starve.
 */
import { FairRwlock } from './fair-rwlock.ts';
import { MATRIX_LOCK } from './lock-classes.ts';
import type { DesignContext } from './port.ts';

export class ReaderPreferringRwlock extends FairRwlock {
  override readonly name: string = 'reader-preferring-rwlock';
  override readonly order: readonly (readonly string[])[] = [['ap_attr_mutex', 'matrix_dev->lock', 'vfio_ap queue lock']];

  constructor(context: DesignContext) {
    super(context, context.layer.readerPreferringLock(MATRIX_LOCK, 'matrix_dev->lock'));
  }
}
