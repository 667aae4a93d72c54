/**
 * D2, `kvm-busy`: the design of Linux 5.12 (commit 0cc00c8d4050): the mutex is given back while the masks change, and a flag of the mdev
 * with a wait queue takes its place.
 *
 * Order, outermost first:
 *   ap_attr_mutex            assignment only; owned by the AP bus
 *     matrix_dev->lock       every field of every mdev and queue, kvm_busy too
 *   kvm_busy                 from when the flag is set until it is cleared
 *     kvm->lock              while the masks of a guest are set or cleared
 *     matrix_dev->lock       taken again afterwards
 *   vcpu->mutex
 *     matrix_dev->lock       for the whole PQAP handler
 *     kvm_busy (wait)        without the mutex
 * The flag is a lock by another name: with KVM's kvm->lock -> vcpu->mutex the cycle is that of D1.
 */
import { EOPNOTSUPP, EPERM, OK, type Errno } from '../../base/errno.ts';
import type { Kvm } from '../../kvm/kvm.ts';
import { NO_HOOK, type InterceptedAqic, type PqapAnswer } from '../../kvm/pqap-port.ts';
import type { Guard } from '../../locks/guard.ts';
import { LockClass } from '../../locks/lock-class.ts';
import type { LockLayer } from '../../locks/lock-layer.ts';
import type { LockMap } from '../../locks/lock-map.ts';
import type { WaitQueue } from '../../locks/wait-queue.ts';
import type { Task } from '../../runtime/task.ts';
import { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import { GlobalMutex, REFUSED_WITH_GUEST } from './global-mutex.ts';
import { sameLock, type Body, type DesignContext, type Target } from './port.ts';
import { readerGuard } from './field-guards.ts';

const KVM_BUSY = new LockClass('kvm_busy', { protects: 'an mdev while the masks of its guest are set or cleared; waited for' });

/** kvm_busy and wait_for_kvm of one mdev. Changed under the mutex. */
export class BusyFlag {
  private readonly map: LockMap;
  private readonly queue: WaitQueue;
  private holder: Guard | null = null;

  constructor(layer: LockLayer, mdev: string) {
    this.map = layer.map(KVM_BUSY, `kvm_busy of ${mdev}`);
    this.queue = layer.waitQueue(this.map);
  }

  get on(): boolean {
    return this.holder !== null;
  }

  setBy(task: Task): boolean {
    return this.holder?.task === task;
  }

  set(task: Task): void {
    this.holder = this.map.hold(task);
  }

  clear(task: Task): void {
    this.holder?.release();
    this.holder = null;
    this.queue.wakeAll(task);
  }

  /** Sleeps without `matrix` until the flag is clear, and holds it again then. */
  async waitUntilClear(task: Task, matrix: Guard): Promise<void> {
    await this.queue.wait(task, () => !this.on, { drop: matrix });
  }
}

export const busyFlagOf = (mdev: ApMatrixMdev): BusyFlag => mdev.locking as BusyFlag;

export class KvmBusy extends GlobalMutex {
  override readonly name: string = 'kvm-busy';
  override readonly order: readonly (readonly string[])[] = [
    ['ap_attr_mutex', 'matrix_dev->lock'],
    ['kvm_busy', 'kvm->lock'],
    ['kvm_busy', 'matrix_dev->lock'],
    ['vcpu->mutex', 'matrix_dev->lock'],
    ['vcpu->mutex', 'kvm_busy'],
  ];
  private readonly layer: LockLayer;

  constructor(context: DesignContext, lockClass?: LockClass) {
    super(context, lockClass);
    this.layer = context.layer;
  }

  override adoptMdev(mdev: ApMatrixMdev): void {
    super.adoptMdev(mdev);
    const busy = new BusyFlag(this.layer, mdev.name);
    mdev.locking = busy;
    // Assignment is refused while the flag is set: who has set it may copy the masks without the mutex.
    const setter = readerGuard(`kvm_busy of ${mdev.name}`, (task) => busy.setBy(task));
    mdev.shadow.guardedBy([this.matrix, setter]);
    mdev.cfgChgTrigger.guardedBy([this.matrix, setter]);
  }

  override async attach(task: Task, mdev: ApMatrixMdev, kvm: Kvm): Promise<Errno> {
    {
      using _matrix = await this.matrix.acquire(task);
      // mdev->kvm is set only after the masks: another mdev may pass this check for the same guest meanwhile.
      if (this.steps.otherUser(task, mdev, kvm) !== null) return EPERM;
      kvm.get();
      busyFlagOf(mdev).set(task);
    }
    await this.setMasks(task, mdev, kvm);
    using _matrix = await this.matrix.acquire(task);
    await kvm.pqapHook.write(task, mdev);
    this.steps.bind(task, mdev, kvm);
    // The step has taken the reference that stays.
    kvm.put();
    busyFlagOf(mdev).clear(task);
    return OK;
  }

  override async detach(task: Task, mdev: ApMatrixMdev): Promise<void> {
    const busy = busyFlagOf(mdev);
    using matrix = await this.matrix.acquire(task);
    await busy.waitUntilClear(task, matrix);
    if (mdev.kvm.get(task) === null) return;
    busy.set(task);
    matrix.release();
    // Read without the mutex, as the kernel did: only the flag keeps it.
    const kvm = (await mdev.kvm.read(task))!;
    await this.clearMasks(task, kvm);
    using _again = await this.matrix.acquire(task);
    await this.steps.resetQueues(task, mdev, sameLock);
    await kvm.pqapHook.write(task, null);
    this.steps.unbind(task, mdev, kvm);
    busy.clear(task);
  }

  override async intercept(task: Task, request: InterceptedAqic): Promise<PqapAnswer> {
    const mdev = ApMatrixMdev.of(await request.kvm.pqapHook.read(task));
    if (mdev === null) return NO_HOOK;
    if (!request.vcpu.aiv) return { errno: EOPNOTSUPP };
    using matrix = await this.matrix.acquire(task);
    // The wait queue is inside the mdev: whoever is woken takes the mutex again, and the mdev may be gone by then.
    await busyFlagOf(mdev).waitUntilClear(task, matrix);
    return { status: await this.handle(task, mdev, request) };
  }

  override async change(task: Task, target: Target, body: Body): Promise<Errno> {
    if (target.kind !== 'reset') return await super.change(task, target, body);
    using matrix = await this.matrix.acquire(task);
    await busyFlagOf(target.mdev).waitUntilClear(task, matrix);
    return await body(this.section(target.mdev));
  }

  protected override refuses(task: Task, target: Target, mdev: ApMatrixMdev): boolean {
    return super.refuses(task, target, mdev) || (REFUSED_WITH_GUEST.has(target.kind) && busyFlagOf(mdev).on);
  }
}
