/**
 * An execution as a person reads it: who did what in which order, and what was held when the task changed.
 */
import { heldNames } from '../locks/guard.ts';
import type { AccessKind } from '../runtime/access.ts';
import { labelText, nextLabel, type StepRecorder } from '../runtime/footprint.ts';
import type { Runnable } from '../runtime/strategy.ts';
import { Task } from '../runtime/task.ts';

export interface TimelineStep {
  readonly task: string;
  readonly id: number;
  readonly what: string;
  /** Locks that the task holds before this step. */
  readonly held: readonly string[];
  /** Locks that it holds when it stops after it. */
  readonly after: readonly string[];
  /** Names of the objects that the step touches, where they have names. */
  readonly touched: readonly string[];
}

/** A step as long as it goes on. */
interface OpenStep extends TimelineStep {
  what: string;
  after: readonly string[];
  readonly touched: string[];
}

export class TimelineRecorder implements StepRecorder {
  private readonly made: OpenStep[] = [];
  private by: Runnable | null = null;

  step(by: Runnable): void {
    this.close();
    this.by = by;
    const held = heldBy(by);
    this.made.push({ task: by.name, id: by.id, what: labelText(nextLabel(by)), held, after: held, touched: [] });
  }

  touch(object: object, _access: AccessKind): void {
    const { name } = object as { name?: unknown };
    const touched = this.made.at(-1)?.touched;
    if (touched !== undefined && typeof name === 'string' && !touched.includes(name)) touched.push(name);
  }

  chosen(site: string, _n: number, value: number): void {
    const last = this.made.at(-1);
    if (last !== undefined) last.what += ` (${site}: ${value})`;
  }

  /** To be read after the run. */
  get steps(): readonly TimelineStep[] {
    this.close();
    return this.made;
  }

  /** The step has come to the next one's beginning. */
  private close(): void {
    const last = this.made.at(-1);
    if (last === undefined || this.by === null) return;
    last.after = heldBy(this.by);
    this.by = null;
  }
}

const heldBy = (who: Runnable): readonly string[] => (who instanceof Task ? heldNames(who) : []);

/** Changes of the task between steps, timers not counted. */
export function countSwitches(steps: readonly TimelineStep[]): number {
  let switches = 0;
  let last: number | null = null;
  for (const { id } of steps) {
    if (id < 0) continue;
    if (last !== null && id !== last) switches++;
    last = id;
  }
  return switches;
}
