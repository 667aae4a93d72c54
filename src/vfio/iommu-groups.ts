/**
 * The iommu groups of a host (drivers/iommu/iommu.c): /sys/kernel/iommu_groups/N with its devices, and in each of these a link back. A
 * device without an IOMMU of its own, as every mdev of vfio_ap is, gets a group for itself (drivers/vfio/group.c: vfio_noiommu_group_alloc).
 */
import type { AttributeDef } from '../driver-core/attribute.ts';
import type { Device } from '../driver-core/device.ts';
import type { Directory } from '../driver-core/directory.ts';
import type { Sysfs } from '../driver-core/sysfs.ts';
import { Access } from '../runtime/access.ts';
import type { Task } from '../runtime/task.ts';

/** Vfio names the groups that it makes up, of emulated IOMMUs too. */
const ATTRIBUTES: readonly AttributeDef<null>[] = [{ name: 'name', mode: 0o444, show: () => 'vfio-noiommu\n' }];

export class IommuGroups {
  private readonly directory: Directory;
  /** By number; a number that was given back is the first to be taken again (kernel: an ida). */
  private readonly groups: (Directory | null)[] = [];

  constructor(sysfs: Sysfs) {
    this.directory = sysfs.mkdir('/sys/kernel/iommu_groups');
  }

  /** A new group with this device alone; answers its number. */
  add(device: Device): number {
    this.directory.layer.rt.touch(this, Access.WRITE);
    const free = this.groups.indexOf(null);
    const id = free < 0 ? this.groups.length : free;
    const group = this.directory.ensure(`${id}`);
    group.addAttributes(ATTRIBUTES, null);
    group.ensure('devices').addLink(device.name, device.directory);
    device.directory.addLink('iommu_group', group);
    this.groups[id] = group;
    return id;
  }

  /** The device leaves its group, and the group goes with it. */
  async remove(task: Task, device: Device, id: number): Promise<void> {
    const group = this.groups[id] ?? null;
    if (group === null) throw new Error(`expected ${device.name} in iommu group ${id}, but there is no such group`);
    device.directory.removeLink('iommu_group');
    group.ensure('devices').removeLink(device.name);
    await group.remove(task);
    this.directory.layer.rt.touch(this, Access.WRITE);
    this.groups[id] = null;
  }
}
