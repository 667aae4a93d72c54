/**
 * D5, `kvm-lock-outside`: the design of Linux 5.15: the hook has a semaphore of its own, held shortly, and kvm->lock is taken before the
 * mutex instead of inside.
 *
 * Order, outermost first:
 *   ap_attr_mutex              assignment only; owned by the AP bus
 *     matrix_dev->lock         every field of every mdev and queue
 *   kvm->lock                  attach and detach
 *     matrix_dev->lock
 *   vcpu->mutex
 *     pqap_hook_rwsem (R)      for the whole PQAP handler
 *       matrix_dev->lock
 *   pqap_hook_rwsem (W)        alone, before kvm->lock
 * KVM's own kvm->lock -> vcpu->mutex agrees with it: no cycle.
 */
import { EOPNOTSUPP, EPERM, OK, type Errno } from '../../base/errno.ts';
import type { Kvm } from '../../kvm/kvm.ts';
import { NO_HOOK, type InterceptedAqic, type PqapAnswer } from '../../kvm/pqap-port.ts';
import type { Task } from '../../runtime/task.ts';
import { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import { GlobalMutex } from './global-mutex.ts';
import { sameLock } from './port.ts';

export class KvmLockOutside extends GlobalMutex {
  override readonly name: string = 'kvm-lock-outside';
  override readonly order: readonly (readonly string[])[] = [
    ['ap_attr_mutex', 'matrix_dev->lock'],
    ['kvm->lock', 'vcpu->mutex', 'pqap_hook_rwsem', 'matrix_dev->lock'],
  ];

  override adoptKvm(kvm: Kvm): void {
    kvm.pqapHook.guardedBy([kvm.pqapHookRwsem]);
  }

  override async intercept(task: Task, request: InterceptedAqic): Promise<PqapAnswer> {
    using _hook = await request.kvm.pqapHookRwsem.read(task);
    const mdev = ApMatrixMdev.of(request.kvm.pqapHook.get(task));
    if (mdev === null) return NO_HOOK;
    if (!request.vcpu.aiv) return { errno: EOPNOTSUPP };
    using _matrix = await this.matrix.acquire(task);
    return { status: await this.handle(task, mdev, request) };
  }

  override async attach(task: Task, mdev: ApMatrixMdev, kvm: Kvm): Promise<Errno> {
    await this.publish(task, kvm, mdev);
    using kvmLock = await kvm.lock.acquire(task);
    using _matrix = await this.matrix.acquire(task);
    // The hook of the mdev that has the guest is overwritten by now, and stays so.
    if (this.steps.otherUser(task, mdev, kvm) !== null) return EPERM;
    this.steps.bind(task, mdev, kvm);
    await this.steps.setMasks(task, mdev, kvm);
    // The outer one first, as it was merged.
    kvmLock.release();
    return OK;
  }

  override async detach(task: Task, mdev: ApMatrixMdev): Promise<void> {
    const kvm = await mdev.kvm.read(task);
    if (kvm === null) return;
    await this.publish(task, kvm, null);
    using kvmLock = await kvm.lock.acquire(task);
    using _matrix = await this.matrix.acquire(task);
    await this.steps.clearMasks(task, kvm);
    await this.steps.resetQueues(task, mdev, sameLock);
    this.steps.unbind(task, mdev, kvm);
    kvmLock.release();
  }

  private async publish(task: Task, kvm: Kvm, mdev: ApMatrixMdev | null): Promise<void> {
    using _hook = await kvm.pqapHookRwsem.write(task);
    kvm.pqapHook.set(task, mdev);
  }
}
