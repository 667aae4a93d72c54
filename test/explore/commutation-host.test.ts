/**
 * Goal: the host has declared everything that its tasks share, so that reductions may be believed. Method: neighbours are exchanged in random
 * schedules of instructions, of attaching, assigning and detaching, and of a configuration that changes below all of it.
 */
import { describe, expect, it } from 'vitest';
import { checkCommutation } from '../../src/explore/commutation.ts';
import { execute } from '../../src/explore/execution.ts';
import type { NqapRequest } from '../../src/crypto-adapters/ap-instructions.ts';
import { RandomStrategy } from '../../src/runtime/random-strategy.ts';
import { APQNS, hostProgram, type HostTasks } from './host-program.ts';

const SEEDS = 25;
const [FIRST, SECOND] = APQNS as [number, number];
const request = (psmid: bigint): NqapRequest => ({ psmid, message: new Uint8Array(64) });
const TYPE = '/sys/devices/vfio_ap/matrix/mdev_supported_types/vfio_ap-passthrough';
const [CREATE, INSTANCES] = [`${TYPE}/create`, `${TYPE}/available_instances`];
const ANOTHER = '33333333-3333-4333-8333-333333333333';
const aqic = (isc: number) => ({ ir: true, isc, nib: 0x1000 });

const PROGRAMS: Readonly<Record<string, HostTasks>> = {
  instructions: {
    attached: [0, 1],
    tasks: {
      'guest0 vcpu0': async (task, host) => {
        const cpu = host.cpu(0);
        await cpu.aqic(task, FIRST, aqic(3));
        await cpu.nqap(task, FIRST, request(1n));
        await cpu.dqap(task, FIRST, 4096);
      },
      'guest0 vcpu1': async (task, host) => {
        const cpu = host.cpu(0, 1);
        await cpu.tapq(task, FIRST);
        await cpu.zapq(task, FIRST);
      },
      'guest1 vcpu0': async (task, host) => {
        const cpu = host.cpu(1);
        await cpu.aqic(task, SECOND, aqic(4));
        await cpu.nqap(task, SECOND, request(2n));
        await cpu.qci(task);
      },
      'guest1 vcpu1': async (task, host) => {
        const cpu = host.cpu(1, 1);
        await cpu.tapq(task, SECOND);
        await cpu.dqap(task, SECOND, 4096);
      },
    },
  },
  'attaching, assigning, detaching': {
    attached: [1],
    tasks: {
      attach: (task, host) => host.attach(task, 0),
      'assign to guest0': async (task, host) => {
        await host.store(task, 0, 'assign_adapter', '6');
        await host.store(task, 0, 'unassign_adapter', '5');
      },
      'unassign from guest1': (task, host) => host.store(task, 1, 'unassign_domain', '0x47'),
      detach: (task, host) => host.machine.vms[1]!.qemu.detach(task),
      'guest1 vcpu0': async (task, host) => {
        await host.cpu(1).aqic(task, SECOND, aqic(4));
        await host.cpu(1).nqap(task, SECOND, request(2n));
      },
      'guest0 vcpu1': async (task, host) => {
        await host.cpu(0, 1).tapq(task, FIRST);
        await host.cpu(0, 1).nqap(task, FIRST, request(3n));
      },
    },
  },
  'a removal': {
    attached: [0],
    tasks: {
      remover: (task, host) => host.store(task, 0, 'remove', '1'),
      'assign to guest0': (task, host) => host.store(task, 0, 'assign_adapter', '6'),
      unbinder: (task, host) => host.machine.sysfs.write(task, '/sys/bus/ap/drivers/vfio_ap/unbind', '05.0004'),
      creator: (task, host) => host.machine.sysfs.write(task, CREATE, ANOTHER),
      // What it reads decides what it does: otherwise nobody would see the difference.
      reader: async (task, host) => {
        const left = await host.machine.sysfs.read(task, INSTANCES);
        if (left === '65533\n') host.machine.hardware.checkstop(6, true);
      },
    },
  },
  'a configuration that changes': {
    attached: [0, 1],
    tasks: {
      'guest0 vcpu0': async (task, host) => {
        await host.cpu(0).nqap(task, FIRST, request(1n));
        await host.cpu(0).tapq(task, FIRST);
      },
      'guest1 vcpu0': async (task, host) => {
        await host.cpu(1).qci(task);
        await host.cpu(1).zapq(task, SECOND);
      },
      operator: async (task, host) => {
        const { hardware, layer } = host.machine;
        const { rt } = layer;
        await rt.sleep(task, 0);
        hardware.checkstop(5, true);
        await rt.sleep(task, 0);
        hardware.checkstop(5, false);
        await rt.sleep(task, 0);
        hardware.configure(6, false);
      },
    },
  },
};

describe.each(Object.entries(PROGRAMS))('%s', (name, tasks) => {
  it('commutes wherever nothing in common was touched', async () => {
    const program = hostProgram(name, tasks);
    let pairs = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { outcome } = await execute(program, { strategy: new RandomStrategy(seed), seed: 1, maxSteps: 5000, lockdep: false });
      expect(outcome).toBe('done');
      const result = await checkCommutation(program, { seed: 1, schedule: new RandomStrategy(seed) });
      expect(result.undeclared).toEqual([]);
      pairs += result.pairs;
    }
    expect(pairs).toBeGreaterThan(SEEDS * 5);
  });
});
