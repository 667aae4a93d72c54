/**
 * D4, `pqap-rwsem`: the proposal of July 2021 (rejected): a semaphore round the PQAP hook instead of kvm_busy, held while the masks
 * change, and a handler without the mutex. Its mistakes are here as they were posted.
 *
 * Order, outermost first:
 *   ap_attr_mutex              assignment only; owned by the AP bus
 *     matrix_dev->lock         every field of every mdev and queue
 *   pqap_hook_rwsem (W)        attach and detach, from beginning to end
 *     matrix_dev->lock         given back while the masks change
 *     kvm->lock                while the masks of a guest are set or cleared
 *   vcpu->mutex
 *     pqap_hook_rwsem (R)      for the whole PQAP handler, which takes nothing else
 * KVM's own kvm->lock -> vcpu->mutex (Secure Execution) closes the cycle.
 */
import { EOPNOTSUPP, EPERM, OK, type Errno } from '../../base/errno.ts';
import type { Kvm } from '../../kvm/kvm.ts';
import { NO_HOOK, type InterceptedAqic, type PqapAnswer } from '../../kvm/pqap-port.ts';
import type { Task } from '../../runtime/task.ts';
import { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import { GlobalMutex } from './global-mutex.ts';
import { sameLock } from './port.ts';
import { readerGuard } from './field-guards.ts';

export class PqapRwsem extends GlobalMutex {
  override readonly name: string = 'pqap-rwsem';
  override readonly order: readonly (readonly string[])[] = [
    ['ap_attr_mutex', 'matrix_dev->lock'],
    ['pqap_hook_rwsem', 'matrix_dev->lock'],
    ['pqap_hook_rwsem', 'kvm->lock'],
    ['vcpu->mutex', 'pqap_hook_rwsem'],
  ];

  override adoptKvm(kvm: Kvm): void {
    kvm.pqapHook.guardedBy([kvm.pqapHookRwsem]);
  }

  override adoptMdev(mdev: ApMatrixMdev): void {
    super.adoptMdev(mdev);
    // Attach and detach write the guest pointer under the semaphore, too; while it is set the assignment does not change.
    const holder = readerGuard(
      `pqap_hook_rwsem of the guest of ${mdev.name}`,
      (task) => mdev.kvm.inspect()?.pqapHookRwsem.heldBy(task) ?? false,
    );
    for (const field of [mdev.kvm, mdev.shadow, mdev.cfgChgTrigger]) field.guardedBy([this.matrix, holder]);
  }

  override async intercept(task: Task, request: InterceptedAqic): Promise<PqapAnswer> {
    using _hook = await request.kvm.pqapHookRwsem.read(task);
    const mdev = ApMatrixMdev.of(request.kvm.pqapHook.get(task));
    if (mdev === null) return NO_HOOK;
    if (!request.vcpu.aiv) return { errno: EOPNOTSUPP };
    // Without the mutex: the queue may be unbound meanwhile, and another vCPU may be here with the same queue.
    return { status: await this.handle(task, mdev, request) };
  }

  override async attach(task: Task, mdev: ApMatrixMdev, kvm: Kvm): Promise<Errno> {
    // Not in a scope: the refusal below does not give it back.
    const hook = await kvm.pqapHookRwsem.write(task);
    {
      using matrix = await this.matrix.acquire(task);
      if (this.steps.otherUser(task, mdev, kvm) !== null) {
        // A release of the wrong mode, before the mutex: the writer stays inside.
        kvm.pqapHookRwsem.releaseRead(task);
        matrix.release();
        return EPERM;
      }
      this.steps.bind(task, mdev, kvm);
      kvm.pqapHook.set(task, mdev);
    }
    await this.setMasks(task, mdev, kvm);
    hook.release();
    return OK;
  }

  override async detach(task: Task, mdev: ApMatrixMdev): Promise<void> {
    // Read by the caller without any lock.
    const kvm = await mdev.kvm.read(task);
    if (kvm === null) return;
    using hook = await kvm.pqapHookRwsem.write(task);
    {
      using _matrix = await this.matrix.acquire(task);
      if (mdev.kvm.get(task) === null) {
        hook.release();
        return;
      }
    }
    await this.clearMasks(task, kvm);
    using _matrix = await this.matrix.acquire(task);
    await this.steps.resetQueues(task, mdev, sameLock);
    // The reference goes first: the hook, and the semaphore that is held, may be gone with it.
    this.steps.unbind(task, mdev, kvm);
    kvm.pqapHook.set(task, null);
  }
}
