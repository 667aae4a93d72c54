/**
 * Goal: a campaign can build one machine after the other over one validator: the second does what the first did, teaches it nothing, and
 * brings no lock class of its own, or the validator would grow with every schedule.
 */
import { expect, test } from 'vitest';
import { EventLog } from '../../src/base/event-log.ts';
import { createLogger } from '../../src/base/logger.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import { Lockdep } from '../../src/locks/lockdep.ts';
import { Machine, mdevPath } from '../../src/machine/machine.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import type { Task } from '../../src/runtime/task.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';
import { FirstStrategy } from '../helpers/first-strategy.ts';
import { UUID } from '../helpers/small-host.ts';

const GUEST = { name: 'guest1', mdev: 'm1', vcpus: 1, workload: null, apie: true, interrupts: true, attach: true };
const MATRIX = '/sys/devices/vfio_ap/matrix';

/** Looks at what a machine has and takes it apart. */
async function use(task: Task, machine: Machine): Promise<void> {
  const { sysfs } = machine;
  for (const path of [`${MATRIX}/features`, mdevPath(UUID, 'matrix'), '/sys/bus/ap/apmask', '/sys/devices/ap/card05/config']) {
    expect(await sysfs.read(task, path)).toEqual(expect.any(String));
  }
  expect(await sysfs.write(task, mdevPath(UUID, 'unassign_domain'), '5')).toBe(1);
  expect(await sysfs.write(task, mdevPath(UUID, 'remove'), '1')).toBe(1);
  expect(await sysfs.write(task, '/sys/bus/ap/apmask', '+5')).toBe(2);
}

/** One execution; the number of uevents and other events that it made. */
async function execute(lockdep: Lockdep): Promise<number> {
  const rt = new ControlledRuntime({ seed: 1, strategy: new FirstStrategy() });
  const layer = new LockLayer(rt, { lockdep, places: false });
  const events = new EventLog(() => rt.now(), 0);
  const machine = new Machine({
    ...{ layer, design: designByName('guests-lock')!, seed: 1, events },
    log: createLogger({ level: 'silent', now: () => rt.now() }),
    spec: {
      ...{ kernel: 'current', adapters: [{ id: 5, type: 'CEX8C' }], domains: [4, 5], controlDomains: [4, 5, 6], serviceScale: 0 },
      ...{ apmask: '0x0', aqmask: null, guests: [GUEST] },
      mdevs: [{ name: 'm1', uuid: UUID, adapters: [5], domains: [4, 5], controlDomains: [] }],
    },
  });
  const errors: unknown[] = [];
  rt.onTaskEnd((_task, error) => {
    if (error !== undefined) errors.push(error);
  });
  rt.spawn('admin', async (task) => {
    await machine.boot(task);
    await use(task, machine);
    machine.bus.stop();
  });
  expect([await rt.run(), errors, layer.findings.list]).toEqual(['done', [], []]);
  expect(events.events).toEqual([]);
  return events.count;
}

/** Ids are given out in order: what two new classes have between them was made meanwhile. */
const nextClass = (): number => new LockClass('probe').id;

test('a second machine over the same validator teaches it nothing and makes no lock class', async () => {
  const lockdep = new Lockdep({ places: false });
  const known = (): number[] => [lockdep.chains, [...lockdep.graph.edges()].length, lockdep.executions];
  const events = await execute(lockdep);
  const [chains, edges] = known();
  expect(Math.min(chains!, edges!, events)).toBeGreaterThan(10);
  const before = nextClass();
  expect(await execute(lockdep)).toBe(events);
  expect(nextClass()).toBe(before + 1);
  expect(known()).toEqual([chains, edges, 2]);
});
