/**
 * `fair-rwlock`, the third alternative weighed in autumn 2021: matrix_dev->lock becomes a semaphore; the update of the masks and the PQAP
 * handler are both readers, whatever changes the state is a writer. A mutex a queue keeps the vCPUs of a guest apart.
 *
 * Order, outermost first:
 *   ap_attr_mutex              assignment only; owned by the AP bus
 *     matrix_dev->lock (W)     every field of every mdev and queue
 *   matrix_dev->lock (R)       while the masks of a guest are set or cleared
 *     kvm->lock
 *   vcpu->mutex
 *     matrix_dev->lock (R)     for the whole PQAP handler
 *       vfio_ap queue lock     its interrupt
 * Readers do not exclude each other, but a writer that waits stops them: the cycle of D1 closes through any writer.
 */
import { EOPNOTSUPP, EPERM, OK, type Errno } from '../../base/errno.ts';
import type { ApStatus } from '../../crypto-adapters/ap-status.ts';
import type { Kvm } from '../../kvm/kvm.ts';
import { NO_HOOK, type InterceptedAqic, type PqapAnswer } from '../../kvm/pqap-port.ts';
import type { FieldGuard } from '../../locks/guarded-field.ts';
import type { LockLayer } from '../../locks/lock-layer.ts';
import { Lock } from '../../locks/lock.ts';
import type { Mutex } from '../../locks/mutex.ts';
import type { MaybePromise } from '../../runtime/runtime.ts';
import type { Task } from '../../runtime/task.ts';
import { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import type { VfioApQueue } from '../vfio-ap-queue.ts';
import { eitherGuard } from './field-guards.ts';
import { GlobalMutex, NO_QUEUE } from './global-mutex.ts';
import { MATRIX_LOCK, QUEUE_LOCK } from './lock-classes.ts';
import { sameLock, type DesignContext } from './port.ts';

/** One hold of the lock; ends once. */
export interface Hold extends Disposable {
  release(): void;
}

/** What the design needs of the lock, whose kinds its relatives choose. */
export interface MatrixRwlock extends FieldGuard {
  read(task: Task): MaybePromise<Hold>;
  write(task: Task): MaybePromise<Hold>;
  /** The writer becomes a reader without letting anybody in between. */
  downgrade(hold: Hold): void;
}

export class FairRwlock extends GlobalMutex {
  override readonly name: string = 'fair-rwlock';
  override readonly order: readonly (readonly string[])[] = [
    ['ap_attr_mutex', 'matrix_dev->lock', 'kvm->lock'],
    ['vcpu->mutex', 'matrix_dev->lock', 'vfio_ap queue lock'],
  ];
  override readonly stateLock: Lock | null;
  private readonly rwlock: MatrixRwlock;
  private readonly layer: LockLayer;

  constructor(context: DesignContext, rwlock: MatrixRwlock = context.layer.rwSemaphore(MATRIX_LOCK, 'matrix_dev->lock')) {
    super(context);
    this.rwlock = rwlock;
    this.stateLock = rwlock instanceof Lock ? rwlock : null;
    this.layer = context.layer;
  }

  override adoptQueue(queue: VfioApQueue): void {
    super.adoptQueue(queue);
    const lock = this.layer.mutex(QUEUE_LOCK, `lock of ${queue.name}`);
    queue.locking = lock;
    const interrupt = eitherGuard(this.rwlock, lock);
    queue.savedIova.guardedBy([interrupt]);
    queue.savedIsc.guardedBy([interrupt]);
  }

  override async intercept(task: Task, request: InterceptedAqic): Promise<PqapAnswer> {
    const mdev = ApMatrixMdev.of(await request.kvm.pqapHook.read(task));
    if (mdev === null) return NO_HOOK;
    if (!request.vcpu.aiv) return { errno: EOPNOTSUPP };
    using _matrix = await this.rwlock.read(task);
    return { status: await this.handle(task, mdev, request) };
  }

  override async attach(task: Task, mdev: ApMatrixMdev, kvm: Kvm): Promise<Errno> {
    using matrix = await this.rwlock.write(task);
    if (this.steps.otherUser(task, mdev, kvm) !== null) return EPERM;
    this.steps.bind(task, mdev, kvm);
    await kvm.pqapHook.write(task, mdev);
    this.rwlock.downgrade(matrix);
    await this.setMasks(task, mdev, kvm);
    return OK;
  }

  override async detach(task: Task, mdev: ApMatrixMdev): Promise<void> {
    {
      using _matrix = await this.rwlock.read(task);
      const kvm = mdev.kvm.get(task);
      if (kvm === null) return;
      await this.clearMasks(task, kvm);
    }
    using _matrix = await this.rwlock.write(task);
    const kvm = mdev.kvm.get(task)!;
    await kvm.pqapHook.write(task, null);
    await this.steps.resetQueues(task, mdev, sameLock);
    this.steps.unbind(task, mdev, kvm);
  }

  protected override async handle(task: Task, mdev: ApMatrixMdev, { kvm, vcpu, apqn, operand }: InterceptedAqic): Promise<ApStatus> {
    const queue = this.steps.lookup(task, mdev, apqn);
    if (queue === null) return NO_QUEUE;
    using _queue = await (queue.locking as Mutex).acquire(task);
    return await this.steps.aqic(task, queue, { kvm, vcpu, operand });
  }

  protected override get stateGuard(): FieldGuard {
    return this.rwlock;
  }

  protected override exclusive(task: Task): MaybePromise<Hold> {
    return this.rwlock.write(task);
  }
}
