/**
 * Cases FL and E of vfio_ap: what of the assigned matrix reaches a guest, and what happens when that changes while it runs.
 */
import { describe, expect, test } from 'vitest';
import { bareStatus } from '../../src/crypto-adapters/ap-status.ts';
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

  test('vfio-E9: a queue that nobody has is reset, no guest is touched', () =>
    onHost(kind, {}, async (host, task) => {
      await host.unbind(task, '05.00ff');
      expect(host.happened()).toEqual(['reset 05.00ff']);
      expect(host.driverOf('05.00ff')).toBe(null);
    }));

  test('a status is read as unassigned, assigned and in use', () =>
    onHost(kind, {}, async (host, task) => {
      expect(await host.status(task, '05.0004')).toBe('unassigned\n');
      await host.create(task, M1, { adapters: [5], domains: [4] });
      expect(await host.status(task, '05.0004')).toBe('assigned\n');
      await host.attach(task, 'guest1', M1);
      expect(await host.status(task, '05.0004')).toBe('in use\n');
      expect(host.queue(0x0504).resetStatus.inspect()).toEqual(bareStatus(0));
    }));
});
