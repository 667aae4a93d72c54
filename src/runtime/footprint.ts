/**
 * What a step touches: the port by which an explorer learns which steps depend on each other. The runtime tells it of every step, the lock
 * layer and the model of every object that the step reads or changes where others can see it. No kernel counterpart.
 */
import { Access, type AccessKind } from './access.ts';
import type { Runnable } from './strategy.ts';
import { Task, type Effect } from './task.ts';

/** Told of everything that happens in a controlled run, in order. */
export interface StepRecorder {
  /** A step begins: a task performs what it announced, an effect of it becomes visible, or a timer fires. See `nextLabel`. */
  step(by: Runnable): void;
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
  const verb = effect === null ? (candidate.op?.verb?.(candidate) ?? candidate.op?.opName ?? 'start') : effect.effectName;
  const object = effect === null ? (candidate.op?.touches?.(candidate) ?? what) : effectObject(effect);
  return { verb, object: (object as { name?: string } | null)?.name ?? '' };
}

export const labelText = ({ verb, object }: StepLabel): string => (object === '' ? verb : `${verb} ${object}`);
