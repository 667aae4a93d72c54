/**
 * `simulated-exit`, the second alternative weighed in autumn 2021: KVM gives back vcpu->mutex before it calls the handler and takes it again
 * afterwards, as if user space had been there in between.
 *
 * Order: that of user-space-pqap. No cycle. But the hook is read before the vCPU is let go, and nothing keeps the mdev until the handler
 * has the mutex; and what KVM knew of the vCPU may be out of date when it has it back.
 */
import { EOPNOTSUPP } from '../../base/errno.ts';
import type { ApStatus } from '../../crypto-adapters/ap-status.ts';
import { NO_HOOK, type InterceptedAqic, type PqapAnswer } from '../../kvm/pqap-port.ts';
import type { Task } from '../../runtime/task.ts';
import { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import { GlobalMutex } from './global-mutex.ts';

export class SimulatedExit extends GlobalMutex {
  override readonly name: string = 'simulated-exit';
  override readonly order: readonly (readonly string[])[] = [['ap_attr_mutex', 'matrix_dev->lock', 'kvm->lock']];

  override async intercept(task: Task, request: InterceptedAqic): Promise<PqapAnswer> {
    const mdev = ApMatrixMdev.of(await request.kvm.pqapHook.read(task));
    if (mdev === null) return NO_HOOK;
    return request.vcpu.aiv ? { outside: (t) => this.call(t, mdev, request) } : { errno: EOPNOTSUPP };
  }

  private async call(task: Task, mdev: ApMatrixMdev, request: InterceptedAqic): Promise<ApStatus> {
    using _matrix = await this.matrix.acquire(task);
    return await this.handle(task, mdev, request);
  }
}
