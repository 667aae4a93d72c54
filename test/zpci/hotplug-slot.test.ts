/**
 * Goal: the parts of a passed-through function behave as the kernel's: the slot's attribute, the I/O region, the eventfd, the driver.
 */
import { describe, expect, test } from 'vitest';
import { EINVAL, EIO, ENODEV, OK } from '../../src/base/errno.ts';
import { VfioApIrq } from '../../src/vfio/ioctl.ts';
import { zpciDesignNames } from '../../src/zpci/locking/designs.ts';
import { REQUEST_IRQ_INDEX, VfioPciDevice } from '../../src/zpci/vfio-pci.ts';
import { BAR_SIZE } from '../../src/zpci/zpci-dev.ts';
import { inHost, RUNTIMES, zpciWorld, type ZpciWorld } from './world.ts';

const block = (gaddr: number, length: number, offset = 0) => ({ gaddr, data: new Uint8Array(length).fill(7), offset });

function deviceOf({ host }: ZpciWorld): VfioPciDevice {
  const data = host.zdev.device?.driverData;
  if (!(data instanceof VfioPciDevice)) throw new Error('expected a device in the hands of vfio-pci');
  return data;
}

describe.each(RUNTIMES)('on the %s runtime', (_name, make) => {
  test('power shows and takes what a slot knows, named after the function', async () => {
    const world = zpciWorld(make(), 'zdev-trylock', { spec: { shutdownStores: 0 } });
    await inHost(world, async (task) => {
      const { host } = world;
      const { sysfs, powerPath } = host;
      expect(powerPath).toBe('/sys/bus/pci/slots/0000001a/power');
      expect(await sysfs.read(task, powerPath)).toBe('1\n');
      for (const text of ['2', 'off', '-1']) expect(await sysfs.write(task, powerPath, text)).toBe(EINVAL);
      expect(await sysfs.write(task, powerPath, '1')).toBe(EIO);
      host.guest.run();
      expect(sysfs.readlink('/sys/bus/pci/devices/0000:00:00.0/driver')).toMatch(/vfio-pci$/);
      expect(await sysfs.write(task, powerPath, '0\n')).toBe(2);
      expect([await sysfs.read(task, powerPath), sysfs.exists('/sys/bus/pci/devices/0000:00:00.0')]).toEqual(['0\n', false]);
      expect(await host.qemu.store(task, block(0, 8))).toBe(ENODEV);
    });
    expect(world.findings).toEqual([]);
  });

  test.each(zpciDesignNames())('%s: a block goes to the function unless it spans pages or there is nothing', async (design) => {
    const world = zpciWorld(make(), design);
    await inHost(world, async (task) => {
      const { qemu, zdev } = world.host;
      expect(await qemu.store(task, block(0x10ff8, 8, 16))).toBe(OK);
      expect([...zdev.bar.subarray(15, 25)]).toEqual([0, 7, 7, 7, 7, 7, 7, 7, 7, 0]);
      expect(await qemu.store(task, block(0x10ff9, 8))).toBe(EIO);
      expect(await qemu.store(task, block(0, 8, BAR_SIZE - 7))).toBe(EIO);
      expect(await qemu.store(task, block(0, 8, -1))).toBe(EIO);
      expect(zdev.stores).toBe(1);
    });
    expect(world.findings.filter(({ kind }) => kind !== 'lock-order')).toEqual([]);
  });

  test('only the request has an eventfd, and a close gives back what was registered', async () => {
    const world = zpciWorld(make(), 'zdev-trylock');
    await inHost(world, async (task) => {
      const device = deviceOf(world);
      const { requestFd } = world.host.qemu;
      expect(requestFd.referenceCount).toBe(1);
      expect(await device.setIrqs(task, VfioApIrq.CONFIG_CHANGE, requestFd)).toBe(EINVAL);
      expect(await device.setIrqs(task, REQUEST_IRQ_INDEX, requestFd)).toBe(OK);
      expect(requestFd.referenceCount).toBe(1);
      expect(await device.vfio.reset(task)).toBe(EINVAL);
      await device.vfio.close(task);
      expect([requestFd.referenceCount, world.host.qemu.user.kvm.referenceCount]).toEqual([0, 1]);
    });
    expect(world.findings).toEqual([]);
  });

  test('a request that nobody could hear is repeated until the device is given back', async () => {
    const world = zpciWorld(make(), 'zdev-trylock', { spec: { shutdownStores: 0 }, requestIntervalMs: 5 });
    await inHost(world, async (task, rt) => {
      const { host } = world;
      const device = deviceOf(world);
      await device.setIrqs(task, REQUEST_IRQ_INDEX, null);
      const admin = rt.spawn('admin', async (other) => expect(await host.switchSlot(other, false)).toBe(OK));
      while (!device.vfio.removing) await rt.sleep(task, 1);
      host.guest.run();
      await rt.sleep(task, 1);
      expect(await device.setIrqs(task, REQUEST_IRQ_INDEX, host.qemu.requestFd)).toBe(OK);
      await rt.join(task, admin);
      expect(host.zdev.state.inspect()).toBe('standby');
    });
    expect(world.findings).toEqual([]);
  });
});
