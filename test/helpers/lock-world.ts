/**
 * A runtime with a lock layer on it, for tests that must say the same on both runtimes. Steps are ordered by sleeps: in the controlled
 * world the first task that can go on does, and time moves only when none can.
 */
import type { Finding } from '../../src/locks/finding.ts';
import { LockLayer, type LockLayerOptions } from '../../src/locks/lock-layer.ts';
import type { ControlledOptions } from '../../src/runtime/controlled-options.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Task, TaskBody } from '../../src/runtime/task.ts';
import { FirstStrategy } from './first-strategy.ts';

export interface LockWorld {
  readonly rt: Runtime;
  readonly locks: LockLayer;
  /** What was found so far, as `kind: title`. */
  readonly found: () => string[];
  readonly findings: readonly Finding[];
  /** Spawns the tasks in this order, runs to the end and says how it came. Throws what a task threw. */
  readonly play: (tasks: Readonly<Record<string, TaskBody>>) => Promise<string>;
}

export type MakeWorld = (options?: LockLayerOptions) => LockWorld;

function worldOf(rt: Runtime, options: LockLayerOptions, finish: (locks: LockLayer) => Promise<string>): LockWorld {
  const locks = new LockLayer(rt, options);
  const errors: unknown[] = [];
  rt.onTaskEnd((_task: Task, error: unknown) => {
    if (error !== undefined) errors.push(error);
  });
  return {
    rt,
    locks,
    found: () => locks.findings.list.map(({ kind, title }) => `${kind}: ${title}`),
    findings: locks.findings.list,
    play: async (tasks) => {
      for (const [name, body] of Object.entries(tasks)) rt.spawn(name, body);
      const outcome = await finish(locks);
      if (errors.length > 0) throw errors[0];
      return outcome;
    },
  };
}

export const liveWorld: MakeWorld = (options = {}) => {
  const rt = new LiveRuntime(1);
  return worldOf(rt, options, async (locks) => {
    locks.onStuck(() => rt.finishAs('stuck'));
    const outcome = await rt.settled();
    rt.shutdown();
    return outcome;
  });
};

export function controlledWorld(options: LockLayerOptions = {}, runtime: Partial<ControlledOptions> = {}): LockWorld {
  const rt = new ControlledRuntime({ seed: 1, strategy: new FirstStrategy(), ...runtime });
  return worldOf(rt, options, async () => {
    const outcome = await rt.run();
    if (outcome === 'failed') throw rt.failure;
    return outcome;
  });
}

export const WORLDS: readonly (readonly [name: string, make: MakeWorld, stuck: string])[] = [
  ['live', liveWorld, 'stuck'],
  ['controlled', (options) => controlledWorld(options), 'deadlock'],
  ['controlled, every release a step', (options) => controlledWorld(options, { releaseSteps: 'all' }), 'deadlock'],
];
