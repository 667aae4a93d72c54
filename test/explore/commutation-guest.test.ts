/**
 * Goal: what vCPUs that wait, cards that interrupt and reports of changed configurations share is declared. Method: neighbours are exchanged in
 * random schedules; the state compared has who took which interruption and which report.
 */
import { expect, it } from 'vitest';
import { checkCommutation } from '../../src/explore/commutation.ts';
import type { Program } from '../../src/explore/program.ts';
import { secureExecution } from '../../src/kvm/secure-execution.ts';
import { RandomStrategy } from '../../src/runtime/random-strategy.ts';
import type { Task } from '../../src/runtime/task.ts';
import { hostProgram, type HostTasks, type HostUnderTest } from './host-program.ts';

const SEEDS = 40;

async function waitAndTake(task: Task, host: HostUnderTest, vcpu: number): Promise<void> {
  const { rt } = host.machine.layer;
  const { kvm } = host.machine.vms[0]!;
  for (let n = 0; n < 2; n++) {
    await kvm.vcpus[vcpu]!.idle(task, () => false, 1);
    // Seen in the state that is compared: the card stores 1 to 8 as well.
    const isc = kvm.vcpus[vcpu]!.takeInterruption();
    if (isc !== null) kvm.memory.store(0x1000, 16 * (vcpu + 1) + isc);
    await rt.sleep(task, 0);
  }
}

const card =
  (...iscs: readonly number[]) =>
  async (task: Task, host: HostUnderTest): Promise<void> => {
    for (const isc of iscs) {
      await host.machine.layer.rt.sleep(task, 0);
      host.machine.vms[0]!.kvm.gisa.adapterInterruption(isc);
    }
  };

async function readReports(task: Task, host: HostUnderTest): Promise<void> {
  const { qemu, kvm } = host.machine.vms[0]!;
  qemu.openChannelReports();
  let seen = 0;
  for (let n = 0; n < 3; n++) {
    if (qemu.takeMachineCheck()) seen += 1;
    if ((await qemu.storeChannelReportWord(task)) !== null) seen += 16;
    if ((await qemu.storeEventInformation(task)).code === 1) seen += 64;
  }
  kvm.memory.store(0x1000, seen);
}

const PROGRAMS: Readonly<Record<string, HostTasks>> = {
  'two cards, two idle vCPUs, registrations that come and go': {
    attached: [0],
    tasks: {
      vcpu0: (task, host) => waitAndTake(task, host, 0),
      vcpu1: (task, host) => waitAndTake(task, host, 1),
      card5: card(6, 3),
      card6: card(6),
      registrations: async (task, host) => {
        const { gisa } = host.machine.vms[0]!.kvm;
        gisa.register(6);
        await host.machine.layer.rt.sleep(task, 0);
        gisa.register(3);
        await host.machine.layer.rt.sleep(task, 0);
        gisa.unregister(6);
        await host.machine.layer.rt.sleep(task, 0);
        gisa.unregister(3);
      },
    },
  },
  'interruptions while Secure Execution begins and ends': {
    attached: [0],
    tasks: {
      vcpu0: (task, host) => waitAndTake(task, host, 0),
      card: card(6, 6),
      pv: async (task, host) => {
        const { kvm } = host.machine.vms[0]!;
        kvm.gisa.register(6);
        await secureExecution(task, kvm, true);
        await secureExecution(task, kvm, false);
        kvm.gisa.unregister(6);
      },
    },
  },
  'pages that are pinned and touched while Secure Execution begins and ends': {
    attached: [0],
    tasks: {
      vcpu: async (task, host) => {
        const { rt } = host.machine.layer;
        const { memory } = host.machine.vms[0]!.kvm;
        let exported = 0;
        for (let n = 0; n < 4; n++) {
          exported = 2 * exported + (memory.protection.isExported(2) ? 1 : 0);
          memory.load(0x2000);
          await rt.sleep(task, 0);
        }
        memory.store(0x1000, exported);
      },
      driver: async (task, host) => {
        const { rt } = host.machine.layer;
        const { protection } = host.machine.vms[0]!.kvm.memory;
        protection.pin(2);
        await rt.sleep(task, 0);
        protection.unpin(2);
      },
      pv: async (task, host) => {
        const { kvm } = host.machine.vms[0]!;
        await secureExecution(task, kvm, true);
        await secureExecution(task, kvm, false);
      },
    },
  },
  'changes and their reports': {
    attached: [0],
    tasks: {
      reports: readReports,
      administrator: async (task, host) => {
        await host.store(task, 0, 'assign_adapter', '6');
        await host.store(task, 0, 'unassign_adapter', '6');
      },
    },
  },
};

it.each(Object.entries(PROGRAMS))('%s: commutes wherever nothing in common was touched', async (name, tasks) => {
  const program: Program = hostProgram(name, tasks);
  let pairs = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const result = await checkCommutation(program, { seed: 1, schedule: new RandomStrategy(seed) });
    expect(result.undeclared).toEqual([]);
    pairs += result.pairs;
  }
  expect(pairs).toBeGreaterThan(SEEDS);
});
