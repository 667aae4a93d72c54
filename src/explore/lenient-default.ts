/**
 * What lenient replays do where their list says nothing: whoever runs goes on, else the oldest task, and time passes only when it must.
 */
import type { Runnable, Strategy } from '../runtime/strategy.ts';
import { Task } from '../runtime/task.ts';
import type { RecordedStep, RecordedValue } from './replay-recording.ts';

/** Index of the candidate that preempts nobody. */
export function withoutPreemption(candidates: readonly Runnable[], n: number, running: Runnable | null): number {
  let best = -1;
  for (let i = 0; i < n; i++) {
    const candidate = candidates[i]!;
    if (!canGoOn(candidate)) continue;
    if (candidate === running) return i;
    if (best < 0 || candidate.id < candidates[best]!.id) best = i;
  }
  return Math.max(best, 0);
}

/** Without that time passes. */
const canGoOn = (candidate: Runnable): boolean =>
  candidate instanceof Task && (candidate.firstEffect !== null || candidate.op?.enabled(candidate) === true);

/** Recorded answers, each for the site where it was given. */
export class ValuesBySite {
  private values: RecordedValue[];

  constructor(values: readonly RecordedValue[]) {
    this.values = [...values];
  }

  set(values: readonly RecordedValue[]): void {
    this.values = [...values];
  }

  /** 0 where nothing was recorded that is possible. */
  take(site: string, n: number): number {
    const at = this.values.findIndex((recorded) => recorded.site === site && recorded.value < n);
    return at < 0 ? 0 : this.values.splice(at, 1)[0]!.value;
  }
}

/** Follows a list of tasks by their ids, and leaves out those who cannot go on: the same program, another schedule. */
export class FollowIds implements Strategy {
  readonly asksAlways = true;
  private readonly steps: readonly Pick<RecordedStep, 'id' | 'values'>[];
  private readonly values: ValuesBySite;
  private position = 0;

  constructor(steps: readonly Pick<RecordedStep, 'id' | 'values'>[], before: readonly RecordedValue[]) {
    this.steps = steps;
    this.values = new ValuesBySite(before);
  }

  choose(candidates: readonly Runnable[], n: number, running: Runnable | null): number {
    for (let at = this.position; at < this.steps.length; at++) {
      const { id, values } = this.steps[at]!;
      for (let i = 0; i < n; i++) {
        if (candidates[i]!.id !== id) continue;
        this.position = at + 1;
        this.values.set(values);
        return i;
      }
    }
    this.values.set([]);
    return withoutPreemption(candidates, n, running);
  }

  chooseValue(site: string, n: number): number {
    return this.values.take(site, n);
  }
}
