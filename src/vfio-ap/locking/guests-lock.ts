/**
 * D8, `guests-lock`: the design merged for Linux 6.0 (Documentation/arch/s390/vfio-ap-locking.rst) and in force since.
 *
 * Order, outermost first:
 *   ap_attr_mutex            assignment only; owned by the AP bus
 *     guests_lock            which guest an mdev has, while its masks are changed; walks of the mdev list
 *       kvm->lock            of the one guest concerned
 *         mdevs_lock         every field of every mdev and queue
 *   vcpu->mutex              KVM_RUN
 *     pqap_hook_rwsem (R)    for the whole PQAP handler
 *       mdevs_lock
 *   pqap_hook_rwsem (W)      alone, before any of the update locks
 * Everything else is a leaf. kvm->lock also comes before vcpu->mutex (Secure Execution), which agrees with both chains.
 */
import type { ApMask } from '../../base/ap-mask.ts';
import { EBUSY, EOPNOTSUPP, EPERM, OK, type Errno } from '../../base/errno.ts';
import { bareStatus } from '../../crypto-adapters/ap-status.ts';
import { Rc } from '../../crypto-adapters/response-code.ts';
import type { Kvm } from '../../kvm/kvm.ts';
import { NO_HOOK, type InterceptedAqic, type PqapAnswer } from '../../kvm/pqap-port.ts';
import type { Guard } from '../../locks/guard.ts';
import { LockClass } from '../../locks/lock-class.ts';
import type { Mutex } from '../../locks/mutex.ts';
import type { MaybePromise } from '../../runtime/runtime.ts';
import type { Task } from '../../runtime/task.ts';
import { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import type { MatrixDev } from '../matrix-dev.ts';
import type { VfioApQueue } from '../vfio-ap-queue.ts';
import {
  sameLock,
  type Body,
  type DesignContext,
  type EachBodies,
  type LockingDesign,
  type Section,
  type Steps,
  type Target,
} from './port.ts';
import { PqapHooks } from './pqap-hooks.ts';
import { targetMdev } from './target-mdev.ts';

export interface GuestsLockClasses {
  readonly guests: LockClass;
  readonly mdevs: LockClass;
}

/** The two locks of the driver. `tryable` for a design that tries them: their release is then a step that others can observe. */
export const guestsLockClasses = (tryable: boolean): GuestsLockClasses => ({
  guests: new LockClass('guests_lock', { tryable, protects: 'which guest an mdev has while its masks change, walks of the mdev list' }),
  mdevs: new LockClass('mdevs_lock', { tryable, protects: 'every field of every mdev and of every queue bound to vfio_ap' }),
});

const LOCK_CLASSES = guestsLockClasses(false);

const NOT_AVAILABLE: PqapAnswer = { status: bareStatus(Rc.Q_NOT_AVAIL) };

export class GuestsLock implements LockingDesign {
  readonly name: string = 'guests-lock';
  readonly order: readonly (readonly string[])[] = [
    ['ap_attr_mutex', 'guests_lock', 'kvm->lock', 'mdevs_lock'],
    ['kvm->lock', 'vcpu->mutex', 'pqap_hook_rwsem', 'mdevs_lock'],
  ];
  readonly hotPlug = true;
  readonly stateLock: Mutex;
  protected readonly guestsLock: Mutex;
  protected readonly mdevsLock: Mutex;
  protected readonly matrixDev: MatrixDev;
  private readonly steps: Steps;
  private readonly hooks: PqapHooks;

  constructor({ layer, matrixDev, steps }: DesignContext, classes: GuestsLockClasses = LOCK_CLASSES) {
    this.guestsLock = layer.mutex(classes.guests, 'guests_lock');
    this.mdevsLock = layer.mutex(classes.mdevs, 'mdevs_lock');
    this.stateLock = this.mdevsLock;
    this.matrixDev = matrixDev;
    this.steps = steps;
    this.hooks = new PqapHooks(layer);
  }

  adoptHost(matrixDev: MatrixDev): void {
    matrixDev.info.guardedBy([this.guestsLock]);
    matrixDev.mdevs.guardedBy([this.guestsLock, this.mdevsLock]);
  }

  adoptKvm(kvm: Kvm): void {
    kvm.pqapHook.guardedBy([kvm.pqapHookRwsem]);
    this.hooks.adopt(kvm).guardedBy([kvm.pqapHookRwsem]);
  }

  adoptMdev(mdev: ApMatrixMdev): void {
    const both = [this.guestsLock, this.mdevsLock];
    for (const field of [mdev.matrix, mdev.shadow, mdev.pending]) field.guardedBy(both);
    mdev.kvm.guardedBy(both);
    mdev.qtable.guardedBy(both);
    mdev.reqTrigger.guardedBy([this.mdevsLock]);
    mdev.cfgChgTrigger.guardedBy([this.mdevsLock]);
  }

  adoptQueue(queue: VfioApQueue): void {
    queue.mdev.guardedBy([this.guestsLock, this.mdevsLock]);
    queue.savedIova.guardedBy([this.mdevsLock]);
    queue.savedIsc.guardedBy([this.mdevsLock]);
    queue.resetStatus.guardedBy([this.mdevsLock]);
  }

  async intercept(task: Task, { kvm, vcpu, apqn, operand }: InterceptedAqic): Promise<PqapAnswer> {
    using _hook = await kvm.pqapHookRwsem.read(task);
    const mdev = ApMatrixMdev.of(kvm.pqapHook.get(task));
    if (mdev === null) return NO_HOOK;
    if (!vcpu.aiv) return { errno: EOPNOTSUPP };
    using _mdevs = await this.mdevsLock.acquire(task);
    const queue = this.steps.lookup(task, mdev, apqn);
    if (queue === null) return NOT_AVAILABLE;
    return { status: await this.steps.aqic(task, queue, { kvm, vcpu, operand }) };
  }

  async attach(task: Task, mdev: ApMatrixMdev, kvm: Kvm): Promise<Errno> {
    await this.publish(task, kvm, mdev);
    const other = await this.attachUnderLocks(task, mdev, kvm);
    if (other === null) return OK;
    await this.refused(task, kvm, { mdev, other });
    return EPERM;
  }

  async detach(task: Task, mdev: ApMatrixMdev): Promise<void> {
    // Read without a lock of the driver, as the kernel does: opens and closes of a device exclude each other by dev_set->lock.
    const kvm = await mdev.kvm.read(task);
    if (kvm === null) return;
    await this.closed(task, kvm, mdev);
    using _guests = await this.guestsLock.acquire(task);
    using _kvm = await kvm.lock.acquire(task);
    using _mdevs = await this.mdevsLock.acquire(task);
    await this.steps.clearMasks(task, kvm);
    await this.steps.resetQueues(task, mdev, sameLock);
    this.steps.unbind(task, mdev, kvm);
  }

  async change(task: Task, target: Target, body: Body): Promise<Errno> {
    if (target.kind === 'reset' || target.kind === 'set-irqs' || target.kind === 'dma-unmap') {
      using _mdevs = await this.mdevsLock.acquire(task);
      return await body(this.section(target.mdev, null));
    }
    using _attr = await this.holdOwnership(task, target);
    using guests = await this.takeGuests(task, target);
    if (guests === null) return EBUSY;
    const mdev = targetMdev(task, this.steps, target);
    const kvm = mdev === null ? null : mdev.kvm.get(task);
    using _kvm = kvm === null ? null : await kvm.lock.acquire(task);
    using _mdevs = await this.mdevsLock.acquire(task);
    return await body(this.section(mdev, kvm));
  }

  async changeEach(task: Task, bodies: EachBodies): Promise<void> {
    using _guests = await this.guestsLock.acquire(task);
    await bodies.before?.();
    for (const mdev of this.matrixDev.mdevs.get(task)) {
      const kvm = mdev.kvm.get(task);
      using _kvm = kvm === null ? null : await kvm.lock.acquire(task);
      using _mdevs = await this.mdevsLock.acquire(task);
      await bodies.each(this.section(mdev, kvm));
    }
    bodies.after?.();
  }

  async inUse(task: Task, body: () => boolean): Promise<boolean | Errno> {
    using _guests = await this.guestsLock.acquire(task);
    using _mdevs = await this.mdevsLock.acquire(task);
    return body();
  }

  async inspect<T>(task: Task, body: () => T): Promise<T> {
    using _mdevs = await this.mdevsLock.acquire(task);
    return body();
  }

  async editList(task: Task, body: () => void): Promise<void> {
    using _guests = this.matrixDev.host.quirks.has('Q7') ? null : await this.guestsLock.acquire(task);
    using _mdevs = await this.mdevsLock.acquire(task);
    body();
  }

  private async attachUnderLocks(task: Task, mdev: ApMatrixMdev, kvm: Kvm): Promise<ApMatrixMdev | null> {
    using _guests = await this.guestsLock.acquire(task);
    using _kvm = await kvm.lock.acquire(task);
    using _mdevs = await this.mdevsLock.acquire(task);
    const other = this.steps.otherUser(task, mdev, kvm);
    if (other !== null) return other;
    this.steps.bind(task, mdev, kvm);
    await this.steps.setMasks(task, mdev, kvm);
    return null;
  }

  private async publish(task: Task, kvm: Kvm, mdev: ApMatrixMdev): Promise<void> {
    using _hook = await kvm.pqapHookRwsem.write(task);
    this.hooks.publish(task, kvm, mdev);
  }

  /** The hook goes back to the mdev that the guest has. */
  private async refused(task: Task, kvm: Kvm, { mdev, other }: { mdev: ApMatrixMdev; other: ApMatrixMdev }): Promise<void> {
    const { quirks } = this.matrixDev.host;
    if (quirks.has('stale-hook')) return;
    using _hook = await kvm.pqapHookRwsem.write(task);
    // The defect: the other one was looked at before the locks were given back, and may have gone since.
    if (quirks.has('Q11')) kvm.pqapHook.set(task, other);
    else this.hooks.withdraw(task, kvm, mdev);
  }

  private async closed(task: Task, kvm: Kvm, mdev: ApMatrixMdev): Promise<void> {
    const { quirks } = this.matrixDev.host;
    using _hook = await kvm.pqapHookRwsem.write(task);
    // The kernel clears the hook, whosever it is by now.
    if (quirks.has('Q11') || quirks.has('stale-hook')) kvm.pqapHook.set(task, null);
    else this.hooks.withdraw(task, kvm, mdev);
  }

  /** Assignment is atomic with the question whether the host reserves the queues. */
  protected holdOwnership(task: Task, target: Target): MaybePromise<Guard | null> {
    return target.kind === 'assign' ? this.matrixDev.host.bus.attrMutex.acquire(task) : null;
  }

  /** Null in designs that do not wait for it. */
  protected takeGuests(task: Task, _target: Target): MaybePromise<Guard | null> {
    return this.guestsLock.acquire(task);
  }

  protected reserved(task: Task, apm: ApMask, aqm: ApMask): MaybePromise<boolean> {
    return this.matrixDev.host.bus.ownsAny(task, apm, aqm);
  }

  private section(mdev: ApMatrixMdev | null, kvm: Kvm | null): Section {
    return {
      mdev,
      onQueue: sameLock,
      push: async (task) => {
        if (mdev !== null && kvm !== null) await this.steps.setMasks(task, mdev, kvm);
      },
      withdraw: async (task) => {
        if (kvm !== null) await this.steps.clearMasks(task, kvm);
      },
      reserved: (task, apm, aqm) => this.reserved(task, apm, aqm),
    };
  }
}
