/**
 * Goal: all kinds of locks keep the contract of a lock, on both runtimes. Method: the shared suite.
 */
import { LockClass } from '../../src/locks/lock-class.ts';
import { lockContract, type LockUnderTest, type MakeLock } from '../contract/lock.suite.ts';
import { WORLDS } from '../helpers/lock-world.ts';
import type { LockLayer } from '../../src/locks/lock-layer.ts';
import type { SharedLock } from '../../src/locks/shared-lock.ts';

const M = new LockClass('contract-mutex', { tryable: true });
const RW = new LockClass('contract-rw', { tryable: true });

const writing = (lock: SharedLock): LockUnderTest => ({
  lock,
  take: (task) => lock.write(task),
  takeWith: (task, options) => lock.write(task, options),
  attempt: (task) => lock.tryWrite(task),
});

const KINDS: readonly (readonly [string, MakeLock])[] = [
  [
    'mutex',
    (locks: LockLayer) => {
      const lock = locks.mutex(M, 'm');
      return {
        lock,
        take: (task) => lock.acquire(task),
        takeWith: (task, options) => lock.acquire(task, options),
        attempt: (task) => lock.tryAcquire(task),
      };
    },
  ],
  ['rw semaphore', (locks) => writing(locks.rwSemaphore(RW, 'rw'))],
  ['stealing rw semaphore', (locks) => writing(locks.rwSemaphore(RW, 'rw', { stealing: true }))],
  ['batching rw semaphore', (locks) => writing(locks.rwSemaphore(RW, 'rw', { batchedWake: true }))],
  ['reader-preferring lock', (locks) => writing(locks.readerPreferringLock(RW, 'rw'))],
];

for (const [kind, makeLock] of KINDS) for (const [world, makeWorld] of WORLDS) lockContract(`${kind}, ${world}`, makeWorld, makeLock);
