/**
 * The parent of mediated devices: instances, two removals at once, and a removal that meets an open.
 */
import { describe, expect, test } from 'vitest';
import { EACCES, EAGAIN, EEXIST, ENODEV, ENOENT, ENOMEM, EPERM, EUSERS, OK } from '../../src/base/errno.ts';
import { EventLog } from '../../src/base/event-log.ts';
import { KERNELS } from '../../src/base/kernel-profile.ts';
import { createLogger } from '../../src/base/logger.ts';
import { Bus } from '../../src/driver-core/bus.ts';
import { Device } from '../../src/driver-core/device.ts';
import { Sysfs } from '../../src/driver-core/sysfs.ts';
import { ueventRecorder } from '../../src/driver-core/uevent.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import type { Task } from '../../src/runtime/task.ts';
import { MdevParent, type MdevParentOptions } from '../../src/vfio/mdev-parent.ts';
import { CREATE, M1, M2, M3, onHost } from '../helpers/host.ts';
import { inTask } from '../helpers/in-task.ts';

const PARENT = '/sys/devices/parent';

/** A parent whose driver refuses a device with `refuse`, and stops in a removal while the gate is closed. */
async function parentOf(task: Task, rt: LiveRuntime, options: Pick<MdevParentOptions, 'maxInstances' | 'noInstance'>) {
  const layer = new LockLayer(rt);
  const sysfs = new Sysfs(layer);
  const log = createLogger({ level: 'silent', now: () => rt.now() });
  const uevent = ueventRecorder(new EventLog(() => rt.now()));
  const parents = new Bus(sysfs, { name: 'parents', log, uevent });
  const device = new Device(layer, { name: 'parent', parent: null, bus: parents, at: sysfs.mkdir('/sys/devices') });
  parents.addRootDevice(device);
  const bus = new Bus(sysfs, { name: 'mdev', log, uevent });
  const parent = new MdevParent(layer, { device, bus, sysfs, type: { id: 'type', name: 'Type', api: 'api' }, ...options });
  const gate: { closed: boolean; waiting: Task | null } = { closed: false, waiting: null };
  const refuse: { errno: number } = { errno: OK };
  await bus.registerDriver(task, {
    name: 'driver',
    matches: () => true,
    probe: () => Promise.resolve(refuse.errno),
    remove: async (remover) => {
      if (!gate.closed) return;
      gate.waiting = remover;
      await rt.park(remover);
    },
  });
  return { parent, sysfs, gate, refuse };
}

const AVAILABLE = CREATE.replace('create', 'available_instances');

test('the type tells its name and the interface of its devices', () =>
  onHost('controlled', {}, async (host, task) => {
    const shown = async (name: string): Promise<string | number> => await host.read(task, CREATE.replace('create', name));
    expect(await shown('name')).toBe('VFIO AP Passthrough Device\n');
    expect(await shown('device_api')).toBe('vfio-ap\n');
    expect(await host.write(task, CREATE.replace('create', 'device_api'), 'vfio-pci')).toBe(EACCES);
    expect(await shown('create')).toBe(EACCES);
  }));

test('the class of parents has a link to it, until it goes', () => {
  const rt = new LiveRuntime(1);
  return inTask(rt, async (task) => {
    const { parent, sysfs } = await parentOf(task, rt, { maxInstances: 1 });
    expect(sysfs.readlink('/sys/class/mdev_bus/parent')).toBe('../../devices/parent');
    await parent.unregister(task);
    expect(sysfs.list('/sys/class/mdev_bus')).toEqual([]);
  });
});

test('instances are counted and given back', () =>
  onHost('controlled', {}, async (host, task) => {
    expect(await host.read(task, AVAILABLE)).toBe('65536\n');
    await host.create(task, M1);
    await host.create(task, M2);
    expect(await host.read(task, AVAILABLE)).toBe('65534\n');
    await host.store(task, M1, 'remove', '1');
    expect(await host.read(task, AVAILABLE)).toBe('65535\n');
    expect(await host.store(task, M1, 'remove', '1')).toBe(ENOENT);
    expect(await host.machine.vfioAp.parent.remove(task, M1)).toBe(ENODEV);
  }));

test('a device that is being removed cannot be removed again', () =>
  onHost('controlled', {}, async (host, task) => {
    const mdev = await host.create(task, M1, { adapters: [5], domains: [4] });
    const { qemu } = host.vm('guest1');
    await mdev.device.open(task, qemu);
    const remover = host.rt.spawn('remover', async (t) => expect(await host.store(t, M1, 'remove', '1')).toBe(1));
    while (!mdev.device.removing) await host.rt.sleep(task, 1);
    expect(await host.machine.vfioAp.parent.remove(task, M1)).toBe(EAGAIN);
    await mdev.device.close(task);
    await host.rt.join(task, remover);
  }));

test.each([
  ['current', EUSERS],
  ['6.0', EPERM],
] as const)('kernel %s: the last instance is one too few for the next, and a UUID that is taken is told of first', (kernel, errno) => {
  const rt = new LiveRuntime(1);
  return inTask(rt, async (task) => {
    const { parent, sysfs } = await parentOf(task, rt, { maxInstances: 2, noInstance: KERNELS[kernel].noInstance });
    expect([await parent.create(task, M1), await parent.create(task, M2), await parent.create(task, M3)]).toEqual([OK, OK, errno]);
    expect(await parent.create(task, M1)).toBe(EEXIST);
    expect([parent.availableInstances, sysfs.exists(`${PARENT}/${M3}`)]).toEqual([0, false]);
    expect([await parent.remove(task, M1), await parent.create(task, M3), await parent.create(task, M1)]).toEqual([OK, OK, errno]);
  });
});

test('a device that no driver takes is not made, and costs no instance', () => {
  const rt = new LiveRuntime(1);
  return inTask(rt, async (task) => {
    const { parent, sysfs, refuse } = await parentOf(task, rt, { maxInstances: 1 });
    refuse.errno = ENOMEM;
    expect(await parent.create(task, M1)).toBe(ENODEV);
    expect([parent.availableInstances, sysfs.exists(`${PARENT}/${M1}`)]).toEqual([1, false]);
    refuse.errno = OK;
    expect(await parent.create(task, M1)).toBe(OK);
  });
});

describe('a parent that goes', () => {
  test('takes its devices and its type with it, and nobody makes or removes one meanwhile', () => {
    const rt = new LiveRuntime(1);
    return inTask(rt, async (task) => {
      const { parent, sysfs, gate } = await parentOf(task, rt, { maxInstances: 4 });
      await parent.create(task, M1);
      gate.closed = true;
      const leaver = rt.spawn('leaver', (t) => parent.unregister(t));
      while (gate.waiting === null) await rt.sleep(task, 1);
      expect([await parent.create(task, M2), await parent.remove(task, M1), await parent.remove(task, M1)]).toEqual([
        ENODEV,
        ENODEV,
        EAGAIN,
      ]);
      expect([parent.availableInstances, sysfs.exists(`${PARENT}/mdev_supported_types`)]).toEqual([3, true]);
      rt.wake(gate.waiting);
      await rt.join(task, leaver);
      const left = ['mdev_supported_types', M1].map((name) => sysfs.exists(`${PARENT}/${name}`));
      expect([parent.availableInstances, left]).toEqual([4, [false, false]]);
      expect([await parent.create(task, M1), await parent.remove(task, M1)]).toEqual([ENODEV, ENODEV]);
      await parent.unregister(task);
    });
  });

  test('waits for a removal that is on its way', () => {
    const rt = new LiveRuntime(1);
    return inTask(rt, async (task) => {
      const { parent, gate } = await parentOf(task, rt, { maxInstances: 4 });
      await parent.create(task, M1);
      gate.closed = true;
      const done: string[] = [];
      const remover = rt.spawn('remover', async (t) => void done.push(`remove ${await parent.remove(t, M1)}`));
      while (gate.waiting === null) await rt.sleep(task, 1);
      const leaver = rt.spawn('leaver', async (t) => {
        await parent.unregister(t);
        done.push('gone');
      });
      // Whoever comes behind the one that waits to go finds the parent going.
      while ((await parent.create(task, M2)) === OK) await parent.remove(task, M2);
      expect([done, await parent.create(task, M2)]).toEqual([[], ENODEV]);
      rt.wake(gate.waiting);
      for (const other of [remover, leaver]) await rt.join(task, other);
      expect(done).toEqual(['remove 0', 'gone']);
    });
  });
});

describe('attach, creation and removal at once', () => {
  test.each(Array.from({ length: 20 }, (_, i) => i + 1))('schedule %i ends without anything left over', (seed) =>
    onHost('controlled', { seed }, async (host, task) => {
      const mdev = await host.create(task, M1, { adapters: [5], domains: [4] });
      const opened: number[] = [];
      const removed: number[] = [];
      const tasks = [
        host.rt.spawn('opener', async (t) => void opened.push(await host.vm('guest1').qemu.attach(t, mdev.device))),
        host.rt.spawn('remover', async (t) => void removed.push(await host.store(t, M1, 'remove', '1'))),
        host.rt.spawn('other remover', async (t) => void removed.push(await host.store(t, M1, 'remove', '1'))),
      ];
      for (const other of tasks) await host.rt.join(task, other);
      expect([0, ENODEV]).toContain(opened[0]);
      expect(removed).toContain(1);
      expect(host.machine.vfioAp.findMdev(M1)).toBe(null);
      expect(host.vm('guest1').kvm.referenceCount).toBe(1);
    }),
  );
});
