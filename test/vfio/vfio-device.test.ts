/**
 * A vfio device: references while it is open, and a removal that waits for whoever uses it or is about to.
 */
import { describe, expect, test } from 'vitest';
import { EINVAL, ENODEV, OK, type Errno } from '../../src/base/errno.ts';
import { createLogger } from '../../src/base/logger.ts';
import type { LockLayer } from '../../src/locks/lock-layer.ts';
import type { Kvm } from '../../src/kvm/kvm.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Task } from '../../src/runtime/task.ts';
import { Eventfd } from '../../src/vfio/eventfd.ts';
import { ModuleReference } from '../../src/vfio/module-reference.ts';
import { IommuContainer } from '../../src/vfio/iommu-container.ts';
import { VfioDevice, type VfioUser } from '../../src/vfio/vfio-device.ts';
import { parseMdevUuid } from '../../src/vfio/mdev-uuid.ts';
import { RUNTIMES, inTask } from '../helpers/in-task.ts';
import { makeVm } from '../kvm/vm.ts';

interface World {
  readonly layer: LockLayer;
  readonly device: VfioDevice;
  readonly kvm: Kvm;
  readonly user: VfioUser;
  readonly calls: string[];
  /** What the driver's open does and answers. */
  opening: (task: Task) => Promise<Errno>;
  /** The same of its only ioctl. */
  resetting: (task: Task) => Promise<Errno>;
}

function world(rt: Runtime): World {
  const { layer, kvm } = makeVm(rt);
  const calls: string[] = [];
  const note = (what: string): Promise<Errno> => Promise.resolve((calls.push(what), OK));
  const w: Pick<World, 'opening' | 'resetting'> = { opening: () => note('open'), resetting: () => note('reset') };
  const device = new VfioDevice(layer, 'device', {
    log: createLogger({ level: 'silent', now: () => rt.now() }),
    ops: {
      openDevice: (task) => w.opening(task),
      closeDevice: async () => void (await note('close')),
      request: async (_task, count) => void (await note(`request ${count}`)),
      ioctl: (task) => w.resetting(task),
    },
  });
  const user = { name: 'vm', kvm, container: new IommuContainer(layer, 'vm', kvm.memory) };
  return Object.assign(w, { layer, device, kvm, user, calls });
}

describe.each(RUNTIMES)('on the %s runtime', (_name, make) => {
  test('only the first open and the last close reach the driver; a VM reference is held in between', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { device, user, kvm, calls } = world(rt);
      expect([await device.open(task, user), await device.open(task, user)]).toEqual([OK, OK]);
      expect([kvm.referenceCount, device.kvm, device.container]).toEqual([2, kvm, user.container]);
      await device.close(task);
      expect([calls, kvm.referenceCount]).toEqual([['open'], 2]);
      await device.close(task);
      expect([calls, kvm.referenceCount, device.kvm, device.container]).toEqual([['open', 'close'], 1, null, null]);
      await expect(device.close(task)).rejects.toThrow('more often than it was opened');
    });
  });

  test('an open that the driver refuses leaves nothing behind', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const w = world(rt);
      w.opening = () => Promise.resolve(EINVAL);
      expect(await w.device.open(task, w.user)).toBe(EINVAL);
      expect([w.kvm.referenceCount, w.device.kvm]).toEqual([1, null]);
      await w.device.unregister(task);
      expect(w.calls).toEqual([]);
      expect(await w.device.open(task, w.user)).toBe(ENODEV);
    });
  });

  test('a module with an open device stays, and one that goes lets nobody open a device', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { layer, kvm, user } = world(rt);
      const module = new ModuleReference(rt);
      const answers = [EINVAL, OK];
      const device = new VfioDevice(layer, 'device', {
        log: createLogger({ level: 'silent', now: () => rt.now() }),
        module,
        ops: { openDevice: () => Promise.resolve(answers.shift()!), closeDevice: () => Promise.resolve() },
      });
      expect([await device.open(task, user), await device.open(task, user), await device.open(task, user)]).toEqual([EINVAL, OK, OK]);
      expect(module.tryStop()).toBe(false);
      await device.close(task);
      expect(module.tryStop()).toBe(false);
      await device.close(task);
      expect([module.tryStop(), module.tryStop()]).toEqual([true, false]);
      expect([await device.open(task, user), kvm.referenceCount, device.kvm]).toEqual([ENODEV, 1, null]);
      expect(await device.reset(task)).toBe(EINVAL);
      await device.unregister(task);
    });
  });

  test.each([1, 2, 3, 4, 5, 6])('a removal waits for an open that is still on its way (%i)', async (seed) => {
    const rt = make(seed);
    await inTask(rt, async (task) => {
      const w = world(rt);
      let arrived: Task | null = null;
      w.opening = async (opener) => {
        arrived = opener;
        await rt.park(opener);
        return OK;
      };
      const steps: string[] = [];
      const opener = rt.spawn('opener', async (t) => {
        expect(await w.device.open(t, w.user)).toBe(OK);
        steps.push('opened');
        await w.device.close(t);
        steps.push('closed');
      });
      while (arrived === null) await rt.sleep(task, 1);
      const remover = rt.spawn('remover', async (t) => {
        await w.device.unregister(t);
        steps.push('removed');
      });
      while (!w.calls.includes('request 0')) await rt.sleep(task, 1);
      expect([steps, w.device.removing]).toEqual([[], true]);
      rt.wake(arrived);
      for (const other of [opener, remover]) await rt.join(task, other);
      expect(steps.toSorted()).toEqual(['closed', 'opened', 'removed']);
      expect(steps.indexOf('removed')).toBeGreaterThan(steps.indexOf('opened'));
      expect(w.layer.findings.list).toEqual([]);
    });
  });

  test('a removal waits for a reset that somebody is inside of, although the device has been closed', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const w = world(rt);
      let arrived: Task | null = null;
      w.resetting = async (caller) => {
        arrived = caller;
        await rt.park(caller);
        w.calls.push('reset ends');
        return OK;
      };
      expect(await w.device.open(task, w.user)).toBe(OK);
      const caller = rt.spawn('caller', async (t) => void (await w.device.reset(t)));
      while (arrived === null) await rt.sleep(task, 1);
      expect(w.device.resetting).toBe(true);
      await w.device.close(task);
      const remover = rt.spawn('remover', async (t) => {
        await w.device.unregister(t);
        w.calls.push('removed');
      });
      while (!w.calls.includes('request 0')) await rt.sleep(task, 1);
      rt.wake(arrived);
      for (const other of [caller, remover]) await rt.join(task, other);
      expect(w.calls).toEqual(['open', 'close', 'request 0', 'reset ends', 'removed']);
      expect(w.device.resetting).toBe(false);
    });
  });

  test('pages are pinned as often as they are unpinned', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { user } = world(rt);
      const { container } = user;
      expect([await container.pin(task, 0x5008), await container.pin(task, 0x5ff0), await container.pin(task, 0x6000)]).toEqual([1, 1, 1]);
      expect(container.pins).toBe(3);
      expect(await container.pin(task, user.kvm.memory.size)).toBe(EINVAL);
      await container.unpin(task, 0x5000);
      await container.unpin(task, 0x5000);
      expect(container.pins).toBe(1);
      await expect(container.unpin(task, 0x5000)).rejects.toThrow('double unpin');
    });
  });
});

test('an eventfd counts signals and references', () => {
  let woken = 0;
  const fd = new Eventfd('fd', () => woken++);
  fd.signal();
  fd.signal();
  expect([fd.pending, fd.read(), fd.read(), woken]).toEqual([2, 2, 0, 2]);
  fd.get();
  expect(fd.referenceCount).toBe(1);
  fd.put();
  expect(() => fd.put()).toThrow('more often');
});

test('the UUID of a device is read as the mdev core reads it', () => {
  const upper = 'ABCDEF01-2345-4678-89AB-CDEF01234567';
  expect(parseMdevUuid(upper)).toBe(upper.toLowerCase());
  expect(parseMdevUuid(`${upper}\n`)).toBe(upper.toLowerCase());
  // Of 37 characters the last one is not looked at.
  expect(parseMdevUuid(`${upper}0`)).toBe(upper.toLowerCase());
  for (const text of ['', upper.slice(1), `${upper}\n\n`, ` ${upper.slice(1)}`, upper.replace('-', '0'), upper.replace('A', 'G')]) {
    expect([text, parseMdevUuid(text)]).toEqual([text, EINVAL]);
  }
});
