/**
 * A mediated matrix device (vfio_ap_private.h: struct ap_matrix_mdev): what the administrator assigned and what its guest has.
 * The guard of each field is set by the locking design.
 */
import type { Apqn } from '../base/apqn.ts';
import type { Kvm } from '../kvm/kvm.ts';
import type { PqapHook } from '../kvm/pqap-hook.ts';
import type { GuardedField } from '../locks/guarded-field.ts';
import type { Lifetime } from '../locks/lifetime.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Eventfd } from '../vfio/eventfd.ts';
import type { VfioDevice } from '../vfio/vfio-device.ts';
import { EMPTY_MATRIX, type ApMatrix, type MatrixLimits } from './ap-matrix.ts';
import type { QueueOwner, VfioApQueue } from './vfio-ap-queue.ts';

export class ApMatrixMdev implements PqapHook, QueueOwner {
  /** The UUID. Immutable after construction. */
  readonly name: string;
  readonly limits: MatrixLimits;
  /** From the moment it is in the list until it is out of it. */
  readonly lifetime: Lifetime;
  /** Assigned by the administrator. */
  readonly matrix: GuardedField<ApMatrix>;
  /** What the guest is, or will be, given; survives a detach. */
  readonly shadow: GuardedField<ApMatrix>;
  /** The attached guest; a reference is held while it is set. */
  readonly kvm: GuardedField<Kvm | null>;
  /** Linked queues: bound to vfio_ap, and their APQN is assigned here. */
  readonly qtable: GuardedField<Map<Apqn, VfioApQueue>>;
  /** "Please release the device". */
  readonly reqTrigger: GuardedField<Eventfd | null>;
  /** "The AP configuration of the guest has changed". */
  readonly cfgChgTrigger: GuardedField<Eventfd | null>;
  /** Additions to the host configuration that wait for the end of the scan. */
  readonly pending: GuardedField<ApMatrix>;
  /** Per-mdev state of the locking design; nobody else looks at it. */
  locking: unknown = null;
  /** The vfio device around it; set once, before the mdev is reachable. */
  device!: VfioDevice;
  /** Number of its iommu group; set with the device. */
  iommuGroup = -1;

  constructor(layer: LockLayer, uuid: string, limits: MatrixLimits) {
    this.name = uuid;
    this.limits = limits;
    this.lifetime = layer.state.lifetime(this, 'matrix mdev');
    this.matrix = layer.field<ApMatrix>(this, 'matrix', EMPTY_MATRIX);
    this.shadow = layer.field<ApMatrix>(this, 'shadow_apcb', EMPTY_MATRIX);
    this.kvm = layer.field<Kvm | null>(this, 'kvm', null);
    this.qtable = layer.field(this, 'qtable', new Map<Apqn, VfioApQueue>());
    this.reqTrigger = layer.field<Eventfd | null>(this, 'req_trigger', null);
    this.cfgChgTrigger = layer.field<Eventfd | null>(this, 'cfg_chg_trigger', null);
    this.pending = layer.field<ApMatrix>(this, 'apm_add/aqm_add/adm_add', EMPTY_MATRIX);
    layer.state.group(this, [this.matrix, this.shadow, this.kvm]);
  }

  /** The mdev that a PQAP hook or the back pointer of a queue designates (container_of). */
  static of(part: PqapHook | QueueOwner | null): ApMatrixMdev | null {
    if (part === null) return null;
    if (!(part instanceof ApMatrixMdev)) throw new Error(`${part.name} is not part of a matrix mdev`);
    return part;
  }
}
