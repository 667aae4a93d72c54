/**
 * The host's AP configuration changes (vfio_ap_ops.c: vfio_ap_on_cfg_changed, vfio_ap_on_scan_complete): what leaves is taken from the
 * guests at the start of a scan, what comes is filtered in at its end, when its queues have been bound.
 */
import { ApMask } from '../base/ap-mask.ts';
import { apqnOf } from '../base/apqn.ts';
import type { QciInfo } from '../crypto-adapters/ap-instructions.ts';
import { NullDereference } from '../base/null-dereference.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import { sameApcb } from '../kvm/crycb.ts';
import { beginOperation } from '../locks/task-memory.ts';
import type { Task } from '../runtime/task.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import { EMPTY_MATRIX, type ApMatrix } from './ap-matrix.ts';
import { filterControlDomains, filterMatrix, filtersAtAll } from './filter.ts';
import type { LockingDesign, Section } from './locking/port.ts';
import type { MatrixDev } from './matrix-dev.ts';
import type { Quirks } from './quirks.ts';
import { resetFiltered } from './reset-filtered.ts';

/** Response codes with which TAPQ still tells the type of the card. */
const TYPE_KNOWN: ReadonlySet<number> = new Set([Rc.NORMAL, Rc.RESET_IN_PROGRESS, Rc.DECONFIGURED, Rc.CHECKSTOPPED, Rc.BUSY]);
const OLDEST_TYPE = 10;

const minus = (a: ApMatrix, b: ApMatrix): ApMatrix => ({ apm: a.apm.andNot(b.apm), aqm: a.aqm.andNot(b.aqm), adm: a.adm.andNot(b.adm) });
const common = (a: ApMatrix, b: ApMatrix): ApMatrix => ({ apm: a.apm.and(b.apm), aqm: a.aqm.and(b.aqm), adm: a.adm.and(b.adm) });
const MASKS = ['apm', 'aqm', 'adm'] as const;
/** The result of and-not over the masks that lose something: not whether they lose something that they had. */
const somethingLeft = (after: ApMatrix, leaving: ApMatrix): boolean =>
  MASKS.some((name) => !leaving[name].isEmpty() && !after[name].isEmpty());
/** Where only one of the two was added, its APQNs are those with everything assigned in the other. */
const newIds = (due: ApMatrix, matrix: ApMatrix): ApMatrix => ({
  apm: due.apm.isEmpty() ? matrix.apm : due.apm,
  aqm: due.aqm.isEmpty() ? matrix.aqm : due.aqm,
  adm: due.adm,
});
const isEmpty = (m: ApMatrix): boolean => m.apm.isEmpty() && m.aqm.isEmpty() && m.adm.isEmpty();

export class HostConfiguration {
  private readonly dev: MatrixDev;
  private readonly design: LockingDesign;

  constructor(dev: MatrixDev, design: LockingDesign) {
    this.dev = dev;
    this.design = design;
  }

  async onConfigChanged(task: Task, next: QciInfo, previous: QciInfo): Promise<void> {
    if (!filtersAtAll(this.dev)) return;
    beginOperation(task);
    const removed = minus(previous, next);
    let added = minus(next, previous);
    // One field: the defect keeps what it found out about an mdev for those after it.
    const removal = { removed, concerned: false };
    await this.design.changeEach(task, {
      before: async () => {
        // What nobody is waiting for need not be looked at.
        if (this.dev.mdevs.get(task).length > 0) added = { ...added, apm: await this.supported(task, added, next.aqm) };
      },
      each: async (section) => {
        await this.take(task, section, removal);
        if (!this.quirks.has('required-lock-missing')) this.setPending(task, section.mdev!, added);
      },
      after: () => {
        if (this.quirks.has('required-lock-missing')) for (const mdev of this.dev.mdevs.get(task)) this.setPending(task, mdev, added);
        this.dev.info.set(task, next);
      },
    });
  }

  async onScanComplete(task: Task): Promise<void> {
    if (!filtersAtAll(this.dev)) return;
    beginOperation(task);
    const outside = this.quirks.has('required-lock-missing');
    await this.design.changeEach(task, {
      each: async (section) => {
        const mdev = section.mdev!;
        const pending = mdev.pending.get(task);
        if (isEmpty(pending)) return;
        this.lockGuest(task, mdev);
        // What was unassigned since the scan began is no reason to filter.
        const due = common(pending, mdev.matrix.get(task));
        const resources = !due.apm.isEmpty() || !due.aqm.isEmpty();
        const { changed, lost } = resources
          ? filterMatrix(task, this.dev, mdev, newIds(due, mdev.matrix.get(task)))
          : { changed: false, lost: this.uninitialised };
        const control = !due.adm.isEmpty() && filterControlDomains(task, this.dev, mdev);
        if (changed || control) await section.push(task);
        await resetFiltered(task, this.dev, { mdev, adapters: lost, onQueue: section.onQueue });
        if (!outside) mdev.pending.set(task, EMPTY_MATRIX);
      },
      after: () => {
        if (outside) for (const mdev of this.dev.mdevs.get(task)) mdev.pending.set(task, EMPTY_MATRIX);
      },
    });
  }

  private get quirks(): Quirks {
    return this.dev.host.quirks;
  }

  /** What filtering would have filled in. A bitmap on the stack that nobody has written may hold anything: the worst is everything. */
  private get uninitialised(): ApMask {
    return this.quirks.has('Q5') ? ApMask.FULL : ApMask.EMPTY;
  }

  private setPending(task: Task, mdev: ApMatrixMdev, added: ApMatrix): void {
    mdev.pending.set(task, common(added, mdev.matrix.get(task)));
  }

  /** The defect: kvm->lock of the guest is taken without asking whether there is a guest. Taking it otherwise is up to the design. */
  private lockGuest(task: Task, mdev: ApMatrixMdev): void {
    if (this.quirks.has('Q1') && mdev.kvm.get(task) === null)
      throw new NullDereference(`the kvm of mdev ${mdev.name}`, 'a change of the host configuration takes its lock');
  }

  /** No reset: a queue that has left the host answers nothing but "not available". */
  private async take(task: Task, section: Section, removal: { readonly removed: ApMatrix; concerned: boolean }): Promise<void> {
    const mdev = section.mdev!;
    const leaving = this.leaving(mdev.matrix.get(task), removal.removed);
    const spurious = removal.concerned && this.quirks.has('Q4');
    if (isEmpty(leaving) && !spurious) return;
    removal.concerned = true;
    this.lockGuest(task, mdev);
    const before = mdev.shadow.get(task);
    const after = minus(before, leaving);
    const changed = !sameApcb(before, after);
    if (changed) mdev.shadow.set(task, after);
    const pushed = this.quirks.has('Q2') ? somethingLeft(after, leaving) : changed;
    if (pushed || spurious) await section.push(task);
  }

  /** What of the assigned matrix the host has lost. */
  private leaving(matrix: ApMatrix, removed: ApMatrix): ApMatrix {
    const both = common(matrix, removed);
    return this.quirks.has('Q3') ? { ...both, adm: removed.adm.andNot(matrix.adm) } : both;
  }

  /**
   * Added adapters whose type is known and supported. An adapter added without a new domain is asked in the domains that there are from now
   * on: in one that has left the host it would not answer.
   */
  private async supported(task: Task, added: ApMatrix, present: ApMask): Promise<ApMask> {
    let apm = added.apm;
    const known = added.aqm.isEmpty() && !this.quirks.has('Q9') ? present : added.aqm;
    const domains = [...known.bits()];
    for (const adapter of added.apm.bits()) {
      for (const domain of domains) {
        const { status, info } = await this.dev.host.hardware.tapq(task, apqnOf(adapter, domain));
        const supported = TYPE_KNOWN.has(status.rc) && info !== null && info.type >= OLDEST_TYPE;
        if (!supported) {
          apm = apm.without(adapter);
          break;
        }
      }
    }
    return apm;
  }
}
