/**
 * Cases G and H of vfio_ap: life of a mediated device, and the masks of the host against what is assigned.
 */
import { describe, expect, test } from 'vitest';
import { EBUSY, EEXIST, EINVAL, EIO, EPERM } from '../../src/base/errno.ts';
import { mdevPath } from '../../src/machine/machine.ts';
import { Eventfd } from '../../src/vfio/eventfd.ts';
import { VfioApIrq } from '../../src/vfio/vfio-device.ts';
import { CREATE, M1, M2, RUNTIMES, TASKS_FIRST, onHost } from '../helpers/host.ts';

const APMASK = '/sys/bus/ap/apmask';
const IRQ = { ir: true, isc: 3, nib: 0x20000 };
const NINE = [
  'assign_adapter',
  'assign_control_domain',
  'assign_domain',
  'control_domains',
  'guest_matrix',
  'matrix',
  'unassign_adapter',
  'unassign_control_domain',
  'unassign_domain',
];

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('vfio-G1: a UUID makes a device once', () =>
    onHost(kind, {}, async (host, task) => {
      expect(await host.write(task, CREATE, `${M1}\n`)).toBe(37);
      const names = host.machine.sysfs.list(`/sys/devices/vfio_ap/matrix/${M1}`);
      expect(names).toEqual(expect.arrayContaining([...NINE, 'mdev_type', 'remove']));
      expect(await host.write(task, CREATE, M1)).toBe(EEXIST);
      for (const text of [M2.slice(1), `${M2}00`, `${M2}x`, M2.replace('2', 'g'), M2.replaceAll('-', '_')]) {
        expect([text, await host.write(task, CREATE, text)]).toEqual([text, EINVAL]);
      }
      expect(host.machine.sysfs.exists(`/sys/devices/vfio_ap/matrix/${M2}`)).toBe(false);
      for (const text of ['x', '', '-1']) expect(await host.store(task, M1, 'remove', text)).toBe(text === '' ? 0 : EINVAL);
      expect(await host.store(task, M1, 'remove', '0')).toBe(1);
      expect(host.machine.sysfs.exists(mdevPath(M1, 'matrix'))).toBe(true);
      expect(await host.store(task, M1, 'remove', '1')).toBe(1);
      expect(host.machine.sysfs.exists(`/sys/devices/vfio_ap/matrix/${M1}`)).toBe(false);
      expect(host.machine.vfioAp.findMdev(M1)).toBe(null);
    }));

  test('vfio-G7: a guest keeps its first device when a second one is refused', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      const second = await host.create(task, M2, { adapters: [6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const { qemu, kvm } = host.vm('guest1');
      expect(await qemu.attach(task, second.device)).toBe(EBUSY);
      expect(await second.device.open(task, qemu)).toBe(EPERM);
      expect(kvm.referenceCount).toBe(3);
      expect(second.kvm.inspect()).toBe(null);
      expect(kvm.pqapHook.inspect()).toBe(host.mdev(M1));
      expect((await host.cpu('guest1').aqic(task, 0x0504, IRQ)).rc).toBe(0);
      expect(await host.store(task, M2, 'remove', '1')).toBe(1);
    }));

  test('vfio-G9: the guest is alive until its device is closed', () =>
    onHost(kind, { leftovers: true }, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const { kvm } = host.vm('guest1');
      const seen: boolean[] = [];
      host.machine.events.onEvent(({ kind: what }) => {
        if (what === 'vfio_ap.detach') seen.push(kvm.freed);
      });
      kvm.put();
      expect(kvm.referenceCount).toBe(2);
      await host.detach(task, 'guest1');
      expect(seen).toEqual([false]);
      expect(kvm.freed).toBe(true);
    }));

  test('vfio-G13: RESET reaches every linked queue and tells of one that did not end normally', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const { device } = host.mdev(M1);
      host.happened();
      expect(await device.reset(task)).toBe(0);
      expect(host.happened().toSorted()).toEqual(['reset 05.0004', 'reset 06.0004']);
      host.hardware.configure(5, false);
      expect(await device.reset(task)).toBe(EIO);
      expect(host.queue(0x0504).resetStatus.inspect().rc).toBe(3);
      expect(host.queue(0x0604).resetStatus.inspect().rc).toBe(0);
    }));

  test('vfio-H1: a mask bit that would take an assigned queue is refused', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      const before = await host.read(task, APMASK);
      host.log.length = 0;
      expect(await host.write(task, APMASK, '+5')).toBe(EBUSY);
      expect(host.log).toHaveLength(1);
      expect(JSON.parse(host.log[0]!)).toMatchObject({ queue: '05.0004', mdev: M1 });
      expect(await host.read(task, APMASK)).toBe(before);
      expect(host.driverOf('05.0004')).toBe('vfio_ap');
      expect(await host.write(task, APMASK, '+6')).toBe(2);
      expect(host.driverOf('06.0004')).toBe('cex4queue');
    }));

  test('vfio-H3: bits can always be cleared', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      expect(await host.write(task, APMASK, '-0-255')).toBeGreaterThan(0);
      expect(await host.write(task, '/sys/bus/ap/aqmask', '-4')).toBe(2);
      expect(await host.status(task, '05.0004')).toBe('in use\n');
    }));
});

test('vfio-G3: a removal asks at once and then every ten seconds, and ends when the user has closed the device', () =>
  onHost('controlled', { strategy: TASKS_FIRST }, async (host, task) => {
    const mdev = await host.create(task, M1, { adapters: [5], domains: [4] });
    const { qemu } = host.vm('guest1');
    const asked: { at: number; masks: number[] }[] = [];
    let start = 0;
    const fd = new Eventfd('request', () => asked.push({ at: host.rt.now() - start, masks: host.masks('guest1').apm }));
    expect(await mdev.device.open(task, qemu)).toBe(0);
    await mdev.device.setIrqs(task, VfioApIrq.REQUEST, fd);
    expect(host.masks('guest1').apm).toEqual([5]);
    start = host.rt.now();
    const remover = host.rt.spawn('remover', async (t) => void (await host.store(t, M1, 'remove', '1')));
    await host.rt.sleep(task, 25_000);
    expect(asked).toEqual([0, 10_000, 20_000].map((at) => ({ at, masks: [] })));
    expect(fd.pending).toBe(3);
    expect(remover.ended).toBe(false);
    expect(await host.status(task, '05.0004')).toBe('in use\n');
    await mdev.device.setIrqs(task, VfioApIrq.REQUEST, null);
    await mdev.device.close(task);
    await host.rt.join(task, remover);
    expect(host.machine.vfioAp.findMdev(M1)).toBe(null);
    expect(await host.status(task, '05.0004')).toBe('unassigned\n');
  }));
