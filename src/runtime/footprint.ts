/**
 * What a step touches: the port by which an explorer learns which steps depend on each other. The runtime tells it of every step, the lock
 * layer and the model of every object that the step reads or changes where others can see it. No kernel counterpart.
 *
 * Two accesses to one object by different tasks are *dependent* when their order can matter, and *race* when both could have come first:
 * a release and an acquisition of the same lock are dependent, but nobody can acquire it before.
 */
import type { Runnable } from './strategy.ts';
import { Task, type Effect } from './task.ts';

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

/** Told of everything that happens in a controlled run, in order. */
export interface StepRecorder {
  /** A step begins: a task performs what it announced, an effect of it becomes visible, or a timer fires. */
  step(by: Runnable, what: StepLabel): void;
  /** The step under way touches this. */
  touch(object: object, access: AccessKind): void;
  /** A data choice of the step under way. */
  chosen(site: string, n: number, value: number): void;
}

/** What a step is called in a schedule: `lock mdevs_lock`. Built when somebody reads it. */
export interface StepLabel {
  readonly verb: string;
  readonly object: string;
}

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

/** The time of a run as an object: whoever arms a timer reads it, whatever moves the clock changes it. */
export const CLOCK: object = Object.freeze({ name: 'clock' });

/** What a candidate would touch first if it went on now; null when nobody else can see that. */
export function nextObject(candidate: Runnable): object | null {
  if (!(candidate instanceof Task)) return CLOCK;
  const effect = candidate.firstEffect;
  if (effect !== null) return effectObject(effect);
  const { op } = candidate;
  if (op === null) return null;
  return op.touches === undefined ? op : op.touches(candidate);
}

/** How it would. */
export function nextAccess(candidate: Runnable): AccessKind {
  if (!(candidate instanceof Task)) return Access.WRITE;
  const effect = candidate.firstEffect;
  if (effect !== null) return effect.access ?? Access.WRITE;
  return candidate.op?.access?.(candidate) ?? Access.WRITE;
}

export const effectObject = (effect: Effect): object => effect.object ?? effect;

/** What the next step of a candidate is called. */
export function nextLabel(candidate: Runnable): StepLabel {
  if (!(candidate instanceof Task)) return { verb: 'timer', object: candidate.name };
  const effect = candidate.firstEffect;
  const what = effect === null ? candidate.op : effect;
  const verb = effect === null ? (candidate.op?.opName ?? 'start') : effect.effectName;
  const object = effect === null ? (candidate.op?.touches?.(candidate) ?? what) : effectObject(effect);
  return { verb, object: (object as { name?: string } | null)?.name ?? '' };
}

export const labelText = ({ verb, object }: StepLabel): string => (object === '' ? verb : `${verb} ${object}`);
