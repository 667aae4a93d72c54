/**
 * /sys/class/zcrypt: makes and destroys additional device nodes (zcdn_create and zcdn_destroy of drivers/s390/crypto/zcrypt_api.c).
 */
import { EEXIST, EINVAL, ENOENT, ENOSPC, ERESTARTSYS, OK, type Errno } from '../../base/errno.ts';
import type { Mutex } from '../../locks/mutex.ts';
import { Access } from '../../runtime/access.ts';
import type { Task } from '../../runtime/task.ts';
import type { AttributeDef } from '../../driver-core/attribute.ts';
import { Directory } from '../../driver-core/directory.ts';
import type { Sysfs } from '../../driver-core/sysfs.ts';
import type { UeventSink } from '../../driver-core/uevent.ts';
import { NodeMasks } from './permissions.ts';
import type { ZcryptService } from './zcrypt-file.ts';
import { NODE_ATTRIBUTES, ZCRYPT_MAJOR, ZcryptNode } from './zcrypt-node.ts';

const MINORS = 256;
/** The kernel's buffer for a name has room for one more byte, the zero at the end. */
const LONGEST_NAME = 31;

export interface ZcryptClassParts {
  readonly sysfs: Sysfs;
  readonly service: ZcryptService;
  readonly uevent: UeventSink;
  /** Of the masks of the bus, too. */
  readonly attrMutex: Mutex;
}

interface Entry {
  readonly node: ZcryptNode;
  readonly directory: Directory;
}

export class ZcryptClass {
  private readonly parts: ZcryptClassParts;
  private readonly directory: Directory;
  private readonly devices: Directory;
  private readonly nodeAttributes: readonly AttributeDef<ZcryptNode>[];
  /** By name; a node that is being destroyed keeps its name and its minor until its files are gone. Under the attribute mutex. */
  private readonly entries = new Map<string, Entry>();
  private readonly observers = new Set<(name: string) => void>();

  constructor(parts: ZcryptClassParts) {
    this.parts = parts;
    this.directory = parts.sysfs.mkdir('/sys/class/zcrypt');
    this.devices = parts.sysfs.mkdir('/sys/devices/virtual/zcrypt');
    const { kernel } = parts.service.core.options;
    this.nodeAttributes = NODE_ATTRIBUTES.filter(({ name }) => name !== 'admask' || kernel.admask);
    this.directory.addAttributes<ZcryptClass>(CLASS_ATTRIBUTES, this);
    const base = parts.sysfs.mkdir('/sys/devices/virtual/misc/z90crypt');
    base.addAttributes(BASE_ATTRIBUTES, null);
    parts.sysfs.mkdir('/sys/class/misc').addLink('z90crypt', base);
  }

  /** undefined without such a node. */
  node(name: string): ZcryptNode | undefined {
    this.touch(Access.READ);
    const node = this.entries.get(name)?.node;
    return node === undefined || node.gone ? undefined : node;
  }

  /** Those that can be opened, in the order of creation. */
  *nodes(): IterableIterator<ZcryptNode> {
    this.touch(Access.READ);
    for (const { node } of this.entries.values()) if (!node.gone) yield node;
  }

  /** Is told the name of each node that can be opened from now on, or no more, before the store that did it returns. Ends the watch. */
  watch(observer: (name: string) => void): () => void {
    this.observers.add(observer);
    return () => void this.observers.delete(observer);
  }

  /**
   * An empty name stands for `zcrypt_MINOR`. -EEXIST, -ENOSPC without a free minor, -ERESTARTSYS; -EINVAL for the names that every directory
   * has (the kernel takes them, and nobody can ever use such a node; a copy of the tree would write outside of itself).
   */
  async create(task: Task, wanted: string): Promise<Errno> {
    if (wanted === '.' || wanted === '..') return EINVAL;
    const { attrMutex, service, sysfs } = this.parts;
    using held = await attrMutex.acquire(task, { interruptible: true });
    if (held === null) return ERESTARTSYS;
    if (this.entries.has(wanted)) return EEXIST;
    const minor = this.freeMinor();
    if (minor === null) return ENOSPC;
    // A slash cannot be part of a name in a directory.
    const name = wanted === '' ? `zcrypt_${minor}` : wanted.replaceAll('/', '!');
    const directory = new Directory(sysfs.layer, this.devices, { name });
    if (this.directory.entry(name) !== null || !directory.publish()) return EEXIST;
    const node = new ZcryptNode(service, attrMutex, { name, minor, masks: new NodeMasks(sysfs.layer, name, attrMutex) });
    directory.addAttributes(this.nodeAttributes, node);
    directory.addLink('subsystem', this.directory);
    this.directory.addLink(name, directory);
    this.touch(Access.WRITE);
    this.entries.set(name, { node, directory });
    this.tell(name);
    this.send('add', node);
    return OK;
  }

  /**
   * -ENOENT without such a node. Stores to its masks that are running are waited for when the attribute mutex has been given back: they
   * may be waiting for that themselves.
   */
  async destroy(task: Task, name: string): Promise<Errno> {
    const { attrMutex, service } = this.parts;
    let entry: Entry | undefined;
    {
      using held = await attrMutex.acquire(task, { interruptible: true });
      if (held === null) return ERESTARTSYS;
      entry = this.entries.get(name);
      if (entry === undefined || entry.node.gone) return ENOENT;
      this.touch(Access.WRITE);
      entry.node.gone = true;
      this.tell(entry.node.name);
      if (service.core.options.destroysUnderMutex === true) await this.unregister(task, entry);
    }
    if (service.core.options.destroysUnderMutex !== true) await this.unregister(task, entry);
    return OK;
  }

  private async unregister(task: Task, { node, directory }: Entry): Promise<void> {
    this.directory.removeLink(node.name);
    this.send('remove', node);
    await directory.remove(task);
    this.touch(Access.WRITE);
    this.entries.delete(node.name);
  }

  private tell(name: string): void {
    for (const observer of this.observers) observer(name);
  }

  private freeMinor(): number | null {
    this.touch(Access.READ);
    const taken = new Set(Array.from(this.entries.values(), ({ node }) => node.minor));
    for (let minor = 0; minor < MINORS; minor++) if (!taken.has(minor)) return minor;
    return null;
  }

  private send(action: 'add' | 'remove', { name, minor }: ZcryptNode): void {
    this.parts.uevent(() => ({
      action,
      path: `/devices/virtual/zcrypt/${name}`,
      env: { SUBSYSTEM: 'zcrypt', MAJOR: String(ZCRYPT_MAJOR), MINOR: String(minor), DEVNAME: name },
    }));
  }

  private touch(access: typeof Access.READ | typeof Access.WRITE): void {
    this.parts.sysfs.layer.rt.touch(this, access);
  }
}

/** The node of the bus is a misc device; its minor is whatever is free when zcrypt is loaded. */
const BASE_ATTRIBUTES: readonly AttributeDef<null>[] = [{ name: 'dev', mode: 0o444, show: () => '10:123\n' }];

/** Blanks around the name do not belong to it; what is too long is cut before the blanks at the end are. */
const nameIn = (text: string): string => text.trimStart().slice(0, LONGEST_NAME).trimEnd();

const CLASS_ATTRIBUTES: readonly AttributeDef<ZcryptClass>[] = [
  { name: 'create', mode: 0o200, store: (task, it, text) => it.create(task, nameIn(text)) },
  { name: 'destroy', mode: 0o200, store: (task, it, text) => it.destroy(task, nameIn(text)) },
];
