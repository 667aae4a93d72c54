/**
 * Lock classes of the AP bus (the mutexes and spinlocks of drivers/s390/crypto/ap_bus.c and ap_queue.c).
 */
import { LockClass } from '../locks/lock-class.ts';

/** Tryable: a forced rescan and the scan timer only try it. */
export const AP_SCAN_MUTEX = new LockClass('ap_scan_bus_mutex', { tryable: true, protects: 'one scan of the bus' });

/** Tryable: every user takes it interruptibly, and a locking design may try it (formerly ap_perms_mutex). */
export const AP_ATTR_MUTEX = new LockClass('ap_attr_mutex', {
  tryable: true,
  protects: 'apmask, aqmask and which queues have a driver_override',
});

export const AP_QUEUE_LOCK = new LockClass('aq->lock', { protects: 'state and requests of one AP queue' });

/** A leaf: nothing is taken under it. */
export const OVERRIDE_LOCK = new LockClass('driver_override.lock', {
  spin: true,
  protects: 'the name of the driver that may have a device',
});

/** A completion: whoever waits for it does not hold what a probe or a scan takes. */
export const BINDINGS_COMPLETE = new LockClass('ap_apqn_bindings_complete', { idle: true, protects: 'every queue has a driver' });
