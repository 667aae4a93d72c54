/**
 * A host with one PCI function in the hands of a guest, under either runtime: booted, then run to its end.
 */
import { EventLog } from '../../src/base/event-log.ts';
import { createLogger } from '../../src/base/logger.ts';
import type { Finding } from '../../src/locks/finding.ts';
import { LockLayer, type LockLayerOptions } from '../../src/locks/lock-layer.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Task } from '../../src/runtime/task.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { makeUser, startZpci } from '../../src/scenario/zpci-program.ts';
import { zpciDesignByName } from '../../src/zpci/locking/designs.ts';
import { ZpciHost, type ZpciSpec } from '../../src/zpci/zpci-host.ts';
import { FirstStrategy } from '../helpers/first-strategy.ts';

const SPEC: ZpciSpec = { fid: 0x1a, guest: 'guest1', vcpus: 2, stores: 2, shutdownStores: 1 };
const POWER_OFF = slotEvents(['admin', false]);

type Events = NonNullable<Scenario['zpci']>['events'];

export function slotEvents(...events: readonly (readonly [task: string, on: boolean, expect?: string])[]): Events {
  const place = { file: 'test', line: 1, column: 1 };
  return events.map(([task, on, expect = 'ok']) => ({ task, on, expect, place }));
}

export interface ZpciWorld {
  readonly rt: LiveRuntime | ControlledRuntime;
  readonly layer: LockLayer;
  readonly host: ZpciHost;
  readonly findings: readonly Finding[];
  /** Until no foreground task is left, or none can go on; throws what a task threw. */
  readonly settle: () => Promise<string>;
}

export interface ZpciWorldOptions {
  readonly spec?: Partial<ZpciSpec>;
  readonly layer?: LockLayerOptions;
  readonly requestIntervalMs?: number;
}

export const RUNTIMES: readonly (readonly [name: string, make: () => LiveRuntime | ControlledRuntime, stuck: string])[] = [
  ['live', () => new LiveRuntime(1), 'stuck'],
  ['controlled', () => new ControlledRuntime({ seed: 1, strategy: new FirstStrategy() }), 'deadlock'],
];

export function zpciWorld(rt: LiveRuntime | ControlledRuntime, design: string, options: ZpciWorldOptions = {}): ZpciWorld {
  const layer = new LockLayer(rt, options.layer);
  const events = new EventLog(() => rt.now());
  const log = createLogger({ level: 'silent', now: () => rt.now() });
  const spec = { ...SPEC, ...options.spec };
  const { requestIntervalMs = Number.POSITIVE_INFINITY } = options;
  const user = makeUser(layer, spec, events);
  const host = new ZpciHost({ layer, spec, design: zpciDesignByName(design)!, user, log, events, requestIntervalMs });
  const errors: unknown[] = [];
  rt.onTaskEnd((_task, error) => {
    if (error !== undefined) errors.push(error);
  });
  const settle = async (): Promise<string> => {
    const outcome = await toTheEnd(rt, layer);
    if (errors.length > 0) throw errors[0];
    return outcome;
  };
  return { rt, layer, host, findings: layer.findings.list, settle };
}

async function toTheEnd(rt: LiveRuntime | ControlledRuntime, layer: LockLayer): Promise<string> {
  if (rt instanceof ControlledRuntime) return await rt.run();
  layer.onStuck(() => rt.finishAs('stuck'));
  const outcome = await rt.settled();
  rt.shutdown();
  return outcome;
}

/** Boots the host, then lets the guest and these tasks run. */
export async function play(world: ZpciWorld, events: Events = POWER_OFF): Promise<string> {
  const { rt, layer, host } = world;
  rt.spawn('setup', async (task) => {
    await host.boot(task);
    startZpci(host, layer, events);
  });
  return await world.settle();
}

/** Boots the host and runs one task on it. */
export async function inHost(world: ZpciWorld, body: (task: Task, rt: Runtime) => Promise<void>): Promise<void> {
  const { rt, host } = world;
  rt.spawn('test', async (task) => {
    await host.boot(task);
    await body(task, rt);
  });
  const outcome = await world.settle();
  if (outcome !== 'done') throw new Error(`expected the run to end as done, got ${outcome}`);
}
