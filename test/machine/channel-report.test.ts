/**
 * Goal: a guest's AP bus follows its control block, from the write on the host to the queue object in the guest, and goes on working when
 * Secure Execution takes its interrupts away. Method: a whole host with guests that run a kernel.
 */
import { describe, expect, test } from 'vitest';
import type { GuestSpec } from '../../src/machine/host-spec.ts';
import { Guest } from '../../src/guest/guest.ts';
import { secureExecution } from '../../src/kvm/secure-execution.ts';
import type { Task } from '../../src/runtime/task.ts';
import { M1, RUNTIMES, onHost, type Host, type HostOptions } from '../helpers/host.ts';

const guest1: GuestSpec = { name: 'guest1', mdev: null, vcpus: 2, workload: null, apie: true, interrupts: true, attach: false };
const rsa = (operations: number): GuestSpec => ({ ...guest1, workload: { kind: 'rsa', operations, bits: [512], forms: ['mex', 'crt'] } });

const kernelOf = (host: Host): Guest => {
  const { guest } = host.vm('guest1');
  if (!(guest instanceof Guest)) throw new Error('guest1 runs no kernel');
  return guest;
};

async function until(host: Host, task: Task, condition: () => boolean): Promise<void> {
  while (!condition()) await host.rt.sleep(task, 1);
}

/** With adapter 5 and domain 4, up and running. Answers how the guest is stopped. */
async function booted(host: Host, task: Task): Promise<() => Promise<void>> {
  await host.create(task, M1, { adapters: [5], domains: [4] });
  await host.attach(task, 'guest1', M1);
  const vm = host.vm('guest1');
  const vcpus = vm.run();
  await until(host, task, () => kernelOf(host).scans > 0);
  return async () => {
    vm.guest.stop();
    for (const vcpu of vcpus) await host.rt.join(task, vcpu);
  };
}

const names = (host: Host): string[] => [...kernelOf(host).queues.values()].map(({ queue }) => queue.name).toSorted();

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  const alone = (spec: HostOptions['spec'] = {}): HostOptions => ({ spec: { guests: [guest1], ...spec } });

  test.each([
    ['a guest', false],
    ['a guest in Secure Execution', true],
  ])('%s learns of one change by one report', (_what, secure) =>
    onHost(kind, alone(), async (host, task) => {
      const stop = await booted(host, task);
      const guest = kernelOf(host);
      expect([names(host), guest.interrupts.reports.words]).toEqual([['05.0004'], 0]);
      if (secure) expect(await secureExecution(task, host.vm('guest1').kvm, true)).toBe(0);
      await host.assign(task, M1, { domains: [0x47] });
      await until(host, task, () => guest.interrupts.reports.changes > 0 && guest.queues.size === 2);
      await until(host, task, () => !guest.interrupts.reports.due && host.vm('guest1').qemu.channels.pendingChanges === 0);
      expect([names(host), guest.interrupts.reports]).toMatchObject([['05.0004', '05.0047'], { words: 1, changes: 1, overflows: 0 }]);
      await stop();
    }),
  );

  test('a guest whose host has no config-change interrupt finds a change at its next scan, and is told nothing', () =>
    onHost(kind, alone({ kernel: '6.0' }), async (host, task) => {
      const stop = await booted(host, task);
      const guest = kernelOf(host);
      const before = guest.scans;
      await host.assign(task, M1, { domains: [0x47] });
      await until(host, task, () => guest.queues.size === 2);
      expect(guest.scans).toBeGreaterThan(before);
      expect(guest.interrupts.reports).toMatchObject({ words: 0, changes: 0 });
      await stop();
    }));

  test('a guest that has lost a report finds the changes by itself', () =>
    onHost(kind, alone(), async (host, task) => {
      const stop = await booted(host, task);
      const guest = kernelOf(host);
      const { channels } = host.vm('guest1').qemu;
      channels.room = 0;
      await host.assign(task, M1, { domains: [0x47] });
      await until(host, task, () => guest.queues.size === 2);
      channels.room = Number.POSITIVE_INFINITY;
      await host.assign(task, M1, { domains: [0xab] });
      await until(host, task, () => guest.queues.size === 3);
      // Nothing stores the first event, so nothing announces the second: as with QEMU.
      expect(guest.interrupts.reports).toMatchObject({ words: 0, changes: 0 });
      await stop();
    }));

  test.each([
    ['that takes the interrupts away', false],
    ['that virtualizes them', true],
  ])('requests come through while Secure Execution begins and ends under an ultravisor %s', (_what, ultravisorAiv) =>
    onHost(kind, { spec: { guests: [rsa(30)], ultravisorAiv } }, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const vm = host.vm('guest1');
      const vcpus = vm.run();
      const guest = kernelOf(host);
      for (const [on, operations] of [
        [true, 15],
        [false, 40],
      ] as const) {
        await until(host, task, () => guest.progress.operations >= operations);
        expect(await secureExecution(task, vm.kvm, on)).toBe(0);
      }
      for (const vcpu of vcpus) await host.rt.join(task, vcpu);
      expect(guest.statistics).toMatchObject({ operations: 60, verified: 60, errors: 0 });
      expect(guest.interrupts.taken).toBeGreaterThan(0);
      if (ultravisorAiv) expect(vm.kvm.gisa.lost).toBe(0);
    }),
  );
});
