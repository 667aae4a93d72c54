/**
 * A sysfs with one bus for tests, under either runtime.
 */
import { EventLog } from '../../src/base/event-log.ts';
import { createLogger } from '../../src/base/logger.ts';
import { OK, type Errno } from '../../src/base/errno.ts';
import { Bus } from '../../src/driver-core/bus.ts';
import { Device } from '../../src/driver-core/device.ts';
import type { DriverOps } from '../../src/driver-core/driver.ts';
import { Sysfs } from '../../src/driver-core/sysfs.ts';
import { ueventRecorder } from '../../src/driver-core/uevent.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Task } from '../../src/runtime/task.ts';

export const RUNTIMES = ['live', 'controlled'] as const;
export type RuntimeKind = (typeof RUNTIMES)[number];

export interface World {
  readonly rt: Runtime;
  readonly layer: LockLayer;
  readonly sysfs: Sysfs;
  readonly bus: Bus;
  readonly events: EventLog;
  readonly device: (name: string) => Device;
}

export class TestDriver implements DriverOps {
  readonly name: string;
  readonly calls: string[] = [];
  answer: Errno = OK;
  private readonly wanted: (device: Device) => boolean;

  constructor(name: string, wanted: (device: Device) => boolean = () => true) {
    this.name = name;
    this.wanted = wanted;
  }

  matches(device: Device): boolean {
    return this.wanted(device);
  }

  async probe(task: Task, device: Device): Promise<Errno> {
    device.lock.assertHeld(task, 'probe');
    this.calls.push(`probe ${device.name}`);
    return this.answer;
  }

  async remove(task: Task, device: Device): Promise<void> {
    device.lock.assertHeld(task, 'remove');
    this.calls.push(`remove ${device.name}`);
  }
}

/** Runs the body as a task; answers the titles of findings. */
export async function inWorld(kind: RuntimeKind, body: (world: World, task: Task) => Promise<void>, seed = 3): Promise<string[]> {
  let failure: unknown;
  const rt = kind === 'live' ? new LiveRuntime(seed) : new ControlledRuntime({ seed });
  rt.onTaskEnd((_task, error) => (failure ??= error));
  const layer = new LockLayer(rt);
  const sysfs = new Sysfs(layer);
  const events = new EventLog(() => rt.now());
  const log = createLogger({ level: 'silent', now: () => rt.now() });
  const bus = new Bus(sysfs, { name: 'test', log, uevent: ueventRecorder(events), env: (device) => ({ NAME: device.name }) });
  const at = sysfs.mkdir('/sys/devices/test');
  const world: World = { rt, layer, sysfs, bus, events, device: (name) => new Device(layer, { name, parent: null, bus, at, owner: name }) };
  rt.spawn('test', (task) => body(world, task));
  const outcome = rt instanceof LiveRuntime ? await rt.settled() : await rt.run();
  if (rt instanceof LiveRuntime) rt.shutdown();
  if (failure !== undefined) throw failure;
  if (outcome !== 'done') throw new Error(`the run ended as ${outcome}`);
  return layer.findings.list.map(({ title }) => title);
}
