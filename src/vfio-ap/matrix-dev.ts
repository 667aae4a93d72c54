/**
 * The matrix device, exactly one a host (vfio_ap_private.h: struct ap_matrix_dev): the last known AP configuration of the host and the
 * list of mediated devices.
 */
import { ApMask } from '../base/ap-mask.ts';
import type { Apqn } from '../base/apqn.ts';
import type { EventLog } from '../base/event-log.ts';
import type { KernelProfile } from '../base/kernel-profile.ts';
import type { Logger } from '../base/logger.ts';
import { RateLimit } from '../base/rate-limit.ts';
import type { QciInfo } from '../crypto-adapters/ap-instructions.ts';
import type { CryptoAdapters } from '../crypto-adapters/crypto-adapters.ts';
import { QciFlag } from '../crypto-adapters/qci.ts';
import type { GuardedField } from '../locks/guarded-field.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { WorkQueue } from '../locks/work-item.ts';
import type { Task } from '../runtime/task.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import { SMALL_LIMITS, type ApMatrix, type MatrixLimits } from './ap-matrix.ts';
import { AssignedIndex } from './assigned-index.ts';
import type { Faults } from './faults.ts';
import { SYSTEM_LONG_WQ } from './lock-classes.ts';
import type { Quirks } from './quirks.ts';
import type { VfioApQueue } from './vfio-ap-queue.ts';

/** What the driver needs of the AP bus. */
export interface VfioApBus {
  /** Outermost lock of assignment and of mask stores. */
  readonly attrMutex: Mutex;
  /** Does the host reserve an APQN of apm x aqm for its default drivers? @holds attrMutex */
  ownsAny(task: Task, apm: ApMask, aqm: ApMask): boolean;
  /** The same question by somebody who does not hold it: the answer may be old when it comes. */
  ownsAnyInTheOpen(task: Task, apm: ApMask, aqm: ApMask): Promise<boolean>;
  /** The queue object of this APQN, when its device is bound to vfio_ap. */
  findVfioQueue(apqn: Apqn): VfioApQueue | null;
}

export interface VfioApHost {
  readonly layer: LockLayer;
  readonly hardware: CryptoAdapters;
  readonly bus: VfioApBus;
  readonly log: Logger;
  readonly events: EventLog;
  /** Whose behaviour is emulated. */
  readonly kernel: KernelProfile;
  /** Defects that are switched on. */
  readonly quirks: Quirks;
  /** Places that may fail. */
  readonly faults: Faults;
}

/** Without facility 12 nothing is known about the host: the masks stay empty. */
const UNKNOWN_INFO: QciInfo = { flags: 0, na: 0, nd: 0, apm: ApMask.EMPTY, aqm: ApMask.EMPTY, adm: ApMask.EMPTY };

export class MatrixDev {
  readonly name = 'matrix';
  readonly host: VfioApHost;
  readonly info: GuardedField<QciInfo>;
  readonly mdevs: GuardedField<readonly ApMatrixMdev[]>;
  /** Where to look for who has an adapter or a domain. */
  readonly assigned: AssignedIndex;
  readonly longWq: WorkQueue;
  /** Of the notice that a reset is not complete yet: one for all queues, as the place in the code is one. */
  readonly resetNotices = new RateLimit();
  /** Told about each reset that the driver begins, before it does: for checkers. */
  onReset: (queue: VfioApQueue) => void = () => undefined;
  /** Told about each filtering, when the shadow is what came of it: likewise. */
  onFiltered: (mdev: ApMatrixMdev) => void = () => undefined;

  constructor(host: VfioApHost, info: QciInfo | null) {
    this.host = host;
    this.info = host.layer.field<QciInfo>(this, 'info', info ?? UNKNOWN_INFO);
    this.mdevs = host.layer.field<readonly ApMatrixMdev[]>(this, 'mdev_list', []);
    this.assigned = new AssignedIndex((index, access) => host.layer.rt.touch(index, access));
    this.longWq = host.layer.workQueue(SYSTEM_LONG_WQ, 'system_long_wq');
  }

  /** What is assigned to the mdev from now on. */
  setMatrix(task: Task, mdev: ApMatrixMdev, matrix: ApMatrix): void {
    mdev.matrix.set(task, matrix);
    this.assigned.note(mdev, matrix);
  }
}

/** The largest ids an mdev may be given on a host with this configuration; null: the host has no QCI, which alone could tell of APXA. */
export function limitsOf(info: QciInfo | null): MatrixLimits {
  if (info === null || (info.flags & QciFlag.APXA) === 0) return SMALL_LIMITS;
  return { adapter: info.na, domain: info.nd, controlDomain: info.nd };
}
