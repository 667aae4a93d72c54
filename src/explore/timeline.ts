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
  /** Names of the objects that the step touches, where they have names. */
  readonly touched: readonly string[];
}

export class TimelineRecorder implements StepRecorder {
  readonly steps: TimelineStep[] = [];
  private touched: Set<string> = new Set();

  step(by: Runnable): void {
    this.touched = new Set();
    const touched = this.touched;
    this.steps.push({
      task: by.name,
      id: by.id,
      what: labelText(nextLabel(by)),
      held: by instanceof Task ? heldNames(by) : [],
      get touched() {
        return [...touched];
      },
    });
  }

  touch(object: object, _access: AccessKind): void {
    const { name } = object as { name?: unknown };
    if (typeof name === 'string') this.touched.add(name);
  }

  chosen(site: string, _n: number, value: number): void {
    const last = this.steps.at(-1);
    if (last !== undefined) this.steps[this.steps.length - 1] = { ...last, what: `${last.what} (${site}: ${value})` };
  }
}

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
