/**
 * A schedule as it was made: every step with the name of its task and of what it did, also where nobody else could go on. More than the list
 * of choices, because after a change of the code there are choices where there were none. No kernel counterpart.
 */
import type { ControlledRuntime } from '../runtime/controlled.ts';
import { labelText, nextLabel } from '../runtime/footprint.ts';
import type { Runnable, Strategy } from '../runtime/strategy.ts';

/** A data choice: which of how many, and where. */
export interface RecordedValue {
  readonly site: string;
  readonly n: number;
  readonly value: number;
}

/** What a task is about to do. */
export interface Announced {
  readonly id: number;
  readonly name: string;
  readonly what: string;
}

export interface RecordedStep extends Announced {
  /** Nobody else could go on: no choice. */
  readonly forced: boolean;
  /** Data choices made in this step. */
  readonly values: readonly RecordedValue[];
}

export interface Recording {
  /** Data choices before the first step. */
  readonly before: readonly RecordedValue[];
  readonly steps: readonly RecordedStep[];
  /** What the tasks that were left had announced at the end. */
  readonly pending: readonly Announced[];
}

/** Writes down what another strategy chooses. */
export class RecordingStrategy implements Strategy {
  readonly asksAlways = true;
  private readonly inner: Strategy;
  private readonly before: RecordedValue[] = [];
  private readonly steps: (RecordedStep & { readonly values: RecordedValue[] })[] = [];

  constructor(inner: Strategy) {
    this.inner = inner;
  }

  choose(candidates: readonly Runnable[], n: number, running: Runnable | null): number {
    const index = n === 1 && this.inner.asksAlways !== true ? 0 : this.inner.choose(candidates, n, running);
    const chosen = candidates[index];
    if (index < 0 || chosen === undefined) return index;
    this.steps.push({ id: chosen.id, name: chosen.name, what: whatNext(chosen), forced: n === 1, values: [] });
    return index;
  }

  chooseValue(site: string, n: number): number {
    const value = this.inner.chooseValue(site, n);
    (this.steps.at(-1)?.values ?? this.before).push({ site, n, value });
    return value;
  }

  /** After the run. */
  recording(rt: ControlledRuntime): Recording {
    const pending = rt.tasks
      .filter((task) => !task.ended)
      .map((task) => ({ id: task.id, name: task.name, what: whatNext(task) }))
      .toSorted((a, b) => a.id - b.id);
    return { before: this.before, steps: this.steps, pending };
  }
}

/** What a candidate does next, as recordings write it. */
export const whatNext = (candidate: Runnable): string => labelText(nextLabel(candidate));

/** The choices as `ControlledRuntime.choices` lists them. */
export function choicesOf({ before, steps }: Pick<Recording, 'before' | 'steps'>): number[] {
  const choices = before.map(({ value }) => value);
  for (const { forced, id, values } of steps) {
    if (!forced) choices.push(id);
    for (const { value } of values) choices.push(value);
  }
  return choices;
}

/** Changes of the task, timers not counted. */
export function switchesOf(steps: readonly { readonly id: number }[]): number {
  let switches = 0;
  let last: number | null = null;
  for (const { id } of steps) {
    if (id < 0) continue;
    if (last !== null && id !== last) switches++;
    last = id;
  }
  return switches;
}
