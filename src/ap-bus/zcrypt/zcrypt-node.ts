/**
 * A device node through which zcrypt is asked: /dev/z90crypt (its misc device) or an additional one (struct zcdn_device of
 * drivers/s390/crypto/zcrypt_api.c).
 */
import { ENODEV, ERESTARTSYS, type Errno } from '../../base/errno.ts';
import type { Mutex } from '../../locks/mutex.ts';
import type { Task } from '../../runtime/task.ts';
import type { AttributeDef } from '../../driver-core/attribute.ts';
import { NODE_MASKS, type NodeMasks, type NodeMask } from './permissions.ts';
import { ZcryptFile, type ZcryptService } from './zcrypt-file.ts';

/** The kernel takes whatever is free when zcrypt is loaded. */
export const ZCRYPT_MAJOR = 249;

export class ZcryptNode {
  readonly name: string;
  readonly minor: number;
  readonly masks: NodeMasks;
  /** It is being destroyed: nobody can open it any more, files that are open go on. */
  gone = false;
  private readonly service: ZcryptService;
  private readonly attrMutex: Mutex;

  constructor(service: ZcryptService, attrMutex: Mutex, node: { name: string; minor: number; masks: NodeMasks }) {
    this.service = service;
    this.attrMutex = attrMutex;
    this.name = node.name;
    this.minor = node.minor;
    this.masks = node.masks;
  }

  /** -ENODEV when it has been destroyed; -ERESTARTSYS when a signal came while it waited for the attribute mutex. */
  async open(task: Task): Promise<ZcryptFile | Errno> {
    using held = await this.attrMutex.acquire(task, { interruptible: true });
    if (held === null) return ERESTARTSYS;
    return this.gone ? ENODEV : new ZcryptFile(this.service, this.masks);
  }
}

const maskAttribute = (name: NodeMask): AttributeDef<ZcryptNode> => ({
  name,
  mode: 0o644,
  show: (task, { masks }) => masks.show(task, name),
  store: (task, { masks }, text) => masks.store(task, name, text),
});

export const NODE_ATTRIBUTES: readonly AttributeDef<ZcryptNode>[] = [
  { name: 'dev', mode: 0o444, show: (_task, { minor }) => `${ZCRYPT_MAJOR}:${minor}\n` },
  ...NODE_MASKS.map(maskAttribute),
];
