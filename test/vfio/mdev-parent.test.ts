/**
 * The parent of mediated devices: instances, two removals at once, and a removal that meets an open.
 */
import { describe, expect, test } from 'vitest';
import { EAGAIN, ENODEV, ENOENT } from '../../src/base/errno.ts';
import { CREATE, M1, M2, onHost } from '../helpers/host.ts';

const AVAILABLE = CREATE.replace('create', 'available_instances');

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
