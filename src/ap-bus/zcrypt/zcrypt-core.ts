/**
 * What the parts of zcrypt share (the statics of drivers/s390/crypto/zcrypt_api.c).
 */
import type { LockLayer } from '../../locks/lock-layer.ts';
import type { Mutex } from '../../locks/mutex.ts';
import type { Bus } from '../../driver-core/bus.ts';
import type { ZcryptOptions } from './zcrypt-options.ts';

export interface ZcryptCore {
  readonly layer: LockLayer;
  /** Carries the uevents of cards and queues. */
  readonly bus: Bus;
  readonly options: ZcryptOptions;
  /** zcrypt_list_lock. */
  readonly listLock: Mutex;
}
