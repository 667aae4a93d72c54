/**
 * The iommu groups that mdevs get: one each, with the lowest number that is free, from the beginning of a device to its end.
 */
import { expect, test } from 'vitest';
import type { Task } from '../../src/runtime/task.ts';
import { M1, M2, M3, onHost, type Host } from '../helpers/host.ts';

const GROUPS = '/sys/kernel/iommu_groups';

const groupOf = (host: Host, uuid: string): string | number => {
  const target = host.machine.sysfs.readlink(`/sys/devices/vfio_ap/matrix/${uuid}/iommu_group`);
  return typeof target === 'number' ? target : target.split('/').at(-1)!;
};

test('a number that was given back is the first to be taken again', () =>
  onHost('controlled', {}, async (host, task) => {
    const { sysfs } = host.machine;
    expect(sysfs.list(GROUPS)).toEqual([]);
    for (const uuid of [M1, M2, M3]) await host.create(task, uuid);
    expect([M1, M2, M3].map((uuid) => groupOf(host, uuid))).toEqual(['0', '1', '2']);
    for (const uuid of [M2, M1]) await host.store(task, uuid, 'remove', '1');
    expect(sysfs.list(GROUPS)).toEqual(['2']);
    for (const uuid of [M2, M1]) await host.create(task, uuid);
    expect([M1, M2, M3].map((uuid) => groupOf(host, uuid))).toEqual(['1', '0', '2']);
    for (const [group, uuid] of [M2, M1, M3].entries()) {
      expect(sysfs.list(`${GROUPS}/${group}/devices`)).toEqual([uuid]);
      expect(sysfs.exists(`${GROUPS}/${group}/devices/${uuid}/assign_adapter`)).toBe(true);
      expect(await host.read(task, `${GROUPS}/${group}/name`)).toBe('vfio-noiommu\n');
    }
  }));

test('a device keeps its group as long as its removal waits for the user', () =>
  onHost('controlled', {}, async (host, task) => {
    const { device } = await host.create(task, M1);
    await device.open(task, host.vm('guest1').qemu);
    const remover = host.rt.spawn('remover', async (t: Task) => void (await host.store(t, M1, 'remove', '1')));
    while (!device.removing) await host.rt.sleep(task, 1);
    expect(groupOf(host, M1)).toBe('0');
    await host.create(task, M2);
    expect(groupOf(host, M2)).toBe('1');
    await device.close(task);
    await host.rt.join(task, remover);
    expect(host.machine.sysfs.list(GROUPS)).toEqual(['1']);
  }));
