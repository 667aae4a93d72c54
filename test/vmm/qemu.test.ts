/**
 * QEMU: takes a device, tells its guest of changes, and gives the device back when the host asks for it.
 */
import { describe, expect, test } from 'vitest';
import { EBUSY, ENODEV } from '../../src/base/errno.ts';
import { M1, M2, RUNTIMES, onHost } from '../helpers/host.ts';

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('the device is given back on request, so that a removal comes to its end', () =>
    onHost(kind, {}, async (host, task) => {
      const mdev = await host.create(task, M1, { adapters: [5], domains: [4] });
      expect(await host.attach(task, 'guest1', M1)).toBe(0);
      const { qemu, kvm } = host.vm('guest1');
      expect(qemu.attached).toBe(mdev.device);
      expect([qemu.requestFd.referenceCount, qemu.configFd.referenceCount, kvm.referenceCount]).toEqual([1, 1, 3]);
      qemu.takeConfigurationChange();
      expect(await host.store(task, M1, 'remove', '1')).toBe(1);
      expect([qemu.attached, qemu.requestFd.pending]).toEqual([null, 1]);
      expect([qemu.requestFd.referenceCount, qemu.configFd.referenceCount, kvm.referenceCount]).toEqual([0, 0, 1]);
      expect(qemu.takeConfigurationChange()).toBe(true);
      expect(host.masks('guest1')).toEqual({ apm: [], aqm: [], adm: [] });
      expect(host.machine.vfioAp.findMdev(M1)).toBe(null);
      expect(await qemu.attach(task, mdev.device)).toBe(ENODEV);
    }));

  test('a guest is told once of each change, and takes one device at a time', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.create(task, M2, { adapters: [6], domains: [4] });
      const { qemu } = host.vm('guest1');
      expect(qemu.takeConfigurationChange()).toBe(false);
      await host.attach(task, 'guest1', M1);
      expect([qemu.takeConfigurationChange(), qemu.takeConfigurationChange()]).toEqual([true, false]);
      expect(await host.attach(task, 'guest1', M2)).toBe(EBUSY);
      await host.assign(task, M1, { domains: [0x47] });
      expect([qemu.takeConfigurationChange(), qemu.takeConfigurationChange()]).toEqual([true, false]);
      expect([await qemu.detach(task), await qemu.detach(task)]).toEqual([true, false]);
      expect(await host.attach(task, 'guest1', M2)).toBe(0);
    }));
});
