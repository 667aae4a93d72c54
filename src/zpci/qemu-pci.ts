/**
 * What QEMU does for a guest with a vfio-pci device on s390 (hw/vfio/pci.c, hw/s390x/s390-pci-bus.c, s390-pci-inst.c): opens the device,
 * stores blocks for the guest, and when the host wants the device back, asks the guest to deconfigure it and closes it then.
 */
import { ENODEV, errnoName, OK, type Errno } from '../base/errno.ts';
import type { EventLog } from '../base/event-log.ts';
import type { Completion } from '../locks/completion.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { WaitQueue } from '../locks/wait-queue.ts';
import type { Task } from '../runtime/task.ts';
import { Eventfd } from '../vfio/eventfd.ts';
import type { VfioUser } from '../vfio/vfio-device.ts';
import type { BlockStore } from './io-region.ts';
import { BIG_LOCK, DEVICE_REQUESTED, GUEST_GAVE_UP } from './lock-classes.ts';
import { REQUEST_IRQ_INDEX, type VfioPciDevice } from './vfio-pci.ts';

export class QemuPci {
  readonly user: VfioUser;
  readonly requestFd: Eventfd;
  /** Completed when the guest has deconfigured the function. */
  readonly gaveUp: Completion;
  /** Tells the guest that the function is to go: called under the big lock, must not sleep. */
  onUnplug: (task: Task) => void = () => undefined;
  private readonly events: EventLog;
  private readonly lock: Mutex;
  private readonly requested: WaitQueue;
  /** Guarded by the big lock. */
  private device: VfioPciDevice | null = null;

  constructor(layer: LockLayer, user: VfioUser, events: EventLog) {
    this.user = user;
    this.events = events;
    this.lock = layer.mutex(BIG_LOCK, `${user.name} QEMU big lock`);
    this.requested = layer.waitQueue(layer.map(DEVICE_REQUESTED, `${user.name} device request`));
    this.gaveUp = layer.completion(GUEST_GAVE_UP, `${user.name} gives up the function`);
    this.requestFd = new Eventfd(`${user.name} request`, () => this.requested.wakeAll(null));
  }

  /** Does it have the device? */
  get attached(): boolean {
    return this.device !== null;
  }

  /** The main loop: from the open of the device to its close. `opened` is called in between, when the guest can have it. */
  async main(task: Task, device: VfioPciDevice, opened: () => void): Promise<void> {
    // Held to the end: whoever removes the device waits for this task.
    using _kept = device.vfio.keptBy(task);
    await this.open(task, device);
    opened();
    await this.requested.wait(task, () => this.requestFd.pending > 0);
    await this.unplug(task);
    await this.gaveUp.wait(task);
    await this.close(task, device);
  }

  /** The guest's instruction has been intercepted, and user space does its work. -ENODEV once the device is gone. */
  async store(task: Task, block: BlockStore): Promise<Errno> {
    using _big = await this.lock.acquire(task);
    const { device } = this;
    return device === null ? ENODEV : await device.region.write(task, block);
  }

  private async open(task: Task, device: VfioPciDevice): Promise<void> {
    using _big = await this.lock.acquire(task);
    const errno = await device.vfio.open(task, this.user);
    if (errno !== OK) throw new Error(`${this.user.name}: expected ${device.vfio.name} to open, got ${errnoName(errno)}`);
    await device.setIrqs(task, REQUEST_IRQ_INDEX, this.requestFd);
    this.device = device;
  }

  private async unplug(task: Task): Promise<void> {
    using _big = await this.lock.acquire(task);
    this.requestFd.read();
    this.events.emit('qemu.request', this.user.name, { guest: this.user.name });
    this.onUnplug(task);
  }

  private async close(task: Task, device: VfioPciDevice): Promise<void> {
    using _big = await this.lock.acquire(task);
    this.device = null;
    await device.setIrqs(task, REQUEST_IRQ_INDEX, null);
    await device.vfio.close(task);
    this.events.emit('qemu.close', this.user.name, { guest: this.user.name });
  }
}
