/**
 * Goal: a guest costs the tasks that its work needs, and none without work where that is asked for.
 */
import { expect, test } from 'vitest';
import { EventLog } from '../../src/base/event-log.ts';
import { createLogger } from '../../src/base/logger.ts';
import { parseInstruction } from '../../src/guest/guest-instruction.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import type { GuestSpec, Workload } from '../../src/machine/host-spec.ts';
import { operationsOf } from '../../src/machine/host-spec.ts';
import { Machine } from '../../src/machine/machine.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';

const guest = (workload: Workload | null): GuestSpec => ({
  ...{ name: 'guest1', mdev: null, vcpus: 2, workload, apie: true, interrupts: true, attach: false },
});
const list = (...texts: string[]) => texts.map((text) => parseInstruction(text)!);
const ONE_VCPU: Workload = { kind: 'instructions', cpus: [[], list('qci', 'tapq 05.0004')] };

/** Names of the tasks that the guest starts, those of daemons in brackets. */
function tasksOf(workload: Workload | null, bareGuests: boolean): string[] {
  const rt = new ControlledRuntime({ seed: 1 });
  const now = (): number => rt.now();
  const machine = new Machine({
    ...{ layer: new LockLayer(rt), design: designByName('guests-lock')!, seed: 1, bareGuests },
    ...{ log: createLogger({ level: 'silent', now }), events: new EventLog(now) },
    spec: {
      ...{ kernel: 'current', adapters: [], domains: [], controlDomains: [], apmask: null, aqmask: null, serviceScale: 0, mdevs: [] },
      guests: [guest(workload)],
    },
  });
  return machine.vms[0]!.run().map(({ name, daemon }) => (daemon ? `(${name})` : name));
}

test('a guest without a workload runs a kernel in the background, or nothing', () => {
  expect(tasksOf(null, false)).toEqual(['(guest1/vcpu0)', '(guest1/vcpu1)']);
  expect(tasksOf(null, true)).toEqual([]);
});

test('a vCPU with instructions is a task, one without is none', () => {
  expect(tasksOf(ONE_VCPU, false)).toEqual(['guest1/vcpu1']);
  expect(tasksOf({ kind: 'instructions', cpus: [] }, false)).toEqual([]);
});

test('the operations of a workload are those of all vCPUs', () => {
  expect(operationsOf(guest(null))).toBe(0);
  expect(operationsOf(guest(ONE_VCPU))).toBe(2);
  expect(operationsOf(guest({ kind: 'rsa', operations: 7, bits: [1024], forms: ['mex'] }))).toBe(14);
});
