/**
 * `user-space-pqap`, the first alternative weighed in autumn 2021: KVM_RUN ends at an intercepted AQIC, and user space comes back with an
 * ioctl on the device, by which the driver knows the mdev.
 *
 * Order, outermost first:
 *   ap_attr_mutex            assignment only; owned by the AP bus
 *     matrix_dev->lock       every field, and the handler: no longer under vcpu->mutex
 *       kvm->lock            while the masks of a guest are set or cleared
 * No cycle. It needs a QEMU that knows of it, and a way to do without.
 */
import { EOPNOTSUPP } from '../../base/errno.ts';
import type { ApStatus } from '../../crypto-adapters/ap-status.ts';
import type { Kvm } from '../../kvm/kvm.ts';
import type { InterceptedAqic, PqapAnswer } from '../../kvm/pqap-port.ts';
import type { Task } from '../../runtime/task.ts';
import { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import { GlobalMutex, NO_QUEUE } from './global-mutex.ts';

export class UserSpacePqap extends GlobalMutex {
  override readonly name: string = 'user-space-pqap';
  override readonly order: readonly (readonly string[])[] = [['ap_attr_mutex', 'matrix_dev->lock', 'kvm->lock']];

  override adoptKvm(kvm: Kvm): void {
    // Stands for the device that user space has open.
    kvm.pqapHook.guardedBy([this.matrix]);
  }

  override intercept(_task: Task, request: InterceptedAqic): Promise<PqapAnswer> {
    return Promise.resolve(request.vcpu.aiv ? { outside: (task) => this.ioctl(task, request) } : { errno: EOPNOTSUPP });
  }

  private async ioctl(task: Task, request: InterceptedAqic): Promise<ApStatus> {
    using _matrix = await this.matrix.acquire(task);
    const mdev = ApMatrixMdev.of(request.kvm.pqapHook.get(task));
    return mdev === null ? NO_QUEUE : await this.handle(task, mdev, request);
  }
}
