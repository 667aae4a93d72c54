/**
 * The host's AP configuration changes (vfio_ap_ops.c: vfio_ap_on_cfg_changed, vfio_ap_on_scan_complete): what leaves is taken from the
 * guests at the start of a scan, what comes is filtered in at its end, when its queues have been bound.
 */
import { ApMask } from '../base/ap-mask.ts';
import { apqnOf } from '../base/apqn.ts';
import type { QciInfo } from '../crypto-adapters/ap-instructions.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import { beginOperation } from '../locks/task-memory.ts';
import type { Task } from '../runtime/task.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import { EMPTY_MATRIX, type ApMatrix } from './ap-matrix.ts';
import { filterControlDomains, filterMatrix } from './filter.ts';
import type { LockingDesign, Section } from './locking/port.ts';
import type { MatrixDev } from './matrix-dev.ts';
import { resetFiltered } from './reset-filtered.ts';

/** Response codes with which TAPQ still tells the type of the card. */
const TYPE_KNOWN: ReadonlySet<number> = new Set([Rc.NORMAL, Rc.RESET_IN_PROGRESS, Rc.DECONFIGURED, Rc.CHECKSTOPPED, Rc.BUSY]);
const OLDEST_TYPE = 10;

const minus = (a: ApMatrix, b: ApMatrix): ApMatrix => ({ apm: a.apm.andNot(b.apm), aqm: a.aqm.andNot(b.aqm), adm: a.adm.andNot(b.adm) });
const common = (a: ApMatrix, b: ApMatrix): ApMatrix => ({ apm: a.apm.and(b.apm), aqm: a.aqm.and(b.aqm), adm: a.adm.and(b.adm) });
const isEmpty = (m: ApMatrix): boolean => m.apm.isEmpty() && m.aqm.isEmpty() && m.adm.isEmpty();

export class HostConfiguration {
  private readonly dev: MatrixDev;
  private readonly design: LockingDesign;

  constructor(dev: MatrixDev, design: LockingDesign) {
    this.dev = dev;
    this.design = design;
  }

  async onConfigChanged(task: Task, next: QciInfo, previous: QciInfo): Promise<void> {
    beginOperation(task);
    const removed = minus(previous, next);
    let added = minus(next, previous);
    await this.design.changeEach(task, {
      before: async () => {
        added = { ...added, apm: await this.supported(task, added) };
      },
      each: async (section) => {
        const mdev = section.mdev!;
        await this.take(task, section, mdev, removed);
        mdev.pending.set(task, common(added, mdev.matrix.get(task)));
      },
      after: () => this.dev.info.set(task, next),
    });
  }

  async onScanComplete(task: Task): Promise<void> {
    beginOperation(task);
    await this.design.changeEach(task, {
      each: async (section) => {
        const mdev = section.mdev!;
        const pending = mdev.pending.get(task);
        if (isEmpty(pending)) return;
        const resources = !pending.apm.isEmpty() || !pending.aqm.isEmpty();
        const { changed, lost } = resources ? filterMatrix(task, this.dev, mdev) : { changed: false, lost: ApMask.EMPTY };
        const control = !pending.adm.isEmpty() && filterControlDomains(task, this.dev, mdev);
        if (changed || control) await section.push(task);
        await resetFiltered(task, this.dev, { mdev, adapters: lost, onQueue: section.onQueue });
        mdev.pending.set(task, EMPTY_MATRIX);
      },
    });
  }

  /** No reset: a queue that has left the host answers nothing but "not available". */
  private async take(task: Task, section: Section, mdev: ApMatrixMdev, removed: ApMatrix): Promise<void> {
    const shadow = mdev.shadow.get(task);
    if (isEmpty(common(shadow, removed))) return;
    mdev.shadow.set(task, minus(shadow, removed));
    await section.push(task);
  }

  /** Added adapters whose type is known and supported. An adapter added without a new domain is asked in the domains that exist. */
  private async supported(task: Task, added: ApMatrix): Promise<ApMask> {
    let apm = added.apm;
    const domains = [...(added.aqm.isEmpty() ? this.dev.info.get(task).aqm : added.aqm).bits()];
    for (const adapter of added.apm.bits()) {
      for (const domain of domains) {
        const { status, info } = await this.dev.host.hardware.tapq(task, apqnOf(adapter, domain));
        const known = TYPE_KNOWN.has(status.rc) && info !== null && info.type >= OLDEST_TYPE;
        if (!known) {
          apm = apm.without(adapter);
          break;
        }
      }
    }
    return apm;
  }
}
