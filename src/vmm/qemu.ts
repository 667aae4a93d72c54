/**
 * What QEMU does for a guest with a vfio-ap device (hw/vfio/ap.c): opens and closes the device, registers the two eventfds, relays a
 * changed configuration to the guest as a channel report, and gives the device back when the host asks for it.
 */
import { EBUSY, OK, type Errno } from '../base/errno.ts';
import type { EventLog } from '../base/event-log.ts';
import type { Kvm } from '../kvm/kvm.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import { LockClass } from '../locks/lock-class.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { Task } from '../runtime/task.ts';
import { Eventfd } from '../vfio/eventfd.ts';
import { IommuContainer, type DeviceListOrder } from '../vfio/iommu-container.ts';
import { VfioApIrq, type VfioDevice, type VfioUser } from '../vfio/vfio-device.ts';

/** The lock under which QEMU's monitor and main loop plug and unplug devices. */
const BQL = new LockClass('QEMU big lock', { protects: 'the devices of one QEMU process' });

export class Qemu implements VfioUser {
  readonly name: string;
  readonly kvm: Kvm;
  readonly container: IommuContainer;
  readonly requestFd: Eventfd;
  readonly configFd: Eventfd;
  private readonly layer: LockLayer;
  private readonly events: EventLog;
  private readonly lock: Mutex;
  /** Guarded by the big lock. */
  private device: VfioDevice | null = null;
  /** The device that the host wants back and that is on its way out. */
  private giving: VfioDevice | null = null;
  private configurationChanged = false;

  constructor(layer: LockLayer, kvm: Kvm, events: EventLog, order?: DeviceListOrder) {
    this.layer = layer;
    this.name = kvm.name;
    this.kvm = kvm;
    this.events = events;
    this.lock = layer.mutex(BQL, `${kvm.name} QEMU big lock`);
    this.container = new IommuContainer(layer, kvm.name, kvm.memory, order);
    this.requestFd = new Eventfd(`${kvm.name} request`, () => this.onRequest());
    this.configFd = new Eventfd(`${kvm.name} config-change`, () => this.onConfigChange());
  }

  /** The vfio-ap device this guest has now. */
  get attached(): VfioDevice | null {
    return this.device;
  }

  /** device_add vfio-ap. -EBUSY when it has one already (the ap-bus takes one device), else what open answers. */
  async attach(task: Task, device: VfioDevice): Promise<Errno> {
    using _bql = await this.lock.acquire(task);
    if (this.device !== null) return EBUSY;
    const errno = await device.open(task, this);
    if (errno !== OK) return errno;
    this.device = device;
    await device.setIrqs(task, VfioApIrq.REQUEST, this.requestFd);
    await device.setIrqs(task, VfioApIrq.CONFIG_CHANGE, this.configFd);
    this.onConfigChange();
    return OK;
  }

  /** device_del vfio-ap, or the end of the process. False when there was no device, or not the one meant. */
  async detach(task: Task, only: VfioDevice | null = this.device): Promise<boolean> {
    using _bql = await this.lock.acquire(task);
    const { device } = this;
    if (device === null || (only !== null && device !== only)) return false;
    await device.setIrqs(task, VfioApIrq.REQUEST, null);
    await device.setIrqs(task, VfioApIrq.CONFIG_CHANGE, null);
    await device.close(task);
    this.device = null;
    this.giving = null;
    this.onConfigChange();
    return true;
  }

  /** The guest reads the channel report: true once after each change. */
  takeConfigurationChange(): boolean {
    const changed = this.configurationChanged;
    this.configurationChanged = false;
    return changed;
  }

  private onConfigChange(): void {
    this.configurationChanged = true;
    for (const vcpu of this.kvm.vcpus) vcpu.kick(null);
  }

  /** The host wants the device back: unplug it, outside of the callback that asks. */
  private onRequest(): void {
    const wanted = this.device;
    if (wanted === null || this.giving === wanted) return;
    this.giving = wanted;
    this.events.emit('qemu.request', this.name, { guest: this.name });
    this.layer.rt.spawn(`qemu-${this.name}/device_del`, async (task) => {
      await this.detach(task, wanted);
    });
  }
}
