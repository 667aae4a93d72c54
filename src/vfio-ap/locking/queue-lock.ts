/**
 * `queue-lock`, the fifth alternative weighed in autumn 2021: the PQAP handler looks at the masks of the guest only, and takes a mutex of
 * the queue, which guards its interrupt.
 *
 * Order, outermost first:
 *   ap_attr_mutex            assignment only; owned by the AP bus
 *     matrix_dev->lock       every field but the interrupts of queues
 *       kvm->lock            while the masks of a guest are set or cleared
 *       vfio_ap queue lock   resets
 *   vcpu->mutex
 *     vfio_ap queue lock     for the whole PQAP handler
 * No cycle. But nothing keeps the queue, or the guest, between the look at the masks and the end of the handler.
 */
import { adapterOf, domainOf } from '../../base/apqn.ts';
import { EOPNOTSUPP } from '../../base/errno.ts';
import type { InterceptedAqic, PqapAnswer } from '../../kvm/pqap-port.ts';
import type { LockLayer } from '../../locks/lock-layer.ts';
import type { Mutex } from '../../locks/mutex.ts';
import type { Task } from '../../runtime/task.ts';
import type { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import type { VfioApQueue } from '../vfio-ap-queue.ts';
import { readerGuard } from './field-guards.ts';
import { GlobalMutex, NOT_AVAILABLE } from './global-mutex.ts';
import { QUEUE_LOCK } from './lock-classes.ts';
import type { DesignContext, OnQueue } from './port.ts';

const lockOf = (queue: VfioApQueue): Mutex => queue.locking as Mutex;

export class QueueLock extends GlobalMutex {
  override readonly name: string = 'queue-lock';
  override readonly order: readonly (readonly string[])[] = [
    ['ap_attr_mutex', 'matrix_dev->lock', 'kvm->lock'],
    ['matrix_dev->lock', 'vfio_ap queue lock'],
    ['vcpu->mutex', 'vfio_ap queue lock'],
  ];
  private readonly layer: LockLayer;

  constructor(context: DesignContext) {
    super(context);
    this.layer = context.layer;
  }

  override adoptMdev(mdev: ApMatrixMdev): void {
    super.adoptMdev(mdev);
    // A detach resets each queue under its lock before the guest pointer goes.
    const handler = readerGuard(`the lock of a queue of ${mdev.name}`, (task) =>
      [...mdev.qtable.inspect().values()].some((queue) => lockOf(queue).heldBy(task)),
    );
    mdev.kvm.guardedBy([this.matrix, handler]);
  }

  override adoptQueue(queue: VfioApQueue): void {
    super.adoptQueue(queue);
    const lock = this.layer.mutex(QUEUE_LOCK, `lock of ${queue.name}`);
    queue.locking = lock;
    queue.savedIova.guardedBy([lock]);
    queue.savedIsc.guardedBy([lock]);
    queue.mdev.guardedBy([this.matrix, readerGuard(lock.name, (task) => lock.heldBy(task))]);
  }

  override async intercept(task: Task, { kvm, vcpu, apqn, operand }: InterceptedAqic): Promise<PqapAnswer> {
    // Without kvm->lock: the masks may be others as soon as they have been read.
    const { apm, aqm } = await kvm.apcb.read(task);
    if (!apm.has(adapterOf(apqn)) || !aqm.has(domainOf(apqn))) return NOT_AVAILABLE;
    if (!vcpu.aiv) return { errno: EOPNOTSUPP };
    const queue = this.matrixDev.host.bus.findVfioQueue(apqn);
    if (queue === null) return NOT_AVAILABLE;
    using _queue = await lockOf(queue).acquire(task);
    return { status: await this.steps.aqic(task, queue, { kvm, vcpu, operand }) };
  }

  protected override get onQueue(): OnQueue {
    return async (task, queue, body) => {
      using _queue = await lockOf(queue).acquire(task);
      await body();
    };
  }
}
