/**
 * D1, `global-mutex`: the design of Linux 5.11 (commit f21916ec4826): one mutex for everything, held across the update of the masks.
 *
 * Order, outermost first:
 *   ap_attr_mutex            assignment only; owned by the AP bus
 *     matrix_dev->lock       every field of every mdev and queue
 *       kvm->lock            while the masks of a guest are set or cleared
 *   vcpu->mutex              KVM_RUN
 *     matrix_dev->lock       for the whole PQAP handler
 * KVM's own kvm->lock -> vcpu->mutex (Secure Execution) closes the cycle. The hook is read without any lock.
 */
import type { ApMask } from '../../base/ap-mask.ts';
import { EBUSY, EOPNOTSUPP, EPERM, OK, type Errno } from '../../base/errno.ts';
import { bareStatus, type ApStatus } from '../../crypto-adapters/ap-status.ts';
import { Rc } from '../../crypto-adapters/response-code.ts';
import type { Kvm } from '../../kvm/kvm.ts';
import { NO_HOOK, type InterceptedAqic, type PqapAnswer } from '../../kvm/pqap-port.ts';
import type { FieldGuard } from '../../locks/guarded-field.ts';
import type { LockClass } from '../../locks/lock-class.ts';
import type { Lock } from '../../locks/lock.ts';
import type { Mutex } from '../../locks/mutex.ts';
import type { MaybePromise } from '../../runtime/runtime.ts';
import type { Task } from '../../runtime/task.ts';
import { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import type { MatrixDev } from '../matrix-dev.ts';
import type { VfioApQueue } from '../vfio-ap-queue.ts';
import { MATRIX_LOCK } from './lock-classes.ts';
import {
  sameLock,
  type Body,
  type DesignContext,
  type EachBodies,
  type LockingDesign,
  type OnQueue,
  type Section,
  type Steps,
  type Target,
} from './port.ts';
import { targetMdev } from './target-mdev.ts';

/** Without hot plug these are refused while a guest is attached. */
export const REFUSED_WITH_GUEST: ReadonlySet<Target['kind']> = new Set(['assign', 'unassign', 'control-domain', 'remove']);

export const NO_QUEUE = bareStatus(Rc.Q_NOT_AVAIL);
export const NOT_AVAILABLE: PqapAnswer = { status: NO_QUEUE };

export class GlobalMutex implements LockingDesign {
  readonly name: string = 'global-mutex';
  readonly order: readonly (readonly string[])[] = [
    ['ap_attr_mutex', 'matrix_dev->lock', 'kvm->lock'],
    ['vcpu->mutex', 'matrix_dev->lock'],
  ];
  readonly hotPlug: boolean = false;
  readonly stateLock: Lock | null;
  protected readonly matrix: Mutex;
  protected readonly matrixDev: MatrixDev;
  protected readonly steps: Steps;

  constructor({ layer, matrixDev, steps }: DesignContext, lockClass: LockClass = MATRIX_LOCK) {
    this.matrix = layer.mutex(lockClass, 'matrix_dev->lock');
    this.stateLock = this.matrix;
    this.matrixDev = matrixDev;
    this.steps = steps;
  }

  adoptHost(matrixDev: MatrixDev): void {
    matrixDev.info.guardedBy([this.stateGuard]);
    matrixDev.mdevs.guardedBy([this.stateGuard]);
  }

  adoptKvm(kvm: Kvm): void {
    kvm.pqapHook.guardedBy('unguarded');
  }

  adoptMdev(mdev: ApMatrixMdev): void {
    for (const field of [mdev.matrix, mdev.shadow, mdev.pending]) field.guardedBy([this.stateGuard]);
    mdev.kvm.guardedBy([this.stateGuard]);
    mdev.qtable.guardedBy([this.stateGuard]);
    mdev.reqTrigger.guardedBy([this.stateGuard]);
    mdev.cfgChgTrigger.guardedBy([this.stateGuard]);
  }

  adoptQueue(queue: VfioApQueue): void {
    queue.mdev.guardedBy([this.stateGuard]);
    queue.savedIova.guardedBy([this.stateGuard]);
    queue.savedIsc.guardedBy([this.stateGuard]);
    queue.resetStatus.guardedBy([this.stateGuard]);
  }

  async intercept(task: Task, request: InterceptedAqic): Promise<PqapAnswer> {
    // Nothing keeps the mdev behind the hook from being freed before the mutex is there.
    const mdev = ApMatrixMdev.of(await request.kvm.pqapHook.read(task));
    if (mdev === null) return NO_HOOK;
    if (!request.vcpu.aiv) return { errno: EOPNOTSUPP };
    using _matrix = await this.exclusive(task);
    return { status: await this.handle(task, mdev, request) };
  }

  async attach(task: Task, mdev: ApMatrixMdev, kvm: Kvm): Promise<Errno> {
    using _matrix = await this.exclusive(task);
    if (this.steps.otherUser(task, mdev, kvm) !== null) return EPERM;
    this.steps.bind(task, mdev, kvm);
    await kvm.pqapHook.write(task, mdev);
    await this.setMasks(task, mdev, kvm);
    return OK;
  }

  async detach(task: Task, mdev: ApMatrixMdev): Promise<void> {
    using _matrix = await this.exclusive(task);
    const kvm = mdev.kvm.get(task);
    if (kvm === null) return;
    await this.clearMasks(task, kvm);
    await kvm.pqapHook.write(task, null);
    await this.steps.resetQueues(task, mdev, this.onQueue);
    this.steps.unbind(task, mdev, kvm);
  }

  async change(task: Task, target: Target, body: Body): Promise<Errno> {
    using _attr = target.kind === 'assign' ? await this.matrixDev.host.bus.attrMutex.acquire(task) : null;
    using _matrix = await this.exclusive(task);
    const mdev = targetMdev(task, this.steps, target);
    if (mdev !== null && this.refuses(task, target, mdev)) return EBUSY;
    return await body(this.section(mdev));
  }

  async changeEach(task: Task, bodies: EachBodies): Promise<void> {
    using _matrix = await this.exclusive(task);
    await bodies.before?.();
    for (const mdev of this.matrixDev.mdevs.get(task)) await bodies.each(this.section(mdev));
    bodies.after?.();
  }

  async inUse(task: Task, body: () => boolean): Promise<boolean | Errno> {
    using _matrix = await this.exclusive(task);
    return body();
  }

  async inspect<T>(task: Task, body: () => T): Promise<T> {
    using _matrix = await this.exclusive(task);
    return body();
  }

  async editList(task: Task, body: () => void): Promise<void> {
    using _matrix = await this.exclusive(task);
    body();
  }

  /** The handler itself, under whatever the design gives it. */
  protected async handle(task: Task, mdev: ApMatrixMdev, { kvm, vcpu, apqn, operand }: InterceptedAqic): Promise<ApStatus> {
    const queue = this.steps.lookup(task, mdev, apqn);
    return queue === null ? NO_QUEUE : await this.steps.aqic(task, queue, { kvm, vcpu, operand });
  }

  /** How the interrupt of one queue is guarded beyond the mutex. */
  protected get onQueue(): OnQueue {
    return sameLock;
  }

  /** What guards the fields, and how it is taken to change them: designs with another kind of lock have their own. */
  protected get stateGuard(): FieldGuard {
    return this.matrix;
  }

  protected exclusive(task: Task): MaybePromise<Disposable> {
    return this.matrix.acquire(task);
  }

  /** Kernels of that time took kvm->lock inside the function that sets the masks. */
  protected async setMasks(task: Task, mdev: ApMatrixMdev, kvm: Kvm): Promise<void> {
    using _kvm = await kvm.lock.acquire(task);
    await this.steps.setMasks(task, mdev, kvm);
  }

  protected async clearMasks(task: Task, kvm: Kvm): Promise<void> {
    using _kvm = await kvm.lock.acquire(task);
    await this.steps.clearMasks(task, kvm);
  }

  /** What a running guest has does not change: there is no hot plug. */
  protected refuses(task: Task, target: Target, mdev: ApMatrixMdev): boolean {
    return REFUSED_WITH_GUEST.has(target.kind) && mdev.kvm.get(task) !== null;
  }

  protected section(mdev: ApMatrixMdev | null): Section {
    return {
      mdev,
      onQueue: this.onQueue,
      // Without hot plug the masks of a running guest stay as they are, also when one of its queues is taken away.
      push: () => Promise.resolve(),
      withdraw: () => Promise.resolve(),
      reserved: (task, apm, aqm) => this.reserved(task, apm, aqm),
    };
  }

  protected reserved(task: Task, apm: ApMask, aqm: ApMask): MaybePromise<boolean> {
    return this.matrixDev.host.bus.ownsAny(task, apm, aqm);
  }
}
