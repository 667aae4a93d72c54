/**
 * Lock classes of the AP bus (the mutexes and spinlocks of drivers/s390/crypto/ap_bus.c and ap_queue.c).
 */
import { LockClass } from '../locks/lock-class.ts';

/** Tryable: a forced rescan and the scan timer only try it. */
export const AP_SCAN_MUTEX = new LockClass('ap_scan_bus_mutex', { tryable: true, protects: 'one scan of the bus' });

/** Tryable: every user takes it interruptibly, and a locking design may try it (formerly ap_perms_mutex). */
export const AP_ATTR_MUTEX = new LockClass('ap_attr_mutex', { tryable: true, protects: 'apmask and aqmask' });

export const AP_QUEUE_LOCK = new LockClass('aq->lock', { protects: 'state and requests of one AP queue' });
