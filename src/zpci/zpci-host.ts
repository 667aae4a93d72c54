/**
 * A host with one zPCI function in its slot, passed through to one guest: builds it and brings it up. No kernel counterpart.
 */
import { errnoName, OK, type Errno } from '../base/errno.ts';
import type { EventLog } from '../base/event-log.ts';
import type { Logger } from '../base/logger.ts';
import { Sysfs } from '../driver-core/sysfs.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Task } from '../runtime/task.ts';
import type { VfioUser } from '../vfio/vfio-device.ts';
import { HotplugSlot } from './hotplug-slot.ts';
import type { ZpciDesign, ZpciDesignFactory } from './locking/port.ts';
import { PciBus } from './pci-bus.ts';
import { QemuPci } from './qemu-pci.ts';
import { VfioPciDriver, type VfioPciDevice } from './vfio-pci.ts';
import { ZpciDev } from './zpci-dev.ts';
import { ZpciGuest, type ZpciWorkload } from './zpci-guest.ts';

export interface ZpciSpec extends ZpciWorkload {
  /** Function id, which names the slot. */
  readonly fid: number;
  readonly guest: string;
  readonly vcpus: number;
}

export interface ZpciHostParts {
  readonly layer: LockLayer;
  readonly spec: ZpciSpec;
  readonly design: ZpciDesignFactory;
  /** The guest as KVM and vfio see it. */
  readonly user: VfioUser;
  readonly log: Logger;
  readonly events: EventLog;
  /** See VfioDevice. */
  readonly requestIntervalMs?: number;
}

const DOMAIN = 0;

export class ZpciHost {
  readonly design: ZpciDesign;
  readonly sysfs: Sysfs;
  readonly zdev: ZpciDev;
  readonly qemu: QemuPci;
  readonly guest: ZpciGuest;
  private readonly layer: LockLayer;
  private readonly pci: PciBus;
  private readonly slot: HotplugSlot;
  private readonly driver: VfioPciDriver;

  constructor(parts: ZpciHostParts) {
    const { layer, spec, user, log, events, requestIntervalMs } = parts;
    const design = parts.design(layer);
    this.layer = layer;
    this.design = design;
    for (const chain of design.order) layer.declareOrder(chain, design.name);
    this.sysfs = new Sysfs(layer);
    this.pci = new PciBus(this.sysfs, { log, events });
    this.zdev = new ZpciDev(layer, spec.fid);
    design.adopt(this.zdev);
    this.slot = new HotplugSlot(this.zdev, { pci: this.pci, design, domain: DOMAIN });
    this.driver = new VfioPciDriver(layer, { log, design, ...(requestIntervalMs === undefined ? {} : { requestIntervalMs }) });
    this.qemu = new QemuPci(layer, user, events);
    this.guest = new ZpciGuest(layer, this.qemu, spec);
  }

  /** Path of the attribute that switches the slot. */
  get powerPath(): string {
    return `/sys/bus/pci/slots/${this.zdev.name}/power`;
  }

  /** The slot is on, vfio-pci has the device, QEMU has opened it; the guest does nothing yet. */
  async boot(task: Task): Promise<void> {
    await this.pci.registerDriver(task, this.driver);
    const errno = await this.slot.enable(task);
    if (errno !== OK) throw new Error(`slot ${this.zdev.name}: expected to switch it on, got ${errnoName(errno)}`);
    const device = this.zdev.device?.driverData as VfioPciDevice;
    const { rt } = this.layer;
    rt.spawn(`${this.qemu.user.name}/main`, (main) => this.qemu.main(main, device, () => rt.wake(task)), { daemon: true });
    await rt.park(task);
  }

  /** `echo 0` or `echo 1` into `power`. */
  async switchSlot(task: Task, on: boolean): Promise<Errno> {
    const written = await this.sysfs.write(task, this.powerPath, on ? '1\n' : '0\n');
    return written < 0 ? written : OK;
  }
}
