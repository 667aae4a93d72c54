/**
 * How a step touches an object, and what that says about the order of two steps. No kernel counterpart.
 *
 * Two accesses to one object by different tasks are *dependent* when their order can matter, and *race* when both could have come first:
 * a release and an acquisition of the same lock are dependent, but nobody can acquire it before.
 */
export const Access = {
  /** Shared acquisition, or a read in the open. */
  READ: 0,
  /** Exclusive acquisition, or a change in the open. */
  WRITE: 1,
  RELEASE_SHARED: 2,
  RELEASE: 3,
  /** Looks at a lock without the promise to get it (trylock, timed, a writer that may have to queue): a release matters to it, too. */
  TRY: 4,
  /** A read or change of state under the guard that everybody else needs as well. */
  GUARDED_READ: 5,
  GUARDED_WRITE: 6,
  /** Begins or ends something of which there may be many at once, in any order: a vCPU in SIE. */
  JOINT: 7,
} as const;
export type AccessKind = (typeof Access)[keyof typeof Access];

const READS = 1;
const CHANGES = 2;
const JOINS = 3;

/** Accesses of one class commute, except changes. */
const CLASS: readonly number[] = [READS, CHANGES, READS, CHANGES, CHANGES, READS, CHANGES, JOINS];

/** Accesses that commute with others of their class: 1 reads, 3 joint ones; 2 for changes, which commute with nothing. */
export const accessClass = (access: AccessKind): number => CLASS[access]!;

export function dependent(a: AccessKind, b: AccessKind): boolean {
  const kind = CLASS[a]!;
  return kind === CHANGES || kind !== CLASS[b]!;
}

const isRelease = (access: AccessKind): boolean => access === Access.RELEASE || access === Access.RELEASE_SHARED;
const isGuarded = (access: AccessKind): boolean => access === Access.GUARDED_READ || access === Access.GUARDED_WRITE;

/** Dependent, and either could have come first. */
export function races(a: AccessKind, b: AccessKind): boolean {
  if (!dependent(a, b) || (isGuarded(a) && isGuarded(b))) return false;
  if (isRelease(a)) return b === Access.TRY;
  return !isRelease(b) || a === Access.TRY;
}
