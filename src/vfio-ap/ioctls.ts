/**
 * The ioctls on the file of a matrix mdev (vfio_ap_ops.c: vfio_ap_mdev_ioctl and what it calls). All of them run under the state lock of the
 * design, argument checks and copies included.
 */
import { EFAULT, EINVAL, EOPNOTSUPP, OK, type Errno } from '../base/errno.ts';
import { beginOperation } from '../locks/task-memory.ts';
import type { GuardedField } from '../locks/guarded-field.ts';
import type { Task } from '../runtime/task.ts';
import type { Eventfd } from '../vfio/eventfd.ts';
import {
  DEVICE_INFO_SIZE,
  DeviceFlag,
  DeviceRequest,
  IRQ_INFO_SIZE,
  IRQ_SET_SIZE,
  IrqInfoFlag,
  IrqSetFlag,
  structOf,
  VfioApIrq,
} from '../vfio/ioctl.ts';
import { DATA_TYPES, irqSetOf, validateIrqSet } from '../vfio/irq-set.ts';
import type { UserArgument } from '../vfio/user-process.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import type { LockingDesign } from './locking/port.ts';
import type { MatrixDev } from './matrix-dev.ts';
import { resetQueues } from './reset.ts';

/** Descriptor that stands for none: the trigger is taken back. */
const NO_FD = -1;

export class MdevIoctls {
  private readonly dev: MatrixDev;
  private readonly design: LockingDesign;

  constructor(dev: MatrixDev, design: LockingDesign) {
    this.dev = dev;
    this.design = design;
  }

  /** Interrupts of the device: indexes below this one exist. */
  private get irqs(): number {
    return this.dev.host.kernel.irqs;
  }

  /**
   * 0 or a negative errno: -EOPNOTSUPP for a request that the kernel does not know, -EFAULT for storage of the caller that cannot be read
   * or written, -EINVAL for an argument that makes no sense; and see the requests.
   */
  async ioctl(task: Task, mdev: ApMatrixMdev, request: number, argument: UserArgument | null): Promise<Errno> {
    beginOperation(task);
    const { design } = this;
    const knowsIrqs = this.irqs > 0;
    if (request === DeviceRequest.GET_INFO) return await design.inspect(task, () => this.getInfo(argument));
    if (request === DeviceRequest.GET_IRQ_INFO && knowsIrqs) return await design.inspect(task, () => this.getIrqInfo(argument));
    if (request === DeviceRequest.SET_IRQS && knowsIrqs) {
      return await design.change(task, { kind: 'set-irqs', mdev }, () => this.setIrqs(task, mdev, argument));
    }
    if (request === DeviceRequest.RESET) return await this.reset(task, mdev);
    return await design.inspect(task, () => EOPNOTSUPP);
  }

  private getInfo(argument: UserArgument | null): Errno {
    const info = argument?.process.memory.copyFrom(argument.address, DEVICE_INFO_SIZE) ?? null;
    if (argument === null || info === null) return EFAULT;
    const argsz = info.getUint32(0);
    if (argsz < DEVICE_INFO_SIZE) return EINVAL;
    const answer = structOf(argsz, DeviceFlag.AP | DeviceFlag.RESET, 0, this.irqs);
    return argument.process.memory.copyTo(argument.address, answer) ? OK : EFAULT;
  }

  private getIrqInfo(argument: UserArgument | null): Errno {
    const info = argument?.process.memory.copyFrom(argument.address, IRQ_INFO_SIZE) ?? null;
    if (argument === null || info === null) return EFAULT;
    const [argsz, index] = [info.getUint32(0), info.getUint32(8)];
    if (argsz < IRQ_INFO_SIZE || index >= this.irqs) return EINVAL;
    const answer = structOf(argsz, IrqInfoFlag.EVENTFD, index, 1);
    return argument.process.memory.copyTo(argument.address, answer) ? OK : EFAULT;
  }

  /**
   * The one thing it can do is to set or take back the eventfd of an interrupt. The descriptor is read from behind the header whatever the
   * count says, 0 too. Also -EBADF for one that is not open and -EINVAL for one that is no eventfd.
   */
  private setIrqs(task: Task, mdev: ApMatrixMdev, argument: UserArgument | null): Errno {
    const header = argument?.process.memory.copyFrom(argument.address, IRQ_SET_SIZE) ?? null;
    if (argument === null || header === null) return EFAULT;
    const set = irqSetOf(header);
    const errno = validateIrqSet(set, { indexes: this.irqs, ofEach: 1 });
    if (errno !== OK) return errno;
    if ((set.flags & IrqSetFlag.ACTION_TRIGGER) === 0 || (set.flags & DATA_TYPES) !== IrqSetFlag.DATA_EVENTFD) return EINVAL;
    const { memory, files } = argument.process;
    const fd = memory.copyFrom(argument.address + IRQ_SET_SIZE, 4)?.getInt32(0);
    if (fd === undefined) return EFAULT;
    if (fd < NO_FD) return EINVAL;
    const eventfd = fd === NO_FD ? null : files.getEventfd(fd);
    if (typeof eventfd === 'number') return eventfd;
    replace(task, set.index === VfioApIrq.REQUEST ? mdev.reqTrigger : mdev.cfgChgTrigger, eventfd);
    return OK;
  }

  /** Every linked queue, also those that are kept from the guest. -EIO when one of them did not end normally. */
  private reset(task: Task, mdev: ApMatrixMdev): Promise<Errno> {
    return this.design.change(task, { kind: 'reset', mdev }, (section) =>
      resetQueues(task, this.dev, mdev.qtable.get(task).values(), section.onQueue),
    );
  }
}

/** The driver takes over the reference on the new eventfd and drops the one on the old. */
export function replace(task: Task, trigger: GuardedField<Eventfd | null>, eventfd: Eventfd | null): void {
  trigger.get(task)?.put();
  trigger.set(task, eventfd);
}
