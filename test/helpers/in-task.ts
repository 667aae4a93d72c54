/**
 * Runs a piece of model code as the only foreground task of a runtime and hands its error to the test.
 */
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Task } from '../../src/runtime/task.ts';

export type AnyRuntime = LiveRuntime | ControlledRuntime;

export const RUNTIMES: readonly (readonly [name: string, make: (seed: number) => AnyRuntime])[] = [
  ['live', (seed) => new LiveRuntime(seed)],
  ['controlled', (seed) => new ControlledRuntime({ seed })],
];

/** Until all foreground tasks have ended; throws the first error of a task, and when the run ended otherwise. */
export async function settle(rt: AnyRuntime): Promise<void> {
  const errors: unknown[] = [];
  rt.onTaskEnd((_task, error) => {
    if (error !== undefined) errors.push(error);
  });
  const outcome = rt instanceof LiveRuntime ? await rt.settled() : await rt.run();
  if (rt instanceof LiveRuntime) rt.shutdown();
  if (errors.length > 0) throw errors[0];
  if (outcome !== 'done') throw new Error(`expected the run to end as done, got ${outcome}`);
}

export async function inTask(rt: AnyRuntime, body: (task: Task, rt: Runtime) => Promise<void>): Promise<void> {
  rt.spawn('test', (task) => body(task, rt));
  await settle(rt);
}
