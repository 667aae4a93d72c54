/**
 * What a locking design in a file of one's own is made with: `export default defineDesign((api) => ...)`. Everything that it needs at run
 * time comes in as `api`, so that the file imports nothing but types. No kernel counterpart.
 */
import * as errno from '../../base/errno.ts';
import { NO_HOOK } from '../../kvm/pqap-port.ts';
import { LockClass } from '../../locks/lock-class.ts';
import { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import { eitherGuard, readerGuard } from './field-guards.ts';
import { GlobalMutex, NO_QUEUE, NOT_AVAILABLE } from './global-mutex.ts';
import { GuestsLock } from './guests-lock.ts';
import { KvmBusy } from './kvm-busy.ts';
import { sameLock, type DesignFactory } from './port.ts';
import { targetMdev } from './target-mdev.ts';

export const DESIGN_API = {
  /** -EBUSY and the like. */
  errno,
  /** Made once, outside of the design's constructor: what is learnt about a class holds for all its locks. */
  LockClass,
  /** Designs to extend. */
  designs: { GlobalMutex, GuestsLock, KvmBusy },
  /** Interception: no queue for this guest, as a status and as an answer; and no mdev behind the hook, which KVM answers itself. */
  NO_QUEUE,
  NOT_AVAILABLE,
  NO_HOOK,
  /** The mdev behind a PQAP hook or the back pointer of a queue. */
  mdevOf: (part: Parameters<typeof ApMatrixMdev.of>[0]): ApMatrixMdev | null => ApMatrixMdev.of(part),
  /** The mdev that a change is about. */
  targetMdev,
  /** Guards of fields that are no single lock. */
  readerGuard,
  eitherGuard,
  /** The bracket round a queue's interrupt of designs that need none. */
  sameLock,
} as const;

export type DesignApi = typeof DESIGN_API;

/** What a design file in TypeScript exports by default. */
export type UserDesign = (api: DesignApi) => DesignFactory;

/** Changes nothing: it is there for the types. */
export const defineDesign = (make: UserDesign): UserDesign => make;
