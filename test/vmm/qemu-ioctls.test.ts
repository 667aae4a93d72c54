/**
 * QEMU and the interrupts of its vfio-ap device: an eventfd for each that the device has, and none where the kernel knows none.
 */
import { describe, expect, test } from 'vitest';
import { EINVAL, OK } from '../../src/base/errno.ts';
import { DeviceRequest, VfioApIrq } from '../../src/vfio/ioctl.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';
import { M1, RUNTIMES, onHost } from '../helpers/host.ts';

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('each interrupt has a descriptor of its own, from the open of the device to its close', () =>
    onHost(kind, {}, async (host, task) => {
      const mdev = await host.create(task, M1, { adapters: [5], domains: [4] });
      const { qemu } = host.vm('guest1');
      const descriptors = (): (number | null)[] => [qemu.descriptorOf(VfioApIrq.REQUEST), qemu.descriptorOf(VfioApIrq.CONFIG_CHANGE)];
      for (let turn = 0; turn < 2; turn++) {
        expect(descriptors()).toEqual([null, null]);
        await host.attach(task, 'guest1', M1);
        expect([descriptors(), mdev.reqTrigger.inspect(), mdev.cfgChgTrigger.inspect()]).toEqual([[3, 4], qemu.requestFd, qemu.configFd]);
        await host.detach(task, 'guest1');
      }
      expect([mdev.reqTrigger.inspect(), mdev.cfgChgTrigger.inspect()]).toEqual([null, null]);
    }));

  test.each(['6.0', '5.15'] as const)('a kernel %s gives the device all the same, and nobody is told of anything', (kernel) =>
    onHost(kind, { spec: { kernel }, design: designByName('kvm-lock-outside')! }, async (host, task) => {
      const mdev = await host.create(task, M1, { adapters: [5], domains: [4] });
      const { qemu } = host.vm('guest1');
      const missing: unknown[] = [];
      host.machine.events.onEvent(({ kind: what, data }) => {
        if (what === 'qemu.no-irq') missing.push(data['irq']);
      });
      expect(await host.attach(task, 'guest1', M1)).toBe(OK);
      expect([missing, host.masks('guest1').apm, qemu.requestFd.referenceCount]).toEqual([[0, 1], [5], 0]);
      expect([mdev.reqTrigger.inspect(), mdev.cfgChgTrigger.inspect()]).toEqual([null, null]);
      expect(await qemu.detach(task)).toBe(true);
    }),
  );

  test('a driver that refuses the eventfd costs no descriptor', () =>
    onHost(kind, {}, async (host, task) => {
      const { device } = await host.create(task, M1, { adapters: [5], domains: [4] });
      const { qemu } = host.vm('guest1');
      const real = device.ioctl.bind(device);
      device.ioctl = (t, request, argument) => (request === DeviceRequest.SET_IRQS ? Promise.resolve(EINVAL) : real(t, request, argument));
      expect(await host.attach(task, 'guest1', M1)).toBe(OK);
      expect([qemu.descriptorOf(VfioApIrq.REQUEST), qemu.requestFd.referenceCount, qemu.configFd.referenceCount]).toEqual([null, 0, 0]);
      expect(await qemu.detach(task)).toBe(true);
    }));

  test('only who has a device has an open file', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      const { qemu } = host.vm('guest1');
      const info = (): Promise<unknown> => qemu.call(task, async (file) => (file === null ? null : await file.info(task)));
      expect(await info()).toBe(null);
      await host.attach(task, 'guest1', M1);
      expect(await info()).toEqual({ flags: 0x21, regions: 0, irqs: 2 });
      await host.detach(task, 'guest1');
      expect(await info()).toBe(null);
    }));
});
