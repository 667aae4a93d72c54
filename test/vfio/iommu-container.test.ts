/**
 * The unmap of guest storage: devices are asked for their pins until none is left, nobody pins what is leaving, and the order of the two
 * locks of a container is free of circles unless it is the kernel's.
 */
import { describe, expect, test } from 'vitest';
import { EEXIST, EINVAL, OK } from '../../src/base/errno.ts';
import { createLogger } from '../../src/base/logger.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Task } from '../../src/runtime/task.ts';
import { IommuContainer, type DeviceListOrder } from '../../src/vfio/iommu-container.ts';
import { VfioDevice } from '../../src/vfio/vfio-device.ts';
import { RUNTIMES, inTask, settle } from '../helpers/in-task.ts';
import { makeVm } from '../kvm/vm.ts';

const PAGE = 0x20000;
const DRIVER_LOCK = new LockClass('driver lock');

/** A container and a device that has pinned one page, and gives it back under the lock of its driver. */
function world(rt: Runtime, order?: DeviceListOrder) {
  const { layer, kvm } = makeVm(rt);
  const container = new IommuContainer(layer, 'vm', kvm.memory, order);
  const driverLock = layer.mutex(DRIVER_LOCK, 'driver lock');
  const asked: [iova: number, length: number][] = [];
  const device = {
    pinned: [] as number[],
    pin: async (task: Task, iova: number): Promise<void> => {
      using _lock = await driverLock.acquire(task);
      if ((await container.pin(task, iova)) === 1) device.pinned.push(iova);
    },
    dmaUnmap: async (task: Task, iova: number, length: number): Promise<void> => {
      asked.push([iova, length]);
      using _lock = await driverLock.acquire(task);
      for (const page of device.pinned.splice(0)) await container.unpin(task, page);
    },
  };
  const findings = (): string[] => layer.findings.list.map(({ kind }) => kind);
  return { layer, kvm, container, driverLock, device, asked, findings };
}

describe.each(RUNTIMES)('on the %s runtime', (_name, make) => {
  test('storage without a pin goes at once, nobody can pin it then, and mapping brings it back', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { container, device, asked, kvm } = world(rt);
      await container.addDevice(task, device);
      expect(await container.map(task)).toBe(EEXIST);
      expect([await container.unmap(task), await container.unmap(task)]).toEqual([kvm.memory.size, 0]);
      expect([await container.pin(task, PAGE), asked]).toEqual([EINVAL, []]);
      expect(await container.map(task)).toBe(OK);
      expect([await container.pin(task, PAGE), container.pins]).toEqual([1, 1]);
    });
  });

  test.each(['outside', 'inside'] as const)('a device is asked for its pins, with device_list_lock %s', async (order) => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { container, device, asked, kvm } = world(rt, order);
      await container.addDevice(task, device);
      await device.pin(task, PAGE);
      expect(await container.unmap(task)).toBe(kvm.memory.size);
      expect([asked, container.pins]).toEqual([[[0, kvm.memory.size]], 0]);
    });
  });

  test('a page of storage that is leaving is not pinned; in the order of the kernel it is, and the device is asked again', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const outcome = async (order: DeviceListOrder): Promise<unknown[]> => {
        const { container, device, asked } = world(rt, order);
        const { dmaUnmap } = device;
        const pins: number[] = [];
        device.dmaUnmap = async (t, iova, length) => {
          await dmaUnmap(t, iova, length);
          if (pins.length > 0) return;
          pins.push(await container.pin(t, PAGE));
          if (pins[0] === 1) device.pinned.push(PAGE);
        };
        await container.addDevice(task, device);
        await device.pin(task, PAGE);
        await container.unmap(task);
        return [pins, asked.length, container.pins];
      };
      expect(await outcome('outside')).toEqual([[EINVAL], 1, 0]);
      expect(await outcome('inside')).toEqual([[1], 2, 0]);
    });
  });

  test('a device that keeps its pins is a bug of its driver, and so is a pin without a device', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { container, device, asked } = world(rt);
      await container.addDevice(task, { dmaUnmap: (_task, iova, length) => Promise.resolve(void asked.push([iova, length])) });
      await device.pin(task, PAGE);
      await expect(container.unmap(task)).rejects.toThrow('kernel BUG: pages of vm are still pinned after the devices were asked 11 times');
      expect([asked.length, container.pins]).toEqual([11, 1]);
    });
  });

  test('a device leaves the list only behind an unmap that asks it', async () => {
    const rt = make(1);
    const order: string[] = [];
    const { container, device, driverLock } = world(rt);
    const { dmaUnmap } = device;
    device.dmaUnmap = async (task, iova, length) => {
      order.push('asked');
      await dmaUnmap(task, iova, length);
      order.push('answered');
    };
    rt.spawn('driver', async (task) => {
      await container.addDevice(task, device);
      await device.pin(task, PAGE);
      const busy = await driverLock.acquire(task);
      const unmapper = rt.spawn('unmapper', async (t) => void (await container.unmap(t)));
      while (order.length === 0) await rt.sleep(task, 1);
      const leaver = rt.spawn('leaver', async (t) => {
        await container.removeDevice(t, device);
        order.push('left');
      });
      await rt.sleep(task, 1);
      busy.release();
      for (const other of [unmapper, leaver]) await rt.join(task, other);
    });
    await settle(rt);
    expect(order).toEqual(['asked', 'answered', 'left']);
  });

  test('the order of the locks has no circle; with device_list_lock under iommu->lock one unmap is enough to see it', async () => {
    for (const [order, kinds] of [
      ['outside', []],
      ['inside', ['lock-order']],
    ] as const) {
      const rt = make(1);
      const { container, device, findings } = world(rt, order);
      await inTask(rt, async (task) => {
        await container.addDevice(task, device);
        await device.pin(task, PAGE);
        await container.unmap(task);
      });
      expect([...new Set(findings())]).toEqual(kinds);
    }
  });

  test('a vfio device is asked from its first open until its last close, and one that pins nothing is not', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { layer, kvm, container } = world(rt);
      const user = { name: 'vm', kvm, container };
      const asked: string[] = [];
      const deviceOf = (name: string, opens: number, pins: boolean): VfioDevice =>
        new VfioDevice(layer, name, {
          log: createLogger({ level: 'silent', now: () => rt.now() }),
          ops: {
            openDevice: () => Promise.resolve(opens),
            closeDevice: () => Promise.resolve(),
            request: () => Promise.resolve(),
            ...(pins ? { dmaUnmap: (t: Task) => (asked.push(name), container.unpin(t, PAGE)) } : {}),
          },
        });
      const [device, plain, refused] = [deviceOf('device', OK, true), deviceOf('plain', OK, false), deviceOf('refused', EINVAL, true)];
      const unmapped = async (): Promise<string[]> => {
        await container.pin(task, PAGE);
        await container.unmap(task).catch(() => container.unpin(task, PAGE));
        await container.unmap(task);
        await container.map(task);
        return asked.splice(0);
      };
      for (const each of [device, device, plain, refused]) await each.open(task, user);
      expect(await unmapped()).toEqual(['device']);
      await device.close(task);
      expect(await unmapped()).toEqual(['device']);
      await device.close(task);
      expect(await unmapped()).toEqual([]);
      await plain.close(task);
    });
  });
});
