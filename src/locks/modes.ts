/**
 * How a lock is taken, and what that means for dependencies (Boqun Feng's model of recursive readers in kernel/locking/lockdep.c).
 */
export const EXCLUSIVE = 0;
/** A reader that waits behind a queued writer (rwsem). */
export const SHARED = 1;
/** A reader that only a write holder can stop (SRCU, kernfs active references). */
export const RECURSIVE = 2;
/** Added to a mode: taken without waiting, so nothing leads to it. */
export const TRY = 4;
/** Added to a mode: waited for and given back at once (flush, wait queue, drain). */
export const WAIT = 8;

/** Added to a mode: a lock of the same class is held, and an outer lock that is held, too, puts the two in order (nest_lock). */
export const NEST = 16;
/** Part of a request only: a wait that dropped the lock takes it again. */
export const RETAKE = 32;
/** Part of a request only: it may end without the lock, after some time or by a signal. */
export const LIMITED = 64;

export type LockMode = number;

/** What stays of a request in the entry of the held stack. */
export const heldMode = (request: number): LockMode => request & ~(RETAKE | LIMITED);

/** Does a holder in this mode exclude everybody ("E"), or does it share ("S")? */
export const excludesAll = (mode: LockMode): boolean => (mode & 3) === EXCLUSIVE;
/** Can a requester in this mode be stopped by any holder ("N"), or only by a write holder ("R")? */
export const stoppedByAny = (mode: LockMode): boolean => (mode & 3) !== RECURSIVE;
export const isTry = (mode: LockMode): boolean => (mode & TRY) !== 0;

export function modeName(mode: LockMode): string {
  const base = (mode & 3) === EXCLUSIVE ? 'write' : (mode & 3) === SHARED ? 'read' : 'recursive read';
  return `${isTry(mode) ? 'try ' : ''}${base}${(mode & WAIT) !== 0 ? ' (wait)' : ''}`;
}
