/**
 * The whole assignment of an mdev in one text: adapters, domains and control domains (vfio_ap_ops.c: ap_config_show, ap_config_store).
 * Who writes is asked what every assignment is asked, all other writers see the old configuration or the new one; but a guest that is
 * running loses adapters, then domains, and then gets what is new: it can meet two configurations in between.
 */
import { EINVAL, ENODEV, OK, type Errno } from '../base/errno.ts';
import { parseHexMask } from '../base/mask-text.ts';
import { beginOperation } from '../locks/task-memory.ts';
import type { Task } from '../runtime/task.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import { apqnsOf, configText, type ApMatrix, type MatrixLimits } from './ap-matrix.ts';
import { validate } from './assign.ts';
import { filterControlDomains, filterMatrix } from './filter.ts';
import { hotUnplug } from './hot-unplug.ts';
import { linkAll } from './linking.ts';
import type { LockingDesign, Section } from './locking/port.ts';
import type { MatrixDev } from './matrix-dev.ts';
import { resetFiltered } from './reset-filtered.ts';

/** As many characters as the attribute shows; what follows is not even looked at. */
const LENGTH = 201;

interface Change {
  readonly mdev: ApMatrixMdev;
  readonly before: ApMatrix;
  readonly next: ApMatrix;
}

export class ApConfig {
  private readonly dev: MatrixDev;
  private readonly design: LockingDesign;

  constructor(dev: MatrixDev, design: LockingDesign) {
    this.dev = dev;
    this.design = design;
  }

  /** Three masks of `0x` and 64 hex digits, separated by commas, and a newline. */
  async show(task: Task, mdev: ApMatrixMdev): Promise<string> {
    beginOperation(task);
    if (this.dev.host.quirks.has('Q8')) return await readUnlocked(task, mdev);
    return await this.design.inspect(task, () => configText(mdev.matrix.get(task)));
  }

  /**
   * Replaces the configuration. -EINVAL (text), -EADDRNOTAVAIL (the host reserves a queue of it), -EADDRINUSE (another mdev has one), -ENODEV
   * (an id beyond its limit), asked in this order; nothing has changed then.
   */
  store(task: Task, mdev: ApMatrixMdev, text: string): Promise<Errno> {
    beginOperation(task);
    const copy = text.slice(0, LENGTH);
    return this.design.change(task, { kind: 'assign', mdev }, async (section) => {
      const next = parseConfig(copy);
      if (next === null) return EINVAL;
      const errno = await validate(task, this.dev, section, { mdev, matrix: next });
      if (errno !== OK) return errno;
      if (!isWithin(next, mdev.limits)) return ENODEV;
      await this.replace(task, section, { mdev, before: mdev.matrix.get(task), next });
      return OK;
    });
  }

  private async replace(task: Task, section: Section, { mdev, before, next }: Change): Promise<void> {
    // The matrix stays the old one until what leaves has left: nothing that looks at it meets a queue without its mdev.
    await hotUnplug(task, this.dev, section, { mdev, mask: 'apm', ids: before.apm.andNot(next.apm), from: before });
    await hotUnplug(task, this.dev, section, { mdev, mask: 'aqm', ids: before.aqm.andNot(next.aqm), from: before });
    this.dev.setMatrix(task, mdev, next);
    this.dev.host.events.emit('vfio_ap.config', task.name, () => ({ mdev: mdev.name, config: configText(next).trimEnd() }));
    linkAll(task, this.dev, mdev, apqnsOf({ ...next, apm: next.apm.andNot(before.apm) }));
    linkAll(task, this.dev, mdev, apqnsOf({ ...next, apm: next.apm.and(before.apm), aqm: next.aqm.andNot(before.aqm) }));
    const { changed, lost } = filterMatrix(task, this.dev, mdev);
    const control = filterControlDomains(task, this.dev, mdev);
    if (changed || control) await section.push(task);
    await resetFiltered(task, this.dev, { mdev, adapters: lost, onQueue: section.onQueue });
  }
}

/** Three fields that end at a comma, a newline or the end of the text; what follows the third is ignored. Null when the text is none. */
function parseConfig(text: string): ApMatrix | null {
  const fields = text.split(/[,\n]/, 3).map(parseHexMask);
  const [apm, aqm, adm] = fields;
  if (apm === undefined || aqm === undefined || adm === undefined) return null;
  if (typeof apm === 'number' || typeof aqm === 'number' || typeof adm === 'number') return null;
  return { apm, aqm, adm };
}

const isWithin = ({ apm, aqm, adm }: ApMatrix, limits: MatrixLimits): boolean =>
  apm.highest() <= limits.adapter && aqm.highest() <= limits.domain && adm.highest() <= limits.controlDomain;

/** The defect: mask by mask, while others may write. */
async function readUnlocked(task: Task, mdev: ApMatrixMdev): Promise<string> {
  const look = async (): Promise<ApMatrix> => {
    // An operation of its own for each mask, so that a schedule can put a store between two of them; the bare read is what is wrong with it.
    await mdev.matrix.read(task);
    return mdev.matrix.get(task);
  };
  const { apm } = await look();
  const { aqm } = await look();
  const { adm } = await look();
  return configText({ apm, aqm, adm });
}
