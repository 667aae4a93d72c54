/**
 * D6, `dynamic-kvm-busy`: versions 13 to 16 of the dynamic assignment series (2021): hot plug on top of kvm_busy. Stores try the mutex, and
 * push the masks to the guest while they hold it.
 *
 * Order, outermost first:
 *   ap_attr_mutex            assignment only; owned by the AP bus
 *     matrix_dev->lock       tried by stores (-EAGAIN) and by the AP bus (-EBUSY)
 *   matrix_dev->lock         every field of every mdev and queue, kvm_busy too
 *     kvm->lock              hot plug: while the masks of a guest are set
 *   kvm_busy                 attach and detach only
 *     kvm->lock
 *     matrix_dev->lock
 *   vcpu->mutex
 *     matrix_dev->lock       for the whole PQAP handler
 *     kvm_busy (wait)
 * Both cycles are there: that of D1 through every hot plug, that of D2 through attach and detach.
 */
import { EAGAIN, EBUSY, type Errno } from '../../base/errno.ts';
import type { Guard } from '../../locks/guard.ts';
import type { Task } from '../../runtime/task.ts';
import type { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import { busyFlagOf, KvmBusy } from './kvm-busy.ts';
import { TRIED_MATRIX_LOCK } from './lock-classes.ts';
import type { Body, DesignContext, Section, Target } from './port.ts';

const STORES: ReadonlySet<Target['kind']> = new Set(['assign', 'unassign', 'control-domain']);

export class DynamicKvmBusy extends KvmBusy {
  override readonly name: string = 'dynamic-kvm-busy';
  override readonly order: readonly (readonly string[])[] = [
    ['matrix_dev->lock', 'kvm->lock'],
    ['kvm_busy', 'kvm->lock'],
    ['kvm_busy', 'matrix_dev->lock'],
    ['vcpu->mutex', 'matrix_dev->lock'],
    ['vcpu->mutex', 'kvm_busy'],
  ];
  override readonly hotPlug: boolean = true;

  constructor(context: DesignContext) {
    super(context, TRIED_MATRIX_LOCK);
  }

  override async change(task: Task, target: Target, body: Body): Promise<Errno> {
    if (!('mdev' in target) || !STORES.has(target.kind)) return await super.change(task, target, body);
    using _attr: Guard | null = target.kind === 'assign' ? await this.matrixDev.host.bus.attrMutex.acquire(task) : null;
    using matrix = await this.matrix.tryAcquire(task);
    if (matrix === null) return EAGAIN;
    return busyFlagOf(target.mdev).on ? EBUSY : await body(this.section(target.mdev));
  }

  override async inUse(task: Task, body: () => boolean): Promise<boolean | Errno> {
    using matrix = await this.matrix.tryAcquire(task);
    return matrix === null ? EBUSY : body();
  }

  /** Only the flag stands in the way of a change. */
  protected override refuses(_task: Task, target: Target, mdev: ApMatrixMdev): boolean {
    return target.kind === 'remove' && busyFlagOf(mdev).on;
  }

  protected override section(mdev: ApMatrixMdev | null): Section {
    return {
      ...super.section(mdev),
      push: async (task) => {
        const kvm = mdev?.kvm.get(task) ?? null;
        if (mdev !== null && kvm !== null) await this.setMasks(task, mdev, kvm);
      },
      withdraw: async (task) => {
        const kvm = mdev?.kvm.get(task) ?? null;
        if (kvm !== null) await this.clearMasks(task, kvm);
      },
    };
  }
}
