/**
 * D7, `guests-rwsem`: version 17 of the dynamic assignment series (October 2021): guests_lock is a semaphore, outside of kvm->lock, and
 * the handler is installed once, so that kvm->arch.crypto has only to say which mdev a guest has.
 *
 * Order, outermost first:
 *   ap_attr_mutex            assignment only; owned by the AP bus
 *     guests_lock (R)        every change of an mdev or queue
 *       kvm->lock            of the one guest concerned
 *         matrix_dev->lock   not when the host configuration changes
 *   guests_lock (W)          attach, detach, removal
 *     kvm->lock
 *       matrix_dev->lock
 *   vcpu->mutex
 *     matrix_dev->lock       for the whole PQAP handler
 * No cycle. A host configuration change writes mdevs and the host information as a reader of guests_lock, beside other readers.
 */
import { EOPNOTSUPP, EPERM, OK, type Errno } from '../../base/errno.ts';
import type { Kvm } from '../../kvm/kvm.ts';
import type { InterceptedAqic, PqapAnswer } from '../../kvm/pqap-port.ts';
import { LockClass } from '../../locks/lock-class.ts';
import type { RwSemaphore } from '../../locks/rw-semaphore.ts';
import type { Task } from '../../runtime/task.ts';
import { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import type { MatrixDev } from '../matrix-dev.ts';
import { GlobalMutex, NOT_AVAILABLE } from './global-mutex.ts';
import { sameLock, type Body, type DesignContext, type EachBodies, type Section, type Target } from './port.ts';
import { readerGuard } from './field-guards.ts';
import { targetMdev } from './target-mdev.ts';

const GUESTS_LOCK = new LockClass('guests_lock', { protects: 'which guests there are; held by whoever takes a kvm->lock' });

export class GuestsRwsem extends GlobalMutex {
  override readonly name: string = 'guests-rwsem';
  override readonly order: readonly (readonly string[])[] = [
    ['ap_attr_mutex', 'guests_lock', 'kvm->lock', 'vcpu->mutex', 'matrix_dev->lock'],
  ];
  override readonly hotPlug: boolean = true;
  private readonly guests: RwSemaphore;

  constructor(context: DesignContext) {
    super(context);
    this.guests = context.layer.rwSemaphore(GUESTS_LOCK, 'guests_lock');
  }

  override adoptHost(matrixDev: MatrixDev): void {
    matrixDev.info.guardedBy([this.guests]);
    matrixDev.mdevs.guardedBy([this.guests, this.matrix]);
  }

  override adoptKvm(kvm: Kvm): void {
    // Stands for the pointer to the mdev: the handler itself is always there.
    kvm.pqapHook.guardedBy([this.matrix]);
  }

  override adoptMdev(mdev: ApMatrixMdev): void {
    super.adoptMdev(mdev);
    const reader = readerGuard('guests_lock', (task) => this.guests.heldBy(task));
    for (const field of [mdev.matrix, mdev.shadow, mdev.pending]) field.guardedBy([this.matrix, reader]);
    mdev.qtable.guardedBy([this.matrix, reader]);
    mdev.cfgChgTrigger.guardedBy([this.matrix, reader]);
    mdev.kvm.guardedBy([this.guests, this.matrix]);
  }

  override async intercept(task: Task, request: InterceptedAqic): Promise<PqapAnswer> {
    if (!request.vcpu.aiv) return { errno: EOPNOTSUPP };
    using _matrix = await this.matrix.acquire(task);
    const mdev = ApMatrixMdev.of(request.kvm.pqapHook.get(task));
    return mdev === null ? NOT_AVAILABLE : { status: await this.handle(task, mdev, request) };
  }

  override async attach(task: Task, mdev: ApMatrixMdev, kvm: Kvm): Promise<Errno> {
    using _guests = await this.guests.write(task);
    using _kvm = await kvm.lock.acquire(task);
    using _matrix = await this.matrix.acquire(task);
    if (this.steps.otherUser(task, mdev, kvm) !== null) return EPERM;
    this.steps.bind(task, mdev, kvm);
    kvm.pqapHook.set(task, mdev);
    await this.steps.setMasks(task, mdev, kvm);
    return OK;
  }

  override async detach(task: Task, mdev: ApMatrixMdev): Promise<void> {
    using _guests = await this.guests.write(task);
    const kvm = mdev.kvm.get(task);
    if (kvm === null) return;
    using _kvm = await kvm.lock.acquire(task);
    using _matrix = await this.matrix.acquire(task);
    await this.steps.clearMasks(task, kvm);
    await this.steps.resetQueues(task, mdev, sameLock);
    kvm.pqapHook.set(task, null);
    this.steps.unbind(task, mdev, kvm);
  }

  override async change(task: Task, target: Target, body: Body): Promise<Errno> {
    if (target.kind === 'reset' || target.kind === 'set-irqs' || target.kind === 'dma-unmap') {
      using _matrix = await this.matrix.acquire(task);
      return await body(this.section(target.mdev));
    }
    using _attr = target.kind === 'assign' ? await this.matrixDev.host.bus.attrMutex.acquire(task) : null;
    using _guests = await (target.kind === 'remove' ? this.guests.write(task) : this.guests.read(task));
    const mdev = target.kind === 'unbind' ? await this.ownerOf(task, target) : targetMdev(task, this.steps, target);
    const kvm = mdev?.kvm.get(task) ?? null;
    using _kvm = kvm === null ? null : await kvm.lock.acquire(task);
    using _matrix = await this.matrix.acquire(task);
    return await body(this.section(mdev, kvm));
  }

  override async changeEach(task: Task, bodies: EachBodies): Promise<void> {
    using _guests = await this.guests.read(task);
    await bodies.before?.();
    for (const mdev of this.matrixDev.mdevs.get(task)) {
      const kvm = mdev.kvm.get(task);
      using _kvm = kvm === null ? null : await kvm.lock.acquire(task);
      // Without the mutex: other readers filter the same mdev.
      await bodies.each(this.section(mdev, kvm));
    }
    bodies.after?.();
  }

  override async inUse(task: Task, body: () => boolean): Promise<boolean | Errno> {
    using _guests = await this.guests.read(task);
    using _matrix = await this.matrix.acquire(task);
    return body();
  }

  override async editList(task: Task, body: () => void): Promise<void> {
    using _guests = await this.guests.write(task);
    using _matrix = await this.matrix.acquire(task);
    body();
  }

  protected override section(mdev: ApMatrixMdev | null, kvm: Kvm | null = null): Section {
    return {
      ...super.section(mdev),
      push: async (task) => {
        if (mdev !== null && kvm !== null) await this.steps.setMasks(task, mdev, kvm);
      },
      withdraw: async (task) => {
        if (kvm !== null) await this.steps.clearMasks(task, kvm);
      },
    };
  }

  /** The back pointer of a queue is read under the mutex; the mdev behind it stays, since its removal needs guests_lock for writing. */
  private async ownerOf(task: Task, target: Target): Promise<ApMatrixMdev | null> {
    using _matrix = await this.matrix.acquire(task);
    return targetMdev(task, this.steps, target);
  }
}
