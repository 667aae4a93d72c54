/**
 * Runs one test body as a task under the live and under the controlled runtime: the hardware must not tell them apart.
 */
import { describe, expect, it } from 'vitest';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Strategy } from '../../src/runtime/strategy.ts';
import type { Task } from '../../src/runtime/task.ts';

export type RuntimeTest = (test: { readonly rt: Runtime; readonly task: Task }) => Promise<void>;

/** Timers wait until no task can go on, as they do in a run that is fast enough. */
const TASKS_FIRST: Strategy = {
  choose: (candidates, n) =>
    Math.max(
      0,
      candidates.slice(0, n).findIndex((candidate) => candidate.id >= 0),
    ),
  chooseValue: () => 0,
};

/** For what holds as long as nothing else happens in between. */
export function onBothRuntimes(name: string, body: RuntimeTest): void {
  describe(name, () => {
    it('live', () => live(body));
    it('controlled', () => controlled(new ControlledRuntime({ seed: 1, strategy: TASKS_FIRST }), body));
  });
}

/** For what holds whenever the hardware gets on with its work: random schedules as well. */
export function inAnyOrder(name: string, body: RuntimeTest): void {
  onBothRuntimes(name, body);
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(`${name}: schedule %i`, (seed) => controlled(new ControlledRuntime({ seed }), body));
}

async function live(body: RuntimeTest): Promise<void> {
  const rt = new LiveRuntime(1);
  const errors = start(rt, body);
  expect(await rt.settled()).toBe('done');
  rt.shutdown();
  rethrow(errors);
}

async function controlled(rt: ControlledRuntime, body: RuntimeTest): Promise<void> {
  const errors = start(rt, body);
  const outcome = await rt.run();
  rethrow(errors);
  expect(outcome).toBe('done');
}

function start(rt: Runtime, body: RuntimeTest): unknown[] {
  const errors: unknown[] = [];
  rt.onTaskEnd((_task, error) => {
    if (error !== undefined) errors.push(error);
  });
  rt.spawn('test', (task) => body({ rt, task }));
  return errors;
}

function rethrow(errors: readonly unknown[]): void {
  if (errors.length > 0) throw errors[0];
}
