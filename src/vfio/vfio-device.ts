/**
 * A vfio device (drivers/vfio/vfio_main.c): open and close under dev_set->lock, references on the module and the KVM while open, ioctls,
 * and the removal that asks the user to let go and waits until it has.
 */
import { EBUSY, EINVAL, ENODEV, OK, type Errno } from '../base/errno.ts';
import type { Logger } from '../base/logger.ts';
import type { Kvm } from '../kvm/kvm.ts';
import type { Guard } from '../locks/guard.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { LockMap } from '../locks/lock-map.ts';
import { RECURSIVE } from '../locks/modes.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { WaitQueue } from '../locks/wait-queue.ts';
import { Access } from '../runtime/access.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { DEV_SET_LOCK, DEVICE_RELEASED } from './lock-classes.ts';
import { DeviceRequest } from './ioctl.ts';
import type { IommuContainer, PinningDevice } from './iommu-container.ts';
import type { ModuleReference } from './module-reference.ts';
import type { UserArgument } from './user-process.ts';

/** What the driver implements (struct vfio_device_ops). */
export interface VfioDeviceOps {
  /** First open; the KVM is known. */
  openDevice(task: Task): Promise<Errno>;
  /** Last close. */
  closeDevice(task: Task): Promise<void>;
  /** Removal asks the user to give the device back; `count` is 0 at the first time. Absent: the removal just waits. */
  request?(task: Task, count: number): Promise<void>;
  /** A request number of ioctl.ts, or any other; null: the address is in nobody's storage. Absent: every request is -EINVAL. */
  ioctl?(task: Task, request: number, argument: UserArgument | null): Promise<Errno>;
  /** Guest storage is being unmapped: pins in the range are given back. Absent in a driver that pins nothing. */
  dmaUnmap?(task: Task, iova: number, length: number): Promise<void>;
}

/** What opens a device: the VM that its file was given (KVM_DEV_VFIO_FILE), if any, and the container of its pages. */
export interface VfioOpener {
  readonly name: string;
  readonly kvm: Kvm | null;
  readonly container: IommuContainer;
}

/** One with a VM, without which some drivers do not open. */
export interface VfioUser extends VfioOpener {
  readonly kvm: Kvm;
}

/** Removal repeats its request after this long. */
const REQUEST_INTERVAL_MS = 10_000;

export interface VfioDeviceParts {
  readonly ops: VfioDeviceOps;
  readonly log: Logger;
  /** Default 10 s. Infinity: it is asked for once, for explorations that go through every schedule. */
  readonly requestIntervalMs?: number;
  /** The module of the driver, which cannot go while the device is open. */
  readonly module?: ModuleReference;
}

type Wake = 'released' | 'ask again' | 'signal';

export class VfioDevice {
  readonly name: string;
  private readonly rt: Runtime;
  private readonly ops: VfioDeviceOps;
  private readonly log: Logger;
  private readonly lock: Mutex;
  private readonly requestIntervalMs: number;
  private readonly module: ModuleReference | null;
  /** Held by whoever is to give the device back. */
  private readonly kept: LockMap;
  private readonly released: WaitQueue;
  /** Guarded by dev_set->lock. */
  private openCount = 0;
  /** Users that have it open or are about to (kernel: the registration refcount). */
  private registrations = 0;
  private unregistering = false;
  /** Stands for `unregistering` where an explorer is told of accesses. */
  private readonly removal = {};
  private inClose = false;
  private resets = 0;
  private user: VfioOpener | null = null;
  /** What a container asks for its pins; null when the driver pins nothing. */
  private readonly pinning: PinningDevice | null;

  constructor(layer: LockLayer, name: string, parts: VfioDeviceParts) {
    this.name = name;
    this.rt = layer.rt;
    this.requestIntervalMs = parts.requestIntervalMs ?? REQUEST_INTERVAL_MS;
    this.module = parts.module ?? null;
    this.ops = parts.ops;
    this.log = parts.log;
    const { ops } = parts;
    this.pinning = ops.dmaUnmap === undefined ? null : { dmaUnmap: (task, iova, length) => ops.dmaUnmap!(task, iova, length) };
    this.lock = layer.mutex(DEV_SET_LOCK, `${name} dev_set->lock`);
    this.kept = layer.map(DEVICE_RELEASED, `release of ${name}`);
    this.released = layer.waitQueue(this.kept);
  }

  /** The VM that has it open, from before the driver's open until after its close. */
  get kvm(): Kvm | null {
    return this.user?.kvm ?? null;
  }

  get container(): IommuContainer | null {
    return this.user?.container ?? null;
  }

  /** The first open is going on. */
  get opening(): boolean {
    return this.user !== null && this.openCount === 0;
  }

  /** The last close is going on. */
  get closing(): boolean {
    return this.inClose;
  }

  /** The user has asked for a reset that has not ended. */
  get resetting(): boolean {
    return this.resets > 0;
  }

  /** The removal has begun: the user has been, or is being, asked to let go. It begins under no lock of the driver. */
  get removing(): boolean {
    this.rt.touch(this.removal, Access.READ);
    return this.unregistering;
  }

  /** -ENODEV while it is being removed or its module goes, -EBUSY when another VM has it; otherwise what the driver's open answers. */
  async open(task: Task, user: VfioOpener): Promise<Errno> {
    this.rt.touch(this.kept, Access.JOINT);
    if (this.unregistering) return ENODEV;
    // From here on a removal waits for this user, also while the driver's open still runs.
    this.registrations++;
    const errno = await this.openUnderLock(task, user);
    if (errno !== OK) this.putRegistration(task);
    return errno;
  }

  async close(task: Task): Promise<void> {
    await this.closeUnderLock(task);
    this.putRegistration(task);
  }

  /**
   * An ioctl on the open file: -EINVAL when the driver knows none, otherwise what it answers. A file lives as long as somebody is inside
   * a call on it, also when it is closed meanwhile: a removal waits for the end of this one.
   */
  async ioctl(task: Task, request: number, argument: UserArgument | null): Promise<Errno> {
    if (this.ops.ioctl === undefined) return EINVAL;
    this.getRegistration();
    const resets = request === DeviceRequest.RESET ? 1 : 0;
    this.resets += resets;
    try {
      return await this.ops.ioctl(task, request, argument);
    } finally {
      this.resets -= resets;
      this.putRegistration(task);
    }
  }

  /** The RESET ioctl, which has no argument. */
  reset(task: Task): Promise<Errno> {
    return this.ioctl(task, DeviceRequest.RESET, null);
  }

  /** Says that this task is the one that will close the device: until it lets go of the guard, a removal waits for it. */
  keptBy(task: Task): Guard {
    return this.kept.hold(task, RECURSIVE);
  }

  /** A call on the open file (read, write): a removal waits for its end as it does for the close. */
  async call<T>(task: Task, body: () => Promise<T>): Promise<T> {
    this.getRegistration();
    const inside = this.keptBy(task);
    try {
      return await body();
    } finally {
      inside.release();
      this.putRegistration(task);
    }
  }

  /**
   * No new opens; asks for the device at once and then every 10 s until the last user has closed it (vfio_unregister_group_dev). A signal
   * to the task is told of and changes nothing but that the device is asked for once more: the wait goes on and hears of no other signal.
   */
  async unregister(task: Task): Promise<void> {
    this.rt.touch(this.kept, Access.WRITE);
    this.rt.touch(this.removal, Access.WRITE);
    this.unregistering = true;
    let interruptible = true;
    for (let count = 0; ; count++) {
      if (this.registrations > 0) await this.ops.request?.(task, count);
      const wake = await this.waitUntilReleased(task, interruptible);
      if (wake === 'released') return;
      if (wake !== 'signal') continue;
      interruptible = false;
      this.log.warn({ device: this.name, task: task.name, pid: task.pid }, 'device is in use: the task is blocked until it is released');
    }
  }

  /**
   * The wait itself has no limit, because nothing but the user ends what is waited for: a search for tasks that wait for each other passes
   * over waits that end by themselves.
   */
  private async waitUntilReleased(task: Task, interruptible: boolean): Promise<Wake> {
    let askAgain = false;
    const repeat = (): void => {
      askAgain = true;
      this.released.wakeAll(null);
    };
    const repeats = this.registrations > 0 && this.ops.request !== undefined && Number.isFinite(this.requestIntervalMs);
    const timer = repeats ? this.rt.timer(`device request of ${this.name}`, this.requestIntervalMs, repeat) : null;
    await this.released.wait(task, () => this.registrations === 0 || askAgain, { interruptible });
    timer?.cancel();
    if (this.registrations === 0) return 'released';
    return askAgain ? 'ask again' : 'signal';
  }

  private async openUnderLock(task: Task, user: VfioOpener): Promise<Errno> {
    using _lock = await this.lock.acquire(task);
    if (this.openCount > 0) {
      // A device file descriptor belongs to one VM; a second one cannot share it.
      if (this.user !== user) return EBUSY;
      this.openCount++;
      return OK;
    }
    if (this.module !== null && !this.module.tryGet()) return ENODEV;
    user.kvm?.get();
    this.user = user;
    if (this.pinning !== null) await user.container.addDevice(task, this.pinning);
    const errno = await this.ops.openDevice(task);
    if (errno !== OK) {
      if (this.pinning !== null) await user.container.removeDevice(task, this.pinning);
      this.user = null;
      user.kvm?.put();
      this.module?.put();
      return errno;
    }
    this.openCount = 1;
    return OK;
  }

  private async closeUnderLock(task: Task): Promise<void> {
    using _lock = await this.lock.acquire(task);
    if (this.openCount === 0) throw new Error(`${this.name} is closed more often than it was opened`);
    if (this.openCount > 1) {
      this.openCount--;
      return;
    }
    this.inClose = true;
    await this.ops.closeDevice(task);
    if (this.pinning !== null) await this.user!.container.removeDevice(task, this.pinning);
    this.inClose = false;
    this.openCount = 0;
    this.user?.kvm?.put();
    this.user = null;
    this.module?.put();
  }

  private getRegistration(): void {
    this.rt.touch(this.kept, Access.JOINT);
    this.registrations++;
  }

  private putRegistration(task: Task): void {
    this.rt.touch(this.kept, Access.JOINT);
    this.registrations--;
    if (this.registrations === 0) this.released.wakeAll(task);
  }
}
