/**
 * Lock classes of the guest's kernel. Their names begin with `guest`: the same lock of the host is another class, because a guest runs on
 * top of the host and its instructions may take host locks, never the other way round.
 */
import { LockClass } from '../locks/lock-class.ts';

export const GUEST_SCAN_MUTEX = new LockClass('guest ap_scan_bus_mutex', { protects: 'One scan of the AP bus of the guest at a time.' });
export const GUEST_QUEUE_LOCK = new LockClass('guest aq->lock', { protects: 'State and requests of one AP queue of the guest.' });
