/**
 * A queue that is bound to vfio_ap (vfio_ap_private.h: struct vfio_ap_queue). The guard of each field is set by the locking design.
 */
import { apqnText, type Apqn } from '../base/apqn.ts';
import type { KernelProfile } from '../base/kernel-profile.ts';
import { bareStatus, type ApStatus } from '../crypto-adapters/ap-status.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { Kvm } from '../kvm/kvm.ts';
import type { GuardedField } from '../locks/guarded-field.ts';
import type { Lifetime } from '../locks/lifetime.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { WorkItem } from '../locks/work-item.ts';
import type { VfioDevice } from '../vfio/vfio-device.ts';

/** No guest ISC is registered. */
export const NO_ISC = 0xff;
const NORMAL = bareStatus(Rc.NORMAL);

/** The mdev behind a queue, as far as the queue's resources need it. */
export interface QueueOwner {
  readonly name: string;
  readonly kvm: GuardedField<Kvm | null>;
  readonly device: VfioDevice;
}

export class VfioApQueue {
  readonly apqn: Apqn;
  /** While the bus can find it: from the end of its probe until it is unbound. */
  readonly lifetime: Lifetime;
  /** The mdev it is linked to. */
  readonly mdev: GuardedField<QueueOwner | null>;
  /** Guest address of the notification byte whose page is pinned; 0 = none. */
  readonly savedIova: GuardedField<number>;
  readonly savedIsc: GuardedField<number>;
  /** Status of the last ZAPQ. */
  readonly resetStatus: GuardedField<ApStatus>;
  /** Completes a reset; made at the first one. */
  resetWork: WorkItem | null = null;
  /** Per-queue state of the locking design; nobody else looks at it. */
  locking: unknown = null;

  constructor(layer: LockLayer, apqn: Apqn) {
    this.apqn = apqn;
    this.lifetime = layer.state.lifetime(this, 'vfio_ap queue');
    this.mdev = layer.field<QueueOwner | null>(this, 'matrix_mdev', null);
    this.savedIova = layer.field(this, 'saved_iova', 0);
    this.savedIsc = layer.field(this, 'saved_isc', NO_ISC);
    this.resetStatus = layer.field(this, 'reset_status', NORMAL);
  }

  get name(): string {
    return apqnText(this.apqn);
  }
}

/** May a guest be given a queue whose last reset ended like this? `kernel` says which codes count as reset. */
export const isPassable = ({ rc }: ApStatus, { passable }: Pick<KernelProfile, 'passable'>): boolean => passable.includes(rc);
