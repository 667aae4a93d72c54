/**
 * A host with one adapter, two domains, one mdev that has both and one guest attached to it, on either runtime, for tests that look at
 * the product's own objects. The tests' tasks start when the host is up.
 */
import { EventLog } from '../../src/base/event-log.ts';
import { createLogger } from '../../src/base/logger.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import { Machine } from '../../src/machine/machine.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Task } from '../../src/runtime/task.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import type { ApMatrixMdev } from '../../src/vfio-ap/ap-matrix-mdev.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';
import { FirstStrategy } from './first-strategy.ts';

export const UUID = '783e6dbb-ea0e-411f-94e2-717eaad438bf';
export const MDEV = `/sys/devices/vfio_ap/matrix/${UUID}`;

export interface SmallHost {
  readonly rt: Runtime;
  readonly machine: Machine;
  readonly mdev: ApMatrixMdev;
  readonly found: () => string[];
}

type HostTasks = Readonly<Record<string, (task: Task, host: SmallHost) => Promise<unknown>>>;

const MAKE: readonly (readonly [name: string, make: () => LiveRuntime | ControlledRuntime])[] = [
  ['live', () => new LiveRuntime(1)],
  ['controlled', () => new ControlledRuntime({ seed: 1, strategy: new FirstStrategy() })],
];

/** Boots the host, then runs the tasks beside each other; throws the first error of any task. */
async function runOn(rt: LiveRuntime | ControlledRuntime, tasks: HostTasks): Promise<SmallHost> {
  const layer = new LockLayer(rt);
  const log = createLogger({ level: 'silent', now: () => rt.now() });
  const guest = { name: 'guest1', mdev: 'm1', vcpus: 1, workload: null, apie: true, interrupts: true, attach: true };
  const machine = new Machine({
    ...{ layer, design: designByName('guests-lock')!, seed: 1, log, events: new EventLog(() => rt.now()) },
    spec: {
      ...{ kernel: 'current', adapters: [{ id: 5, type: 'CEX8C' }], domains: [4, 5], controlDomains: [4, 5, 6], serviceScale: 0 },
      ...{ apmask: '0x0', aqmask: null, guests: [guest] },
      mdevs: [{ name: 'm1', uuid: UUID, adapters: [5], domains: [4, 5], controlDomains: [] }],
    },
  });
  const errors: unknown[] = [];
  rt.onTaskEnd((_task, error) => {
    if (error !== undefined) errors.push(error);
  });
  const found = (): string[] => layer.findings.list.map(({ kind, title }) => `${kind}: ${title}`);
  const host: SmallHost = {
    ...{ rt, machine, found },
    get mdev() {
      const mdev = machine.vfioAp.findMdev(UUID);
      if (mdev === null) throw new Error(`expected the mdev ${UUID} to exist`);
      return mdev;
    },
  };
  rt.spawn('boot', async (task) => {
    await machine.boot(task);
    for (const [name, body] of Object.entries(tasks)) rt.spawn(name, async (each) => void (await body(each, host)));
  });
  const outcome = rt instanceof LiveRuntime ? await rt.settled() : await rt.run();
  if (rt instanceof LiveRuntime) rt.shutdown();
  if (errors.length > 0) throw errors[0];
  if (outcome !== 'done') throw new Error(`expected the run to end as done, got ${outcome}`);
  return host;
}

export const SMALL_HOSTS: readonly (readonly [name: string, run: (tasks: HostTasks) => Promise<SmallHost>])[] = MAKE.map(([name, make]) => [
  name,
  (tasks) => runOn(make(), tasks),
]);
