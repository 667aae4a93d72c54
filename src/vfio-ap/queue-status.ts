/**
 * The `status` attribute of a queue bound to vfio_ap (vfio_ap_ops.c: status_show): unassigned, assigned, or in use by a guest. A queue that
 * is assigned to an mdev with a guest and filtered from it is "assigned"; kernel 6.0 calls it "in use".
 */
import type { ApQueueDevice } from '../ap-bus/ap-queue-device.ts';
import { adapterOf, domainOf } from '../base/apqn.ts';
import { NullDereference } from '../base/null-dereference.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import { beginOperation } from '../locks/task-memory.ts';
import { hasApqn } from './ap-matrix.ts';
import { findMdev } from './driver-steps.ts';
import type { LockingDesign } from './locking/port.ts';
import type { MatrixDev } from './matrix-dev.ts';

export interface QueueStatusOwner {
  readonly dev: MatrixDev;
  readonly design: LockingDesign;
  readonly device: ApQueueDevice;
}

export const QUEUE_STATUS: AttributeDef<QueueStatusOwner> = {
  name: 'status',
  mode: 0o444,
  show: (task, { dev, design, device }) => {
    beginOperation(task);
    return design.inspect(task, () => {
      const { apqn, driverData } = device;
      if (driverData === null) throw new NullDereference(`the driver data of queue ${device.device.name}`, 'its status is read');
      const mdev = findMdev(task, dev, apqn);
      if (mdev === null) return 'unassigned\n';
      if (mdev.kvm.get(task) === null) return 'assigned\n';
      const has = dev.host.kernel.statusBy === 'guest' || hasApqn(mdev.shadow.get(task), adapterOf(apqn), domainOf(apqn));
      return has ? 'in use\n' : 'assigned\n';
    });
  },
};
