/**
 * Cases FL and E of vfio_ap: what of the assigned matrix reaches a guest, and what happens when that changes while it runs.
 */
import { describe, expect, test } from 'vitest';
import { bareStatus } from '../../src/crypto-adapters/ap-status.ts';
import { Guest } from '../../src/guest/guest.ts';
import { M1, RUNTIMES, onHost, script } from '../helpers/host.ts';

const lines = (...names: string[]): string => names.map((name) => `${name}\n`).join('');
const IRQ = { ir: true, isc: 3, nib: 0x20000 };

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('vfio-FL1: one queue that is not bound hides its adapter', () =>
    onHost(kind, {}, async (host, task) => {
      expect(await host.unbind(task, '06.00ab')).toBe(7);
      await host.create(task, M1, { adapters: [5, 6], domains: [4, 0xab] });
      expect(await host.show(task, M1, 'guest_matrix')).toBe(lines('05.0004', '05.00ab'));
      expect(await host.show(task, M1, 'matrix')).toBe(lines('05.0004', '05.00ab', '06.0004', '06.00ab'));
      expect(await host.bind(task, '06.00ab')).toBe(7);
      expect(await host.show(task, M1, 'guest_matrix')).toBe(lines('05.0004', '05.00ab', '06.0004', '06.00ab'));
    }));

  test.each([
    [0x06, false],
    [0x01, false],
    [0x03, true],
    [0x04, true],
  ])('vfio-FL3: after a reset that ended with rc %i the adapter is passable: %s', (rc, stays) =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      script(host.hardware, 'zapq', 0x0504, [rc]);
      await host.mdev(M1).device.reset(task);
      expect(host.queue(0x0504).resetStatus.inspect().rc).toBe(rc);
      await host.assign(task, M1, { domains: [0x47] });
      expect(host.masks('guest1').apm).toEqual(stays ? [5, 6] : [6]);
    }),
  );

  test.each([
    ['FL3: rc 06, after an event that is not about it', 0x06, [6]],
    ['FL3: rc 03, which stays', 0x03, [5, 6]],
  ])('vfio-%s: a probe of another queue filters by it', (_what, rc, left) =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      script(host.hardware, 'zapq', 0x0504, [rc]);
      await host.mdev(M1).device.reset(task);
      expect(host.masks('guest1').apm).toEqual([5, 6]);
      await host.unbind(task, '06.0004');
      expect(host.masks('guest1').apm).toEqual([5]);
      await host.bind(task, '06.0004');
      expect(host.masks('guest1').apm).toEqual(left);
      // A queue that is bound anew has not been reset yet, and counts as reset.
      await host.unbind(task, '05.0004');
      await host.bind(task, '05.0004');
      expect(host.masks('guest1').apm).toEqual([5, 6]);
    }),
  );

  test('one missing queue for each adapter hides them all, and domains stay', () =>
    onHost(kind, {}, async (host, task) => {
      for (const queue of ['05.0004', '06.00ab']) await host.unbind(task, queue);
      await host.create(task, M1, { adapters: [5, 6], domains: [4, 0xab] });
      expect(await host.show(task, M1, 'guest_matrix')).toBe(lines('.0004', '.00ab'));
      await host.attach(task, 'guest1', M1);
      expect(host.masks('guest1')).toEqual({ apm: [], aqm: [4, 0xab], adm: [] });
      await host.bind(task, '06.00ab');
      expect(host.masks('guest1').apm).toEqual([6]);
    }));

  test('what the host has not is assigned and not given: adapters, domains, control domains', () =>
    onHost(kind, { spec: { apmask: '-5,-6,-0x20' } }, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 0x20], domains: [4, 0x30], control: [4, 0x30] });
      await host.attach(task, 'guest1', M1);
      expect(await host.show(task, M1, 'matrix')).toBe(lines('05.0004', '05.0030', '20.0004', '20.0030'));
      expect(host.masks('guest1')).toEqual({ apm: [5], aqm: [4], adm: [4] });
    }));

  test('domains without adapters are shown with a dot in front', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { domains: [0x47, 4] });
      expect(await host.show(task, M1, 'guest_matrix')).toBe(lines('.0004', '.0047'));
    }));

  test('vfio-FL5, vfio-FL7: adapters without domains stay, nothing assigned shows nothing', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1);
      for (const attribute of ['matrix', 'guest_matrix', 'control_domains']) expect(await host.show(task, M1, attribute)).toBe('');
      await host.assign(task, M1, { adapters: [5, 6] });
      expect(await host.show(task, M1, 'guest_matrix')).toBe(lines('05.', '06.'));
      expect(host.mdev(M1).qtable.inspect().size).toBe(0);
    }));

  test('vfio-FL9: an adapter that the guest never had is not reset', () =>
    onHost(kind, {}, async (host, task) => {
      await host.unbind(task, '06.0004');
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      host.happened();
      await host.assign(task, M1, { adapters: [6] });
      expect(host.masks('guest1').apm).toEqual([5]);
      expect(host.happened()).toEqual([]);
    }));

  test('vfio-FL11: a domain can hide an adapter, whose queue is reset', () =>
    onHost(kind, { spec: { domains: [4, 0x10] } }, async (host, task) => {
      await host.unbind(task, '06.0010');
      await host.create(task, M1, { adapters: [5, 6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      expect(host.masks('guest1').apm).toEqual([5, 6]);
      host.happened();
      await host.assign(task, M1, { domains: [0x10] });
      expect(host.masks('guest1')).toMatchObject({ apm: [5], aqm: [4, 0x10] });
      expect(host.happened()).toEqual(['masks guest1', 'reset 06.0004']);
    }));

  test('an adapter that a domain has hidden stays out when the domain is unassigned, until the next event that filters', () =>
    onHost(kind, { spec: { domains: [4, 0x10, 0x11] } }, async (host, task) => {
      await host.unbind(task, '06.0010');
      await host.create(task, M1, { adapters: [5, 6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      await host.assign(task, M1, { domains: [0x10] });
      await host.store(task, M1, 'unassign_domain', '0x10');
      expect(host.masks('guest1')).toMatchObject({ apm: [5], aqm: [4] });
      await host.assign(task, M1, { domains: [0x11] });
      expect(host.masks('guest1')).toMatchObject({ apm: [5, 6], aqm: [4, 0x11] });
    }));

  test('an adapter that loses several queues at once is reset in the domains that the guest has left', () =>
    onHost(kind, { spec: { domains: [4, 5, 0x10] } }, async (host, task) => {
      await host.unbind(task, '06.0010');
      await host.create(task, M1, { adapters: [5, 6], domains: [4, 5] });
      await host.attach(task, 'guest1', M1);
      host.happened();
      await host.assign(task, M1, { domains: [0x10] });
      // 06.0010 has no queue to reset; the guest has lost access before the first reset.
      expect(host.happened()).toEqual(['masks guest1', 'reset 06.0004', 'reset 06.0005']);
      expect(host.queue(0x0604).mdev.inspect()).toBe(host.mdev(M1));
    }));

  test('vfio-FL13: a guest gets the control domains that the host has', () =>
    onHost(kind, { spec: { controlDomains: [4] } }, async (host, task) => {
      await host.create(task, M1, { control: [4, 0x99] });
      await host.attach(task, 'guest1', M1);
      expect(await host.show(task, M1, 'control_domains')).toBe(lines('0004', '0099'));
      expect(host.masks('guest1').adm).toEqual([4]);
      await host.store(task, M1, 'unassign_control_domain', '4');
      expect(host.masks('guest1').adm).toEqual([]);
    }));

  test('vfio-E1: a hot-plugged adapter is signalled once and found', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const { configFd } = host.vm('guest1').qemu;
      const cpu = host.cpu('guest1');
      configFd.read();
      expect((await cpu.tapq(task, 0x0604)).status.rc).toBe(1);
      await host.assign(task, M1, { adapters: [6] });
      expect(host.masks('guest1').apm).toEqual([5, 6]);
      expect(configFd.read()).toBe(1);
      expect((await cpu.tapq(task, 0x0604)).status.rc).toBe(0);
    }));

  test("vfio-E1: the guest's next scan finds the queue", () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const vm = host.vm('guest1');
      const { guest } = vm;
      if (!(guest instanceof Guest)) throw new Error('guest1 runs no kernel');
      const vcpus = vm.run();
      const found = (): string[] => [...guest.queues.values()].map(({ queue }) => queue.name).toSorted();
      while (guest.scans === 0) await host.rt.sleep(task, 1);
      expect(found()).toEqual(['05.0004']);
      await host.assign(task, M1, { adapters: [6] });
      while (guest.interrupts.reports.changes === 0 || guest.queues.size === 1) await host.rt.sleep(task, 1);
      expect([found(), guest.interrupts.reports]).toMatchObject([['05.0004', '06.0004'], { words: 1, changes: 1 }]);
      guest.stop();
      for (const vcpu of vcpus) await host.rt.join(task, vcpu);
    }));

  test('vfio-E3: a hot-unplugged domain is withdrawn first, then both queues are reset', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4, 0xab] });
      await host.attach(task, 'guest1', M1);
      host.happened();
      await host.store(task, M1, 'unassign_domain', '0xab');
      expect(host.happened()).toEqual(['masks guest1', 'reset 05.00ab', 'reset 06.00ab']);
      expect(host.queue(0x05ab).mdev.inspect()).toBe(null);
      expect(await host.show(task, M1, 'guest_matrix')).toBe(lines('05.0004', '06.0004'));
    }));

  test('a hot-unplugged adapter is withdrawn first, then its queues are reset, then they lose their mdev', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4, 0xab] });
      await host.attach(task, 'guest1', M1);
      host.happened();
      const linked: (string | null)[] = [];
      const real = host.hardware.zapq.bind(host.hardware);
      host.hardware.zapq = (by, apqn) => {
        linked.push(host.queue(apqn).mdev.inspect()?.name ?? null);
        return real(by, apqn);
      };
      await host.store(task, M1, 'unassign_adapter', '6');
      expect(host.happened()).toEqual(['masks guest1', 'reset 06.0004', 'reset 06.00ab']);
      expect(linked).toEqual([M1, M1]);
      expect(host.queue(0x0604).mdev.inspect()).toBe(null);
      expect((await host.cpu('guest1').tapq(task, 0x0604)).status.rc).toBe(1);
    }));

  test('vfio-E5: without a guest only the shadow changes', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4] });
      await host.store(task, M1, 'unassign_adapter', '6');
      expect(await host.show(task, M1, 'guest_matrix')).toBe('05.0004\n');
      expect(host.happened().filter((what) => what.startsWith('masks'))).toEqual([]);
    }));

  test('vfio-E7: a queue taken from a guest takes its adapter along', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4, 0xab] });
      await host.attach(task, 'guest1', M1);
      host.happened();
      await host.unbind(task, '05.0004');
      expect(host.happened()).toEqual(['masks guest1', 'reset 05.0004', 'reset 05.00ab']);
      expect(host.masks('guest1')).toMatchObject({ apm: [6], aqm: [4, 0xab] });
      expect(await host.show(task, M1, 'matrix')).toBe(lines('05.0004', '05.00ab', '06.0004', '06.00ab'));
      expect(await host.status(task, '05.00ab')).toBe('assigned\n');
      expect(await host.status(task, '06.0004')).toBe('in use\n');
      expect(await host.status(task, '06.00ab')).toBe('in use\n');
      await host.bind(task, '05.0004');
      expect(host.masks('guest1').apm).toEqual([5, 6]);
    }));

  test('an unbound queue gives back the interrupt that its guest had on it', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      expect((await host.cpu('guest1').aqic(task, 0x0504, IRQ)).rc).toBe(0);
      const { kvm, qemu } = host.vm('guest1');
      expect([kvm.gisa.referenceCount(3), qemu.container.pins]).toEqual([1, 1]);
      await host.unbind(task, '05.0004');
      expect([kvm.gisa.referenceCount(3), qemu.container.pins]).toEqual([0, 0]);
    }));

  test('a queue of an adapter that the guest does not see is unbound with a reset of itself and without a push', () =>
    onHost(kind, {}, async (host, task) => {
      await host.unbind(task, '05.0047');
      await host.create(task, M1, { adapters: [5], domains: [4, 0x47, 0xab] });
      await host.attach(task, 'guest1', M1);
      host.happened();
      await host.unbind(task, '05.0004');
      expect(host.happened()).toEqual(['reset 05.0004']);
      expect(host.mdev(M1).qtable.inspect().has(0x05ab)).toBe(true);
      expect(host.mdev(M1).qtable.inspect().has(0x0504)).toBe(false);
    }));

  test('an adapter comes back with the last of its queues, and nothing is reset for that', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4, 0xab] });
      await host.attach(task, 'guest1', M1);
      for (const queue of ['05.0004', '05.00ab']) await host.unbind(task, queue);
      host.happened();
      await host.bind(task, '05.00ab');
      expect(host.happened()).toEqual([]);
      await host.bind(task, '05.0004');
      expect(host.happened()).toEqual(['masks guest1']);
      expect(host.masks('guest1')).toMatchObject({ apm: [5], aqm: [4, 0xab] });
    }));

  test('a queue that could not be reset gives its interrupt back when it is unassigned, and the card forgets the guest', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      expect((await host.cpu('guest1').aqic(task, 0x0504, IRQ)).rc).toBe(0);
      script(host.hardware, 'zapq', 0x0504, [6]);
      const aqic = script(host.hardware, 'aqic', 0x0504, []);
      await host.store(task, M1, 'unassign_adapter', '5');
      expect(aqic.calls).toBe(1);
      const { kvm, qemu } = host.vm('guest1');
      expect([kvm.gisa.referenceCount(3), qemu.container.pins]).toEqual([0, 0]);
      expect((await host.hardware.tapq(task, 0x0504)).status.irqEnabled).toBe(false);
    }));

  test('a queue that was reset is not asked to switch its interrupt off', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      await host.cpu('guest1').aqic(task, 0x0504, IRQ);
      const aqic = script(host.hardware, 'aqic', 0x0504, []);
      await host.store(task, M1, 'unassign_adapter', '5');
      expect(aqic.calls).toBe(0);
      expect(host.vm('guest1').qemu.container.pins).toBe(0);
    }));

  test('vfio-E9: a queue that nobody has is reset, no guest is touched and the lock of none is taken', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      host.happened();
      let taken = 0;
      for (const { kvm } of host.machine.vms) kvm.lock.onExclusiveRelease(() => taken++);
      await host.unbind(task, '05.00ff');
      expect([host.happened(), taken]).toEqual([['reset 05.00ff'], 0]);
      expect(host.driverOf('05.00ff')).toBe(null);
      // One of a guest, for comparison.
      await host.unbind(task, '05.0004');
      expect(taken).toBe(1);
    }));

  test('a status is read as unassigned, assigned and in use', () =>
    onHost(kind, {}, async (host, task) => {
      expect(await host.status(task, '05.0004')).toBe('unassigned\n');
      await host.create(task, M1, { adapters: [5], domains: [4] });
      expect(await host.status(task, '05.0004')).toBe('assigned\n');
      await host.attach(task, 'guest1', M1);
      expect(await host.status(task, '05.0004')).toBe('in use\n');
      expect(await host.status(task, '05.0047')).toBe('unassigned\n');
      expect(host.queue(0x0504).resetStatus.inspect()).toEqual(bareStatus(0));
    }));
});
