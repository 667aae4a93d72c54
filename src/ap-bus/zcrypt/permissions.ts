/**
 * Who may use what through which node: the node of the bus has the masks of the bus, each additional node four of its own (struct ap_perms
 * of drivers/s390/crypto/ap_bus.h). Masks of a node have no effect on which driver gets a queue.
 */
import { ApMask } from '../../base/ap-mask.ts';
import { ERESTARTSYS, OK, type Errno } from '../../base/errno.ts';
import { parseMaskText } from '../../base/mask-text.ts';
import type { GuardedField } from '../../locks/guarded-field.ts';
import type { LockLayer } from '../../locks/lock-layer.ts';
import type { Mutex } from '../../locks/mutex.ts';
import type { Task } from '../../runtime/task.ts';
import type { ApPermissions } from '../ap-permissions.ts';
import type { Admission, NodePermissions } from './admission.ts';

/** All numbers but 0, which no ioctl has. */
const isIoctlNumber = (nr: number): boolean => nr > 0 && nr < ApMask.BITS;

/** /dev/z90crypt. */
export class BusPermissions implements NodePermissions {
  private readonly masks: ApPermissions;

  constructor(masks: ApPermissions) {
    this.masks = masks;
  }

  async admission(task: Task): Promise<Admission> {
    const { apm, aqm } = await this.masks.readInTheOpen(task);
    return { restricted: false, card: (id) => apm.has(id), domain: (id) => aqm.has(id), control: () => true };
  }

  allowsIoctl(_task: Task, nr: number): boolean {
    return isIoctlNumber(nr);
  }
}

/** What the kernel itself sends, past all nodes. */
export const KERNEL_PERMISSIONS: NodePermissions = {
  admission: async () => ({ restricted: false, card: () => true, domain: () => true, control: () => true }),
  allowsIoctl: () => true,
};

export const NODE_MASKS = ['ioctlmask', 'apmask', 'aqmask', 'admask'] as const;
export type NodeMask = (typeof NODE_MASKS)[number];

export class NodeMasks implements NodePermissions {
  readonly name: string;
  private readonly attrMutex: Mutex;
  private readonly fields: Readonly<Record<NodeMask, GuardedField<ApMask>>>;

  /** All zero: nothing is allowed. */
  constructor(layer: LockLayer, name: string, attrMutex: Mutex) {
    this.name = name;
    this.attrMutex = attrMutex;
    const field = (label: NodeMask): GuardedField<ApMask> => {
      const mask = layer.field(this, label, ApMask.EMPTY);
      mask.guardedBy([attrMutex]);
      return mask;
    };
    this.fields = { ioctlmask: field('ioctlmask'), apmask: field('apmask'), aqmask: field('aqmask'), admask: field('admask') };
  }

  /** -ERESTARTSYS when a signal came while it waited for the mutex. */
  async show(task: Task, which: NodeMask): Promise<string | Errno> {
    using held = await this.attrMutex.acquire(task, { interruptible: true });
    return held === null ? ERESTARTSYS : `${this.fields[which].get(task).toString()}\n`;
  }

  /** -EINVAL for a text that is no mask; nothing has changed then. */
  async store(task: Task, which: NodeMask, text: string): Promise<Errno> {
    using held = await this.attrMutex.acquire(task, { interruptible: true });
    if (held === null) return ERESTARTSYS;
    const field = this.fields[which];
    const mask = parseMaskText(text, field.get(task));
    if (typeof mask === 'number') return mask;
    await field.write(task, mask);
    return OK;
  }

  async admission(task: Task): Promise<Admission> {
    const { apmask, aqmask, admask } = this.fields;
    const [apm, aqm, adm] = [await apmask.read(task), await aqmask.read(task), await admask.read(task)];
    return { restricted: true, card: (id) => apm.has(id), domain: (id) => aqm.has(id), control: (id) => adm.has(id) };
  }

  async allowsIoctl(task: Task, nr: number): Promise<boolean> {
    return isIoctlNumber(nr) && (await this.fields.ioctlmask.read(task)).has(nr);
  }
}
