/**
 * `srcu`, the fourth alternative weighed in autumn 2021: the PQAP handler is a reader that nothing stops; a detach waits until the readers
 * that were there have gone. A mutex a queue keeps the vCPUs of a guest apart.
 *
 * Order, outermost first:
 *   ap_attr_mutex              assignment only; owned by the AP bus
 *     matrix_dev->lock         every field but the interrupts of queues
 *       kvm->lock              while the masks of a guest are set or cleared
 *       matrix srcu (wait)     detach
 *       vfio_ap queue lock     resets
 *   vcpu->mutex
 *     matrix srcu (reader)     for the whole PQAP handler
 *       vfio_ap queue lock
 * No cycle, and the mdev behind the hook stays. But what the handler reads of it may be out of date, and the queue may be freed.
 */
import { EOPNOTSUPP } from '../../base/errno.ts';
import { NO_HOOK, type InterceptedAqic, type PqapAnswer } from '../../kvm/pqap-port.ts';
import { LockClass } from '../../locks/lock-class.ts';
import type { LockMap } from '../../locks/lock-map.ts';
import { RECURSIVE } from '../../locks/modes.ts';
import type { Mutex } from '../../locks/mutex.ts';
import type { WaitQueue } from '../../locks/wait-queue.ts';
import type { Task } from '../../runtime/task.ts';
import { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import { readerGuard } from './field-guards.ts';
import { NOT_AVAILABLE } from './global-mutex.ts';
import type { DesignContext } from './port.ts';
import { QueueLock } from './queue-lock.ts';

const SRCU = new LockClass('matrix srcu', { protects: 'mdevs, while the PQAP handler looks at them; waited for by a detach' });

export class Srcu extends QueueLock {
  override readonly name: string = 'srcu';
  override readonly order: readonly (readonly string[])[] = [
    ['ap_attr_mutex', 'matrix_dev->lock', 'kvm->lock'],
    ['matrix_dev->lock', 'matrix srcu', 'vfio_ap queue lock'],
    ['vcpu->mutex', 'vfio_ap queue lock'],
  ];
  private readonly readers: LockMap;
  private readonly grace: WaitQueue;
  /** One for each handler that is running. */
  private readonly sections = new Set<object>();

  constructor(context: DesignContext) {
    super(context);
    this.readers = context.layer.map(SRCU, SRCU.name);
    this.grace = context.layer.waitQueue(this.readers);
  }

  override adoptMdev(mdev: ApMatrixMdev): void {
    super.adoptMdev(mdev);
    const reader = readerGuard(SRCU.name, (task) => this.readers.holders.includes(task));
    mdev.kvm.guardedBy([this.matrix, reader]);
    mdev.qtable.guardedBy([this.matrix, reader]);
  }

  override async intercept(task: Task, request: InterceptedAqic): Promise<PqapAnswer> {
    const section = this.readers.hold(task, RECURSIVE);
    this.sections.add(section);
    try {
      return await this.read(task, request);
    } finally {
      this.sections.delete(section);
      section.release();
      this.grace.wakeAll(task);
    }
  }

  override async detach(task: Task, mdev: ApMatrixMdev): Promise<void> {
    using _matrix = await this.matrix.acquire(task);
    const kvm = mdev.kvm.get(task);
    if (kvm === null) return;
    await this.clearMasks(task, kvm);
    await kvm.pqapHook.write(task, null);
    const before = [...this.sections];
    await this.grace.wait(task, () => !before.some((section) => this.sections.has(section)));
    await this.steps.resetQueues(task, mdev, this.onQueue);
    this.steps.unbind(task, mdev, kvm);
  }

  private async read(task: Task, { kvm, vcpu, apqn, operand }: InterceptedAqic): Promise<PqapAnswer> {
    const mdev = ApMatrixMdev.of(await kvm.pqapHook.read(task));
    if (mdev === null) return NO_HOOK;
    if (!vcpu.aiv) return { errno: EOPNOTSUPP };
    const queue = this.steps.lookup(task, mdev, apqn);
    if (queue === null) return NOT_AVAILABLE;
    using _queue = await (queue.locking as Mutex).acquire(task);
    return { status: await this.steps.aqic(task, queue, { kvm, vcpu, operand }) };
  }
}
