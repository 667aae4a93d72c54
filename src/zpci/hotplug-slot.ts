/**
 * The slot of a zPCI function (drivers/pci/hotplug/s390_pci_hpc.c, pci_hotplug_core.c): `power` switches it off and on.
 */
import { EINVAL, EIO, OK, type Errno } from '../base/errno.ts';
import { parseUnsigned } from '../base/kernel-text.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import type { Task } from '../runtime/task.ts';
import type { ZpciDesign } from './locking/port.ts';
import type { PciBus } from './pci-bus.ts';
import type { ZpciDev } from './zpci-dev.ts';

const POWER: AttributeDef<HotplugSlot> = {
  name: 'power',
  mode: 0o644,
  // Without a lock: who looks at a slot that is stuck shall see it.
  show: async (task, slot) => ((await slot.zdev.state.read(task)) === 'configured' ? '1\n' : '0\n'),
  store: async (task, slot, text) => {
    switch (parseUnsigned(text)) {
      case 0:
        return await slot.disable(task);
      case 1:
        return await slot.enable(task);
      default:
        return EINVAL;
    }
  },
};

export class HotplugSlot {
  readonly zdev: ZpciDev;
  private readonly pci: PciBus;
  private readonly design: ZpciDesign;
  private readonly domain: number;

  constructor(zdev: ZpciDev, parts: { pci: PciBus; design: ZpciDesign; domain: number }) {
    this.zdev = zdev;
    this.pci = parts.pci;
    this.design = parts.design;
    this.domain = parts.domain;
    this.pci.slot(zdev.name).addAttribute(POWER, this);
  }

  /** enable_slot: -EIO when the function is not in standby. */
  enable(task: Task): Promise<Errno> {
    const { zdev } = this;
    return this.design.transition(task, zdev, async () => {
      if (zdev.state.get(task) !== 'standby') return EIO;
      zdev.state.set(task, 'configured');
      return await this.pci.add(task, zdev, this.domain);
    });
  }

  /** disable_slot: -EIO when the function is not configured. Ends when its driver, and whoever uses it through the driver, has let go. */
  disable(task: Task): Promise<Errno> {
    const { zdev } = this;
    return this.design.transition(task, zdev, async () => {
      if (zdev.state.get(task) !== 'configured') return EIO;
      await this.pci.stopAndRemove(task, zdev);
      zdev.state.set(task, 'standby');
      return OK;
    });
  }
}
