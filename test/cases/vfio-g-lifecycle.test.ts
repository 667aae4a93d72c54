/**
 * Cases G of vfio_ap: life of a mediated device: creation, open, ioctls, unmap, and the module that goes.
 */
import { describe, expect, test } from 'vitest';
import { EAGAIN, EBUSY, EEXIST, EINVAL, EIO, ENODEV, EPERM, OK } from '../../src/base/errno.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import { mdevPath } from '../../src/machine/machine.ts';
import type { Task } from '../../src/runtime/task.ts';
import { IommuContainer, type PinningDevice } from '../../src/vfio/iommu-container.ts';
import { VfioApIrq } from '../../src/vfio/ioctl.ts';
import { UserProcess } from '../../src/vfio/user-process.ts';
import type { VfioUser } from '../../src/vfio/vfio-device.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';
import { DeviceFile } from '../../src/vmm/device-file.ts';
import { CREATE, M1, M2, RUNTIMES, onHost, script, type Host } from '../helpers/host.ts';

const MDEV = `/sys/devices/vfio_ap/matrix/${M1}`;
const ON = { ir: true, isc: 3, nib: 0x20000 };
/** Of the driver ten, of the mdev core `remove`. */
const ELEVEN = [
  'ap_config',
  'assign_adapter',
  'assign_control_domain',
  'assign_domain',
  'control_domains',
  'guest_matrix',
  'matrix',
  'remove',
  'unassign_adapter',
  'unassign_control_domain',
  'unassign_domain',
];
const MODES: Readonly<Record<string, number>> = { ap_config: 0o644, control_domains: 0o444, guest_matrix: 0o444, matrix: 0o444 };

/** Another user of vfio than QEMU: keeps the device until the test closes it. */
async function openBeside(host: Host, task: Task, uuid = M1): Promise<DeviceFile> {
  const { device } = host.mdev(uuid);
  expect(await device.open(task, host.vm('guest1').qemu)).toBe(OK);
  return new DeviceFile(device, new UserProcess(host.rt));
}

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('vfio-G1: a UUID makes a device once, with eleven attributes; any other text makes none', () =>
    onHost(kind, {}, async (host, task) => {
      const { sysfs } = host.machine;
      expect(await host.write(task, CREATE, `${M1}\n`)).toBe(37);
      const names = sysfs.list(MDEV) as string[];
      const attributes = names.filter((name) => {
        const info = sysfs.stat(`${MDEV}/${name}`);
        return typeof info !== 'number' && info.kind === 'attribute' && name !== 'uevent';
      });
      expect(attributes).toEqual(ELEVEN);
      for (const name of ELEVEN) expect([name, sysfs.stat(`${MDEV}/${name}`)]).toMatchObject([name, { mode: MODES[name] ?? 0o200 }]);
      expect(await host.write(task, CREATE, M1)).toBe(EEXIST);
      expect(await host.write(task, CREATE, M1.toUpperCase())).toBe(EEXIST);
      for (const text of [M2.slice(1), `${M2}00`, `${M2}\n\n`, M2.replace('2', 'g'), M2.replaceAll('-', '_'), `{${M2}}`]) {
        expect([text, await host.write(task, CREATE, text)]).toEqual([text, EINVAL]);
      }
      expect(sysfs.exists(`/sys/devices/vfio_ap/matrix/${M2}`)).toBe(false);
      expect(await host.write(task, CREATE, M2)).toBe(36);
    }));

  test('vfio-G1: the device is where tools look for it, and nothing of it is left when it is gone', () =>
    onHost(kind, {}, async (host, task) => {
      const { sysfs } = host.machine;
      await host.create(task, M1);
      const links = (): (string | number)[] => [
        sysfs.readlink(`/sys/bus/mdev/devices/${M1}`),
        sysfs.readlink(`${MDEV}/mdev_type`),
        sysfs.readlink(`${MDEV}/driver`),
        sysfs.readlink(`${MDEV}/subsystem`),
        sysfs.readlink(`${MDEV}/iommu_group`),
        sysfs.readlink(`/sys/kernel/iommu_groups/0/devices/${M1}`),
        sysfs.readlink(CREATE.replace('create', `devices/${M1}`)),
      ];
      expect(links()).toEqual([
        `../../../devices/vfio_ap/matrix/${M1}`,
        '../mdev_supported_types/vfio_ap-passthrough',
        '../../../../bus/mdev/drivers/vfio_ap_mdev',
        '../../../../bus/mdev',
        '../../../../kernel/iommu_groups/0',
        `../../../../devices/vfio_ap/matrix/${M1}`,
        `../../../${M1}`,
      ]);
      expect(await host.store(task, M1, 'remove', '1')).toBe(1);
      for (const link of links()) expect(link).toBeLessThan(0);
      expect(sysfs.list('/sys/kernel/iommu_groups')).toEqual([]);
    }));

  test('a removal takes a number as assignments do: nothing happens for 0, and garbage is refused', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1);
      for (const text of ['x', '-1', '1 ', '1\n\n', '0x', '99999999999999999999']) {
        expect([text, await host.store(task, M1, 'remove', text)]).toEqual([text, EINVAL]);
      }
      for (const text of ['', '0', '0\n', '0x0', '00']) expect(await host.store(task, M1, 'remove', text)).toBe(text.length);
      expect(host.machine.sysfs.exists(mdevPath(M1, 'remove'))).toBe(true);
      expect(await host.store(task, M1, 'remove', '0x10\n')).toBe(5);
      expect(host.machine.vfioAp.findMdev(M1)).toBe(null);
      await host.create(task, M1);
      expect(await host.store(task, M1, 'remove', '+1')).toBe(2);
    }));

  test('a device without a VM cannot be opened', () =>
    onHost(kind, {}, async (host, task) => {
      const { device } = await host.create(task, M1, { adapters: [5], domains: [4] });
      expect(await device.open(task, { name: 'no VM', kvm: null, container: host.vm('guest1').qemu.container })).toBe(EINVAL);
      expect([device.kvm, device.container]).toEqual([null, null]);
      expect(await host.attach(task, 'guest1', M1)).toBe(OK);
    }));

  test('a second open of an open device only counts', () =>
    onHost(kind, {}, async (host, task) => {
      const { device } = await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const { qemu, kvm } = host.vm('guest1');
      host.happened();
      expect(await device.open(task, qemu)).toBe(OK);
      expect([host.happened(), kvm.referenceCount]).toEqual([[], 3]);
      await device.close(task);
      expect([host.happened(), host.masks('guest1').apm]).toEqual([[], [5]]);
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
      expect([second.kvm.inspect(), host.mdev(M1).kvm.inspect()]).toEqual([null, kvm]);
      expect(kvm.pqapHook.inspect()).toBe(host.mdev(M1));
      expect((await host.cpu('guest1').aqic(task, 0x0504, ON)).rc).toBe(Rc.NORMAL);
      expect(await host.store(task, M2, 'remove', '1')).toBe(1);
    }));

  test('vfio-G7: in the design before, the hook is that of the second device afterwards, and AQIC answers 01', () =>
    onHost(kind, { design: designByName('kvm-lock-outside')!, watch: false, findings: true }, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      const second = await host.create(task, M2, { adapters: [6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const { qemu, kvm } = host.vm('guest1');
      expect(await second.device.open(task, qemu)).toBe(EPERM);
      expect(kvm.pqapHook.inspect()).toBe(second);
      expect(host.mdev(M1).kvm.inspect()).toBe(kvm);
      expect((await host.cpu('guest1').aqic(task, 0x0504, ON)).rc).toBe(Rc.Q_NOT_AVAIL);
      await host.detach(task, 'guest1');
      expect(await host.attach(task, 'guest1', M1)).toBe(OK);
      expect((await host.cpu('guest1').aqic(task, 0x0504, ON)).rc).toBe(Rc.NORMAL);
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

  test('vfio-G11: the device has two interrupts with one eventfd each, and no third', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      const file = await openBeside(host, task);
      expect(await file.info(task)).toEqual({ flags: 0x21, regions: 0, irqs: 2 });
      for (const index of [VfioApIrq.REQUEST, VfioApIrq.CONFIG_CHANGE])
        expect(await file.irqInfo(task, index)).toEqual({ count: 1, flags: 1 });
      for (const index of [2, 3, 0xffff_ffff]) expect(await file.irqInfo(task, index)).toBe(EINVAL);
      await file.device.close(task);
    }));

  test('vfio-G13: RESET reaches every linked queue and tells of one that did not end normally', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const { device } = host.mdev(M1);
      host.happened();
      expect(await device.reset(task)).toBe(OK);
      expect(host.happened().toSorted()).toEqual(['reset 05.0004', 'reset 06.0004']);
      host.hardware.configure(5, false);
      expect(await device.reset(task)).toBe(EIO);
      expect(host.happened().toSorted()).toEqual(['reset 05.0004', 'reset 06.0004']);
      expect(host.queue(0x0504).resetStatus.inspect().rc).toBe(3);
      expect(host.queue(0x0604).resetStatus.inspect().rc).toBe(0);
      host.hardware.configure(5, true);
      expect(await device.reset(task)).toBe(OK);
    }));

  test('vfio-G13: RESET reaches a queue that is kept from the guest', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4, 0x47] });
      await host.unbind(task, '06.0047');
      await host.attach(task, 'guest1', M1);
      expect(host.masks('guest1').apm).toEqual([5]);
      host.happened();
      expect(await host.mdev(M1).device.reset(task)).toBe(OK);
      expect(host.happened().toSorted()).toEqual(['reset 05.0004', 'reset 05.0047', 'reset 06.0004']);
    }));

  test('vfio-G15: an unmap of one notification byte switches off that interrupt alone, and a later AQIC brings it back', () =>
    // The watch counts the pins of QEMU's container, and this one is another.
    onHost(kind, { watch: false }, async (host, task) => {
      const { kvm } = host.vm('guest1');
      const container = new KnownDevices(host.layer, 'guest1', kvm.memory);
      const { device } = await host.create(task, M1, { adapters: [5], domains: [4, 0x47] });
      const user: VfioUser = { name: 'user', kvm, container };
      expect(await device.open(task, user)).toBe(OK);
      const cpu = host.cpu('guest1');
      const other = { ...ON, nib: 0x30000, isc: 4 };
      expect([(await cpu.aqic(task, 0x0504, ON)).rc, (await cpu.aqic(task, 0x0547, other)).rc]).toEqual([Rc.NORMAL, Rc.NORMAL]);
      const aqics = script(host.hardware, 'aqic', 0x0504, []);
      const untouched = script(host.hardware, 'aqic', 0x0547, []);
      await container.known[0]!.dmaUnmap(task, ON.nib, 0x1000);
      expect([aqics.calls, untouched.calls, container.pins, kvm.gisa.totalReferences]).toEqual([1, 0, 1, 1]);
      const enabled = async (apqn: number): Promise<boolean> => (await host.hardware.tapq(task, apqn)).status.irqEnabled;
      expect([await enabled(0x0504), await enabled(0x0547)]).toEqual([false, true]);
      const queue = host.queue(0x0504);
      expect([queue.savedIova.inspect(), queue.savedIsc.inspect()]).toEqual([0, 0xff]);
      expect((await cpu.aqic(task, 0x0504, ON)).rc).toBe(Rc.NORMAL);
      expect([container.pins, kvm.gisa.totalReferences, await enabled(0x0504)]).toEqual([2, 2, true]);
      await device.close(task);
      expect([container.pins, kvm.gisa.totalReferences]).toEqual([0, 0]);
    }));

  test('a module in use does not go; one that goes takes its devices, its type and its drivers with it', () =>
    onHost(kind, {}, async (host, task) => {
      const { vfioAp, sysfs } = host.machine;
      const mdev = await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      expect(await vfioAp.unload(task)).toBe(EAGAIN);
      expect([sysfs.exists(MDEV), host.masks('guest1').apm]).toEqual([true, [5]]);
      await host.detach(task, 'guest1');
      expect(await vfioAp.unload(task)).toBe(OK);
      expect([sysfs.exists(MDEV), sysfs.exists(CREATE), vfioAp.findMdev(M1), host.driverOf('05.0004')]).toEqual([false, false, null, null]);
      expect(sysfs.list('/sys/bus/mdev/drivers')).toEqual([]);
      expect(await mdev.device.open(task, host.vm('guest1').qemu)).toBe(ENODEV);
      expect(await vfioAp.unload(task)).toBe(EAGAIN);
    }));
});

/** A container that tells which devices it would ask. */
class KnownDevices extends IommuContainer {
  readonly known: PinningDevice[] = [];

  override async addDevice(task: Task, device: PinningDevice): Promise<void> {
    this.known.push(device);
    await super.addDevice(task, device);
  }
}
