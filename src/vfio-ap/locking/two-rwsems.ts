/**
 * D3, `two-rwsems`: the proposal of June 2021 (never merged): each mdev has a semaphore for its fields and one for its bitmaps. Stores
 * only try them. matrix_dev->lock is left for the list and for queues.
 *
 * Order, outermost first:
 *   ap_attr_mutex                assignment only; owned by the AP bus
 *     ap_matrix->rwsem (W, tried), ap_matrix_mdev->rwsem (W, tried)
 *   matrix_dev->lock             search of another user: alone; everything else that is no store and no interception:
 *     ap_matrix->rwsem (W)
 *       ap_matrix_mdev->rwsem (W)
 *   ap_matrix->rwsem (R)         attach and detach
 *     kvm->lock                  while the masks of a guest are set or cleared
 *   vcpu->mutex
 *     ap_matrix_mdev->rwsem (R)  for the whole PQAP handler
 * No cycle. But check and attachment are two steps, stores walk the list without its lock, and vCPUs share a queue as readers.
 */
import { EBUSY, EOPNOTSUPP, EPERM, OK, type Errno } from '../../base/errno.ts';
import type { Kvm } from '../../kvm/kvm.ts';
import { NO_HOOK, type InterceptedAqic, type PqapAnswer } from '../../kvm/pqap-port.ts';
import type { Guard } from '../../locks/guard.ts';
import { LockClass } from '../../locks/lock-class.ts';
import type { LockLayer } from '../../locks/lock-layer.ts';
import type { Lock } from '../../locks/lock.ts';
import type { RwSemaphore } from '../../locks/rw-semaphore.ts';
import type { Task } from '../../runtime/task.ts';
import { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import type { MatrixDev } from '../matrix-dev.ts';
import { GlobalMutex, NOT_AVAILABLE } from './global-mutex.ts';
import { sameLock, type Body, type DesignContext, type EachBodies, type Target } from './port.ts';
import { targetMdev } from './target-mdev.ts';

const FIELDS_RWSEM = new LockClass('ap_matrix_mdev->rwsem', { tryable: true, protects: 'the fields of one mdev' });
const BITMAPS_RWSEM = new LockClass('ap_matrix->rwsem', { tryable: true, protects: 'the adapters and domains assigned to one mdev' });

interface Semaphores {
  readonly bitmaps: RwSemaphore;
  readonly fields: RwSemaphore;
}

const semaphoresOf = (mdev: ApMatrixMdev): Semaphores => mdev.locking as Semaphores;
const STORES: ReadonlySet<Target['kind']> = new Set(['assign', 'unassign', 'control-domain']);

export class TwoRwsems extends GlobalMutex {
  override readonly name: string = 'two-rwsems';
  override readonly order: readonly (readonly string[])[] = [
    ['matrix_dev->lock', 'ap_matrix->rwsem', 'ap_matrix_mdev->rwsem'],
    ['ap_matrix->rwsem', 'kvm->lock', 'vcpu->mutex', 'ap_matrix_mdev->rwsem'],
    ['ap_attr_mutex', 'matrix_dev->lock'],
  ];
  /** No lock covers the whole state. */
  override readonly stateLock: Lock | null = null;
  private readonly layer: LockLayer;

  constructor(context: DesignContext) {
    super(context);
    this.layer = context.layer;
  }

  override adoptHost(matrixDev: MatrixDev): void {
    super.adoptHost(matrixDev);
    matrixDev.info.guardedBy('unguarded');
  }

  override adoptMdev(mdev: ApMatrixMdev): void {
    const bitmaps = this.layer.rwSemaphore(BITMAPS_RWSEM, `ap_matrix->rwsem of ${mdev.name}`);
    const fields = this.layer.rwSemaphore(FIELDS_RWSEM, `ap_matrix_mdev->rwsem of ${mdev.name}`);
    mdev.locking = { bitmaps, fields } satisfies Semaphores;
    for (const field of [mdev.matrix, mdev.shadow, mdev.pending]) field.guardedBy([bitmaps, fields]);
    mdev.reqTrigger.guardedBy([bitmaps, fields]);
    mdev.cfgChgTrigger.guardedBy([bitmaps, fields]);
    mdev.kvm.guardedBy([fields]);
    mdev.qtable.guardedBy([fields]);
  }

  override async intercept(task: Task, { kvm, vcpu, apqn, operand }: InterceptedAqic): Promise<PqapAnswer> {
    const mdev = ApMatrixMdev.of(await kvm.pqapHook.read(task));
    if (mdev === null) return NO_HOOK;
    if (!vcpu.aiv) return { errno: EOPNOTSUPP };
    using _fields = await semaphoresOf(mdev).fields.read(task);
    // Whether the mdev still has a guest is not asked.
    const queue = mdev.qtable.get(task).get(apqn);
    return queue === undefined ? NOT_AVAILABLE : { status: await this.steps.aqic(task, queue, { kvm, vcpu, operand }) };
  }

  override async attach(task: Task, mdev: ApMatrixMdev, kvm: Kvm): Promise<Errno> {
    {
      using _matrix = await this.matrix.acquire(task);
      if (this.steps.otherUser(task, mdev, kvm) !== null) return EPERM;
    }
    const { bitmaps, fields } = semaphoresOf(mdev);
    {
      using _fields = await fields.write(task);
      this.steps.bind(task, mdev, kvm);
      await kvm.pqapHook.write(task, mdev);
    }
    using _bitmaps = await bitmaps.read(task);
    await this.setMasks(task, mdev, kvm);
    return OK;
  }

  override async detach(task: Task, mdev: ApMatrixMdev): Promise<void> {
    const kvm = await mdev.kvm.read(task);
    if (kvm === null) return;
    const { bitmaps, fields } = semaphoresOf(mdev);
    {
      using _bitmaps = await bitmaps.read(task);
      await this.clearMasks(task, kvm);
    }
    using _matrix = await this.matrix.acquire(task);
    using _fields = await fields.write(task);
    await kvm.pqapHook.write(task, null);
    await this.steps.resetQueues(task, mdev, sameLock);
    this.steps.unbind(task, mdev, kvm);
  }

  override async change(task: Task, target: Target, body: Body): Promise<Errno> {
    if ('mdev' in target && STORES.has(target.kind)) return await this.store(task, target.kind, target.mdev, body);
    using _matrix = await this.matrix.acquire(task);
    const mdev = targetMdev(task, this.steps, target);
    if (mdev === null) return await body(this.section(null));
    const { bitmaps, fields } = semaphoresOf(mdev);
    using _bitmaps = await bitmaps.write(task);
    using _fields = await fields.write(task);
    return this.refuses(task, target, mdev) ? EBUSY : await body(this.section(mdev));
  }

  override async changeEach(task: Task, bodies: EachBodies): Promise<void> {
    using _matrix = await this.matrix.acquire(task);
    await bodies.before?.();
    for (const mdev of this.matrixDev.mdevs.get(task)) {
      const { bitmaps, fields } = semaphoresOf(mdev);
      using _bitmaps = await bitmaps.write(task);
      using _fields = await fields.write(task);
      await bodies.each(this.section(mdev));
    }
    bodies.after?.();
  }

  override async inUse(task: Task, body: () => boolean): Promise<boolean | Errno> {
    return await this.inspect(task, body);
  }

  /** Reads every mdev, so it holds them all as a reader; the list's lock puts them in order. */
  override async inspect<T>(task: Task, body: () => T): Promise<T> {
    using matrix = await this.matrix.acquire(task);
    const mdevs = this.matrixDev.mdevs.get(task).map(semaphoresOf);
    const held: Guard[] = [];
    try {
      for (const { bitmaps } of mdevs) held.push(await bitmaps.read(task, { nestLock: matrix.lock }));
      for (const { fields } of mdevs) held.push(await fields.read(task, { nestLock: matrix.lock }));
      return body();
    } finally {
      for (const guard of held.reverse()) guard.release();
    }
  }

  /** Never waits for the mdev, and holds nothing that keeps the list. */
  private async store(task: Task, kind: Target['kind'], mdev: ApMatrixMdev, body: Body): Promise<Errno> {
    using _attr: Guard | null = kind === 'assign' ? await this.matrixDev.host.bus.attrMutex.acquire(task) : null;
    const { bitmaps, fields } = semaphoresOf(mdev);
    using theirs = await bitmaps.tryWrite(task);
    if (theirs === null) return EBUSY;
    using ours = await fields.tryWrite(task);
    if (ours === null || mdev.kvm.get(task) !== null) return EBUSY;
    return await body(this.section(mdev));
  }
}
