/**
 * The shared fields that a design guards, by the names that design files give them. No kernel counterpart beyond the fields themselves.
 */
import type { Kvm } from '../../../kvm/kvm.ts';
import type { GuardRule } from '../../../locks/guarded-field.ts';
import type { ApMatrixMdev } from '../../ap-matrix-mdev.ts';
import type { MatrixDev } from '../../matrix-dev.ts';
import type { VfioApQueue } from '../../vfio-ap-queue.ts';

/** The part of a field that a design needs. */
export interface Guarded {
  guardedBy(rule: GuardRule): void;
}

export const HOST_FIELDS = {
  'host.info': (host: MatrixDev): Guarded => host.info,
  'host.mdevs': (host: MatrixDev): Guarded => host.mdevs,
} as const;
export const KVM_FIELDS = { 'kvm.hook': (kvm: Kvm): Guarded => kvm.pqapHook } as const;
export const MDEV_FIELDS = {
  'mdev.matrix': (mdev: ApMatrixMdev): Guarded => mdev.matrix,
  'mdev.shadow': (mdev: ApMatrixMdev): Guarded => mdev.shadow,
  'mdev.pending': (mdev: ApMatrixMdev): Guarded => mdev.pending,
  'mdev.kvm': (mdev: ApMatrixMdev): Guarded => mdev.kvm,
  'mdev.qtable': (mdev: ApMatrixMdev): Guarded => mdev.qtable,
  'mdev.req_trigger': (mdev: ApMatrixMdev): Guarded => mdev.reqTrigger,
  'mdev.cfg_chg_trigger': (mdev: ApMatrixMdev): Guarded => mdev.cfgChgTrigger,
} as const;
export const QUEUE_FIELDS = {
  'queue.mdev': (queue: VfioApQueue): Guarded => queue.mdev,
  'queue.saved_iova': (queue: VfioApQueue): Guarded => queue.savedIova,
  'queue.saved_isc': (queue: VfioApQueue): Guarded => queue.savedIsc,
  'queue.reset_status': (queue: VfioApQueue): Guarded => queue.resetStatus,
} as const;

export type FieldName = keyof typeof HOST_FIELDS | keyof typeof KVM_FIELDS | keyof typeof MDEV_FIELDS | keyof typeof QUEUE_FIELDS;

const names = <T extends object>(table: T): (keyof T)[] => Object.keys(table) as (keyof T)[];

/** Every field under the object that it belongs to; a design file may name the object for all of them. */
export const FIELD_GROUPS: Readonly<Record<'host' | 'kvm' | 'mdev' | 'queue', readonly FieldName[]>> = {
  host: names(HOST_FIELDS),
  kvm: names(KVM_FIELDS),
  mdev: names(MDEV_FIELDS),
  queue: names(QUEUE_FIELDS),
};
export const FIELD_NAMES: readonly FieldName[] = Object.values(FIELD_GROUPS).flat();
