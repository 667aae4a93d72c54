/**
 * What QEMU does for a guest with a vfio-ap device (hw/vfio/ap.c): opens and closes the device, registers an eventfd for each interrupt
 * that the device has, relays a changed configuration to the guest as a channel report, and gives the device back when the host asks for it.
 */
import { EBUSY, OK, type Errno } from '../base/errno.ts';
import type { ChannelReportWord, EventInformation } from '../base/channel-report.ts';
import type { EventLog } from '../base/event-log.ts';
import type { Kvm } from '../kvm/kvm.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import { LockClass } from '../locks/lock-class.ts';
import type { Mutex } from '../locks/mutex.ts';
import { Access } from '../runtime/access.ts';
import type { Task } from '../runtime/task.ts';
import { Eventfd } from '../vfio/eventfd.ts';
import { IommuContainer, type DeviceListOrder } from '../vfio/iommu-container.ts';
import { VfioApIrq } from '../vfio/ioctl.ts';
import { UserProcess } from '../vfio/user-process.ts';
import type { VfioDevice, VfioUser } from '../vfio/vfio-device.ts';
import { ChannelSubsystem } from './channel-subsystem.ts';
import { DeviceFile } from './device-file.ts';

/** The lock under which QEMU's monitor and main loop plug and unplug devices. */
const BQL = new LockClass('QEMU big lock', { protects: 'the devices of one QEMU process' });

export class Qemu implements VfioUser {
  readonly name: string;
  readonly kvm: Kvm;
  readonly container: IommuContainer;
  readonly requestFd: Eventfd;
  readonly configFd: Eventfd;
  /** QEMU itself. */
  readonly process: UserProcess;
  readonly channels: ChannelSubsystem;
  private readonly layer: LockLayer;
  private readonly events: EventLog;
  private readonly lock: Mutex;
  /** Guarded by the big lock. */
  private file: DeviceFile | null = null;
  /** Descriptors of the eventfds that are registered, by the index of the interrupt. Guarded by the big lock. */
  private readonly descriptors = new Map<VfioApIrq, number>();
  /** The device that the host wants back and that is on its way out. */
  private giving: VfioDevice | null = null;
  /** Channel reports can be handled. Of the guest's vCPUs and of whoever signals a change. */
  private readonly reports: { readonly name: string; open: boolean };
  private relaying = false;
  /** Off: a QEMU of before 2025, which does not know the config-change interrupt. */
  relaysChanges = true;

  constructor(layer: LockLayer, kvm: Kvm, events: EventLog, order?: DeviceListOrder) {
    this.layer = layer;
    this.name = kvm.name;
    this.kvm = kvm;
    this.events = events;
    this.lock = layer.mutex(BQL, `${kvm.name} QEMU big lock`);
    this.process = new UserProcess(layer.rt);
    this.reports = { name: `${kvm.name} channel reports`, open: false };
    this.channels = new ChannelSubsystem(kvm.name, {
      rt: layer.rt,
      machineCheck: () => {
        for (const vcpu of kvm.vcpus) vcpu.kick(null);
      },
    });
    this.container = new IommuContainer(layer, kvm.name, kvm.memory, order);
    this.requestFd = new Eventfd(`${kvm.name} request`, () => this.onRequest());
    this.configFd = new Eventfd(`${kvm.name} config-change`, () => this.onConfigChange());
  }

  /** The vfio-ap device this guest has now. */
  get attached(): VfioDevice | null {
    return this.file?.device ?? null;
  }

  /** The descriptor of the eventfd that is registered for the interrupt; null when none is. */
  descriptorOf(irq: VfioApIrq): number | null {
    return this.descriptors.get(irq) ?? null;
  }

  /** Something that QEMU does with its open device, null when it has none: under the big lock, as everything of its main loop. */
  async call<T>(task: Task, body: (file: DeviceFile | null) => Promise<T>): Promise<T> {
    using _bql = await this.lock.acquire(task);
    return await body(this.file);
  }

  /** device_add vfio-ap. -EBUSY when it has one already (the ap-bus takes one device), else what open answers. */
  async attach(task: Task, device: VfioDevice): Promise<Errno> {
    using _bql = await this.lock.acquire(task);
    if (this.file !== null) return EBUSY;
    const errno = await device.open(task, this);
    if (errno !== OK) return errno;
    this.file = new DeviceFile(device, this.process);
    await this.registerNotifiers(task, this.file);
    return OK;
  }

  /** device_del vfio-ap, or the end of the process. False when there was no device, or not the one meant. */
  async detach(task: Task, only: VfioDevice | null = this.attached): Promise<boolean> {
    using _bql = await this.lock.acquire(task);
    const { file } = this;
    if (file === null || (only !== null && file.device !== only)) return false;
    for (const [irq, fd] of this.descriptors) {
      await file.setIrq(task, irq, null);
      this.process.files.close(fd);
    }
    this.descriptors.clear();
    await file.device.close(task);
    this.file = null;
    this.giving = null;
    // Nobody listens to it any more.
    this.configFd.read();
    return true;
  }

  /** The guest's kernel can handle channel reports from now on. What it would have been told before, it is told now. */
  openChannelReports(): void {
    this.layer.rt.touch(this.reports, Access.WRITE);
    this.reports.open = true;
    if (this.configFd.pending > 0) this.onConfigChange();
  }

  takeMachineCheck(): boolean {
    return this.reportsOpen && this.channels.takeMachineCheck();
  }

  /** STCRW of the guest. */
  async storeChannelReportWord(task: Task): Promise<ChannelReportWord | null> {
    using _bql = await this.lock.acquire(task);
    return this.channels.storeChannelReportWord();
  }

  /** CHSC(SEI) of the guest. */
  async storeEventInformation(task: Task): Promise<EventInformation> {
    using _bql = await this.lock.acquire(task);
    return this.channels.storeEventInformation();
  }

  private get reportsOpen(): boolean {
    this.layer.rt.touch(this.reports, Access.READ);
    return this.reports.open;
  }

  /** A host without one of the interrupts is no reason to do without the device. */
  private async registerNotifiers(task: Task, file: DeviceFile): Promise<void> {
    const info = await file.info(task);
    const irqs = typeof info === 'number' ? 0 : info.irqs;
    for (const [irq, eventfd] of [
      [VfioApIrq.REQUEST, this.requestFd],
      [VfioApIrq.CONFIG_CHANGE, this.configFd],
    ] as const) {
      if (irq >= irqs || !(await this.register(task, file, { irq, eventfd }))) {
        this.events.emit('qemu.no-irq', this.name, { guest: this.name, irq });
      }
    }
  }

  private async register(task: Task, file: DeviceFile, { irq, eventfd }: { irq: VfioApIrq; eventfd: Eventfd }): Promise<boolean> {
    const info = await file.irqInfo(task, irq);
    if (typeof info === 'number' || info.count < 1) return false;
    const fd = this.process.files.open(eventfd);
    if ((await file.setIrq(task, irq, fd)) === OK) {
      this.descriptors.set(irq, fd);
      return true;
    }
    this.process.files.close(fd);
    return false;
  }

  /**
   * The main loop comes round for the eventfd when it gets the big lock. Signals until then are one change. Before the guest's kernel can
   * take a report nobody can tell when it comes round, so it does only afterwards.
   */
  private onConfigChange(): void {
    if (!this.relaysChanges || !this.reportsOpen) return;
    this.layer.rt.touch(this.configFd, Access.WRITE);
    if (this.relaying) return;
    this.relaying = true;
    this.layer.rt.spawn(`qemu-${this.name}/main-loop`, async (task) => {
      using _bql = await this.lock.acquire(task);
      this.layer.rt.touch(this.configFd, Access.WRITE);
      this.relaying = false;
      if (this.configFd.read() > 0) this.channels.apConfigurationChanged();
    });
  }

  /** The host wants the device back: unplug it, outside of the callback that asks. */
  private onRequest(): void {
    const wanted = this.attached;
    if (wanted === null || this.giving === wanted) return;
    this.giving = wanted;
    this.events.emit('qemu.request', this.name, { guest: this.name });
    this.layer.rt.spawn(`qemu-${this.name}/device_del`, async (task) => {
      await this.detach(task, wanted);
    });
  }
}
