/**
 * Assignment of adapters, domains and control domains to an mdev (vfio_ap_ops.c: assign_adapter_store and its five siblings).
 * Parsing happens inside the locks, as in the kernel; a failed check leaves the state exactly as it was.
 */
import { ApMask } from '../base/ap-mask.ts';
import { adapterOf, apqnOf, apqnText, domainOf } from '../base/apqn.ts';
import { EADDRINUSE, EADDRNOTAVAIL, ENODEV, OK, type Errno } from '../base/errno.ts';
import { parseUnsigned } from '../base/kernel-text.ts';
import { beginOperation } from '../locks/task-memory.ts';
import type { Task } from '../runtime/task.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import { apqnsOf, hasApqn, type ApMatrix } from './ap-matrix.ts';
import { filterControlDomains, filterMatrix } from './filter.ts';
import { leave, linkAll, unhash } from './linking.ts';
import type { LockingDesign, Section } from './locking/port.ts';
import type { MatrixDev } from './matrix-dev.ts';
import { resetFiltered } from './reset-filtered.ts';
import { resetQueues } from './reset.ts';
import type { VfioApQueue } from './vfio-ap-queue.ts';

/** Which mask of the matrix an attribute changes. */
export type Dimension = 'adapter' | 'domain';

const maskName = (dimension: Dimension): 'apm' | 'aqm' => (dimension === 'adapter' ? 'apm' : 'aqm');

export class Assignment {
  private readonly dev: MatrixDev;
  private readonly design: LockingDesign;

  constructor(dev: MatrixDev, design: LockingDesign) {
    this.dev = dev;
    this.design = design;
  }

  /** -EINVAL, -ERANGE (text), -ENODEV (beyond the limit), -EADDRNOTAVAIL (host reserves it), -EADDRINUSE (another mdev has it). */
  assign(task: Task, mdev: ApMatrixMdev, dimension: Dimension, text: string): Promise<Errno> {
    beginOperation(task);
    return this.design.change(task, { kind: 'assign', mdev }, async (section) => {
      const id = parseId(text, mdev.limits[dimension]);
      if (id < 0) return id;
      const before = mdev.matrix.get(task);
      const name = maskName(dimension);
      if (before[name].has(id)) return OK;
      const next = { ...before, [name]: before[name].with(id) };
      const errno = await this.validate(task, section, mdev, next);
      if (errno !== OK) return errno;
      mdev.matrix.set(task, next);
      this.note(task, 'assign', { mdev, dimension, id });
      linkAll(task, this.dev, mdev, partners(next, dimension, id));
      await this.refilter(task, section, mdev, { ...next, [name]: ApMask.of(id) });
      return OK;
    });
  }

  unassign(task: Task, mdev: ApMatrixMdev, dimension: Dimension, text: string): Promise<Errno> {
    beginOperation(task);
    return this.design.change(task, { kind: 'unassign', mdev }, async (section) => {
      const id = parseId(text, mdev.limits[dimension]);
      if (id < 0) return id;
      const before = mdev.matrix.get(task);
      const name = maskName(dimension);
      if (!before[name].has(id)) return OK;
      mdev.matrix.set(task, { ...before, [name]: before[name].without(id) });
      this.note(task, 'unassign', { mdev, dimension, id });
      await this.hotUnplug(task, section, mdev, { dimension, ids: ApMask.of(id), before });
      return OK;
    });
  }

  controlDomain(task: Task, mdev: ApMatrixMdev, text: string, assign: boolean): Promise<Errno> {
    beginOperation(task);
    return this.design.change(task, { kind: 'control-domain', mdev }, async (section) => {
      const id = parseId(text, mdev.limits.controlDomain);
      if (id < 0) return id;
      const before = mdev.matrix.get(task);
      if (before.adm.has(id) === assign) return OK;
      mdev.matrix.set(task, { ...before, adm: assign ? before.adm.with(id) : before.adm.without(id) });
      this.note(task, assign ? 'assign' : 'unassign', { mdev, dimension: 'control-domain', id });
      if (filterControlDomains(task, this.dev, mdev)) await section.push(task);
      return OK;
    });
  }

  /** Is no APQN of the matrix reserved by the host or assigned to another mdev? */
  private async validate(task: Task, section: Section, mdev: ApMatrixMdev, matrix: ApMatrix): Promise<Errno> {
    if (await section.reserved(task, matrix.apm, matrix.aqm)) return EADDRNOTAVAIL;
    for (const other of this.dev.mdevs.get(task)) {
      if (other === mdev) continue;
      const theirs = other.matrix.get(task);
      const shared = { apm: theirs.apm.and(matrix.apm), aqm: theirs.aqm.and(matrix.aqm), adm: ApMask.EMPTY };
      if (shared.apm.isEmpty() || shared.aqm.isEmpty()) continue;
      for (const apqn of apqnsOf(shared)) {
        this.dev.host.log.warn(
          { mdev: mdev.name, queue: apqnText(apqn), owner: other.name },
          'the queue is already assigned to another mdev',
        );
      }
      return EADDRINUSE;
    }
    return OK;
  }

  private async refilter(task: Task, section: Section, mdev: ApMatrixMdev, added: ApMatrix): Promise<void> {
    const { changed, lost } = filterMatrix(task, this.dev, mdev, added);
    if (changed) await section.push(task);
    await resetFiltered(task, this.dev, { mdev, adapters: lost, onQueue: section.onQueue });
  }

  /** The guest loses access first; then the queues are reset, and only then they lose their mdev. */
  private async hotUnplug(
    task: Task,
    section: Section,
    mdev: ApMatrixMdev,
    { dimension, ids, before }: { dimension: Dimension; ids: ApMask; before: ApMatrix },
  ): Promise<void> {
    const name = maskName(dimension);
    const shadow = mdev.shadow.get(task);
    const unlinked: VfioApQueue[] = [];
    for (const id of ids.bits()) {
      for (const apqn of partners(before, dimension, id)) {
        const queue = mdev.qtable.get(task).get(apqn);
        if (queue === undefined) continue;
        unhash(task, mdev, queue);
        unlinked.push(queue);
      }
    }
    if (shadow[name].intersects(ids)) {
      mdev.shadow.set(task, { ...shadow, [name]: shadow[name].andNot(ids) });
      await section.push(task);
    }
    const used = unlinked.filter((queue) => hasApqn(shadow, adapterOf(queue.apqn), domainOf(queue.apqn)));
    await resetQueues(task, this.dev, used, section.onQueue);
    for (const queue of this.dev.host.quirks.has('Q6') ? used : unlinked) await leave(task, this.dev, queue);
  }

  private note(task: Task, what: string, about: { mdev: ApMatrixMdev; dimension: string; id: number }): void {
    this.dev.host.events.emit(`vfio_ap.${what}`, task.name, { mdev: about.mdev.name, what: about.dimension, id: about.id });
  }
}

function parseId(text: string, limit: number): number {
  const id = parseUnsigned(text);
  return id > limit ? ENODEV : id;
}

/** The APQNs that this id makes with the other dimension of the matrix. */
function partners(matrix: ApMatrix, dimension: Dimension, id: number): number[] {
  return dimension === 'adapter'
    ? [...matrix.aqm.bits()].map((domain) => apqnOf(id, domain))
    : [...matrix.apm.bits()].map((adapter) => apqnOf(adapter, id));
}
