/**
 * Lock classes of zcrypt (zcrypt_list_lock of drivers/s390/crypto/zcrypt_api.c, and the completions of its message types).
 */
import { LockClass } from '../../locks/lock-class.ts';

/** A spinlock in the kernel; here it may sleep, because aq->lock is taken inside and the instructions under that one may. */
export const ZCRYPT_LIST_LOCK = new LockClass('zcrypt_list_lock', { protects: 'cards and queues of zcrypt, and their loads' });

export const ZCRYPT_REPLY = new LockClass('zcrypt reply', { protects: 'the wait for the end of one request' });

/** Reads of the random number generator take turns (kernel: reading_mutex of the hwrng core). */
export const ZCRYPT_RNG_MUTEX = new LockClass('zcrypt rng reading_mutex', { protects: 'the buffer of random words' });
