/**
 * apmask and aqmask: which queues are reserved for the drivers of the host (struct ap_perms in drivers/s390/crypto/ap_bus.c).
 */
import { ApMask } from '../base/ap-mask.ts';
import { adapterOf, domainOf, type Apqn } from '../base/apqn.ts';
import { EBUSY, EINVAL, ERESTARTSYS, OK, type Errno } from '../base/errno.ts';
import { parseMaskText } from '../base/mask-text.ts';
import type { GuardedField } from '../locks/guarded-field.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { Task } from '../runtime/task.ts';
import { AP_ATTR_MUTEX } from './lock-classes.ts';

export interface ApMasks {
  readonly apm: ApMask;
  readonly aqm: ApMask;
}

export type MaskName = keyof ApMasks;

/** Asks the drivers whether they use any of these APQNs. */
export type AskInUse = (task: Task, apm: ApMask, aqm: ApMask) => Promise<Errno>;

/** What a store asks others under the mutex. */
export interface StoreQuestions {
  /** Does any queue have a driver_override? */
  anyOverride(task: Task): boolean;
  readonly inUse: AskInUse;
}

export class ApPermissions {
  readonly name = 'ap_perms';
  readonly attrMutex: Mutex;
  private readonly fields: Readonly<Record<MaskName, GuardedField<ApMask>>>;

  /** `mutexName`: as this kernel calls the mutex. */
  constructor(layer: LockLayer, initial: ApMasks, mutexName: string = AP_ATTR_MUTEX.name) {
    this.attrMutex = layer.mutex(AP_ATTR_MUTEX, mutexName);
    this.fields = { apm: layer.field(this, 'apm', initial.apm), aqm: layer.field(this, 'aqm', initial.aqm) };
    this.fields.apm.guardedBy([this.attrMutex]);
    this.fields.aqm.guardedBy([this.attrMutex]);
  }

  /** The caller holds the attribute mutex. */
  masks(task: Task): ApMasks {
    return { apm: this.fields.apm.get(task), aqm: this.fields.aqm.get(task) };
  }

  /** Does a mask have a clear bit? Then it is the masks that say who gets what. The caller holds the attribute mutex. */
  inUse(task: Task): boolean {
    const { apm, aqm } = this.masks(task);
    return !apm.isFull() || !aqm.isFull();
  }

  /** Without the mutex, as a design may do that does not take it for its question: the answer may be old when it comes. */
  async readInTheOpen(task: Task): Promise<ApMasks> {
    return { apm: await this.fields.apm.read(task), aqm: await this.fields.aqm.read(task) };
  }

  /** For reports and checkers: no task, no lock. */
  inspect(): ApMasks {
    return { apm: this.fields.apm.inspect(), aqm: this.fields.aqm.inspect() };
  }

  async readMasks(task: Task): Promise<ApMasks> {
    using _attr = await this.attrMutex.acquire(task);
    return this.masks(task);
  }

  /** Is the queue reserved for the host? Takes the mutex for as long as it looks. */
  async reserved(task: Task, apqn: Apqn): Promise<boolean> {
    using _attr = await this.attrMutex.acquire(task);
    return this.fields.apm.get(task).has(adapterOf(apqn)) && this.fields.aqm.get(task).has(domainOf(apqn));
  }

  /** For the files: a signal ends the wait for the mutex with -ERESTARTSYS. */
  async show(task: Task, which: MaskName): Promise<string | Errno> {
    using attr = await this.attrMutex.acquire(task, { interruptible: true });
    return attr === null ? ERESTARTSYS : `${this.fields[which].get(task).toString()}\n`;
  }

  /**
   * The part of a store that runs under the mutex. Answers the new mask, null when it is the old one, or an errno; bits that the host
   * would gain are granted by the drivers first, bits that it gives up are nobody's business.
   */
  async commit(task: Task, which: MaskName, text: string, ask: StoreQuestions): Promise<ApMask | Errno | null> {
    using attr = await this.attrMutex.acquire(task, { interruptible: true });
    if (attr === null) return ERESTARTSYS;
    if (ask.anyOverride(task)) return EINVAL;
    const field = this.fields[which];
    const current = field.get(task);
    const next = parseMaskText(text, current);
    if (typeof next === 'number') return next;
    if (next.equals(current)) return null;
    const gained = next.andNot(current);
    if (!gained.isEmpty()) {
      const rc = which === 'apm' ? await ask.inUse(task, gained, ApMask.FULL) : await ask.inUse(task, ApMask.FULL, gained);
      if (rc !== OK) return EBUSY;
    }
    // A step of its own: whoever looks at the masks without the mutex comes before or after it.
    await field.write(task, next);
    return next;
  }
}
