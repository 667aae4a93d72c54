/**
 * Lock classes of the vfio_ap driver that belong to no particular locking design.
 */
import { LockClass } from '../locks/lock-class.ts';

export const RESET_WORK = new LockClass('vfio_ap reset_work', { protects: 'flushed by whoever waits for the reset of a queue' });
export const SYSTEM_LONG_WQ = new LockClass('system_long_wq', { protects: 'the work queue that completes resets' });
