/**
 * What a checker is: one property over the state of a host, looked at while nobody is in the middle of a change.
 */
import type { ApMask } from '../base/ap-mask.ts';
import type { Apqn } from '../base/apqn.ts';
import type { QciInfo } from '../crypto-adapters/ap-instructions.ts';
import type { Kvm } from '../kvm/kvm.ts';
import type { ApMatrixMdev } from '../vfio-ap/ap-matrix-mdev.ts';
import type { Quirks } from '../vfio-ap/quirks.ts';
import type { VfioApQueue } from '../vfio-ap/vfio-ap-queue.ts';
import type { IommuContainer } from '../vfio/iommu-container.ts';

/** The state, without locks: checkers run while the state lock of the design is held, or when everything is quiet. */
export interface HostView {
  readonly mdevs: readonly ApMatrixMdev[];
  readonly findQueue: (apqn: Apqn) => VfioApQueue | null;
  readonly guests: readonly { readonly kvm: Kvm; readonly container: IommuContainer }[];
  readonly info: QciInfo;
  readonly apmask: ApMask;
  readonly aqmask: ApMask;
  /** What TAPQ says of the adapter in that place; null when there is none, or no domain to ask in. */
  readonly rawType: (adapter: number) => number | null;
  /** Does the mdev core know the mdev: is it there for user space? */
  readonly registered: (mdev: ApMatrixMdev) => boolean;
  /** May a guest be given the queue, going by how its last reset ended? */
  readonly passable: (queue: VfioApQueue) => boolean;
  /** Defects that are switched on. */
  readonly quirks: Quirks;
}

export interface Checker {
  /** A letter, as design.md and the specification have it, or a word; then what must hold. For reports. */
  readonly name: string;
  /** Null when the property holds, else what is wrong, with names. */
  check(view: HostView): string | null;
}
