/**
 * Assignment of adapters, domains and control domains to an mdev (vfio_ap_ops.c: assign_adapter_store and its five siblings).
 * Parsing happens inside the locks, as in the kernel; a failed check leaves the state exactly as it was.
 */
import { ApMask } from '../base/ap-mask.ts';
import { apqnText } from '../base/apqn.ts';
import { EADDRINUSE, EADDRNOTAVAIL, EBUSY, ENODEV, OK, type Errno } from '../base/errno.ts';
import { parseUnsigned } from '../base/kernel-text.ts';
import { beginOperation } from '../locks/task-memory.ts';
import type { Task } from '../runtime/task.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import { apqnsOf, type ApMatrix } from './ap-matrix.ts';
import { isBound } from './bound-queues.ts';
import { filterControlDomains, filterMatrix } from './filter.ts';
import { hotUnplug } from './hot-unplug.ts';
import { linkAll } from './linking.ts';
import type { LockingDesign, Section } from './locking/port.ts';
import type { MatrixDev } from './matrix-dev.ts';
import { resetFiltered } from './reset-filtered.ts';
import { sharedWith } from './sharing.ts';

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
      const errno = await validate(task, this.dev, section, { mdev, matrix: next });
      if (errno !== OK) return errno;
      this.dev.setMatrix(task, mdev, next);
      this.note(task, 'assign', { mdev, dimension, id });
      const added = { ...next, [name]: ApMask.of(id) };
      linkAll(task, this.dev, mdev, apqnsOf(added));
      await this.refilter(task, section, mdev, added);
      return OK;
    });
  }

  /** -EINVAL, -ERANGE, -ENODEV as in `assign`. */
  unassign(task: Task, mdev: ApMatrixMdev, dimension: Dimension, text: string): Promise<Errno> {
    beginOperation(task);
    return this.design.change(task, { kind: 'unassign', mdev }, async (section) => {
      const id = parseId(text, mdev.limits[dimension]);
      if (id < 0) return id;
      const before = mdev.matrix.get(task);
      const mask = maskName(dimension);
      if (!before[mask].has(id)) return OK;
      this.dev.setMatrix(task, mdev, { ...before, [mask]: before[mask].without(id) });
      this.note(task, 'unassign', { mdev, dimension, id });
      await hotUnplug(task, this.dev, section, { mdev, mask, ids: ApMask.of(id), from: before });
      return OK;
    });
  }

  /** -EINVAL, -ERANGE, -ENODEV. Nobody is asked: control domains may be those of the host and of other mdevs as well. */
  controlDomain(task: Task, mdev: ApMatrixMdev, text: string, assign: boolean): Promise<Errno> {
    beginOperation(task);
    return this.design.change(task, { kind: 'control-domain', mdev }, async (section) => {
      const id = parseId(text, mdev.limits.controlDomain);
      if (id < 0) return id;
      const before = mdev.matrix.get(task);
      if (before.adm.has(id) === assign) return OK;
      this.dev.setMatrix(task, mdev, { ...before, adm: assign ? before.adm.with(id) : before.adm.without(id) });
      this.note(task, assign ? 'assign' : 'unassign', { mdev, dimension: 'control-domain', id });
      if (assign ? filterControlDomains(task, this.dev, mdev) : withdrawControlDomain(task, mdev, id)) await section.push(task);
      return OK;
    });
  }

  private async refilter(task: Task, section: Section, mdev: ApMatrixMdev, added: ApMatrix): Promise<void> {
    const { changed, lost } = filterMatrix(task, this.dev, mdev, added);
    if (changed) await section.push(task);
    await resetFiltered(task, this.dev, { mdev, adapters: lost, onQueue: section.onQueue });
  }

  private note(task: Task, what: string, about: { mdev: ApMatrixMdev; dimension: string; id: number }): void {
    this.dev.host.events.emit(`vfio_ap.${what}`, task.name, { mdev: about.mdev.name, what: about.dimension, id: about.id });
  }
}

/** Is no APQN of the matrix reserved by the host (-EADDRNOTAVAIL), which is asked first, or assigned to another mdev (-EADDRINUSE)? */
export async function validate(
  task: Task,
  dev: MatrixDev,
  section: Section,
  { mdev, matrix }: { mdev: ApMatrixMdev; matrix: ApMatrix },
): Promise<Errno> {
  const { assigns } = dev.host.kernel;
  const available =
    assigns === 'bound' ? isBound(dev, mdev.matrix.get(task), matrix) : !(await section.reserved(task, matrix.apm, matrix.aqm));
  if (!available) return EADDRNOTAVAIL;
  const shared = sharedWith(task, dev, matrix, mdev);
  if (shared === null) return OK;
  for (const apqn of shared.apqns) {
    dev.host.log.warn(
      { mdev: mdev.name, queue: apqnText(apqn), owner: shared.owner.name },
      'the queue is already assigned to another mdev',
    );
  }
  return dev.host.quirks.has('Q15') ? EBUSY : EADDRINUSE;
}

/** A number within the limit; -EINVAL, -ERANGE, -ENODEV otherwise. */
function parseId(text: string, limit: number): number {
  const id = parseUnsigned(text);
  return id > limit ? ENODEV : id;
}

/** Of the shadow the control domain leaves alone: nothing else is looked at. Answers whether the guest had it. */
function withdrawControlDomain(task: Task, mdev: ApMatrixMdev, id: number): boolean {
  const shadow = mdev.shadow.get(task);
  if (!shadow.adm.has(id)) return false;
  mdev.shadow.set(task, { ...shadow, adm: shadow.adm.without(id) });
  return true;
}
