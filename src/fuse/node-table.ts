/**
 * The nodes that the kernel knows of (kernel: struct fuse_inode with nlookup): ids that are never reused, lookup counts, and for each
 * directory the names whose presence or absence the kernel may have cached. When a tree says that a name has changed, the node behind it is
 * gone for good: whoever still has it open gets -ENODEV, also when an equal one appears in its place.
 */
import { ESTALE, type Errno } from '../base/errno.ts';
import type { DirectoryNode, TreeNode } from './file-tree.ts';
import { ROOT_ID } from './protocol.ts';

/** Absent names that the kernel may cache in one directory; more are asked for each time. */
const NEGATIVE_MAX = 1024;

/** What chmod and chown said: sysfs keeps it as long as the node exists. */
export interface Overrides {
  mode?: number;
  uid?: number;
  gid?: number;
}

/** One node of the tree, behind one or several ids. */
export class NodeFamily {
  readonly node: TreeNode;
  gone = false;
  overrides: Overrides | null = null;
  readonly members = new Set<NodeRecord>();

  constructor(node: TreeNode) {
    this.node = node;
  }

  get mode(): number {
    return this.overrides?.mode ?? this.node.mode;
  }
}

/** One id: an inode of the kernel, with an inode lock of its own. */
export class NodeRecord {
  readonly id: number;
  readonly family: NodeFamily;
  readonly parent: NodeRecord | null;
  readonly name: string;
  lookups = 0;
  /** Its inode lock is taken for longer: whoever looks next gets another id for the same file. */
  crowded = false;
  /** Known children by name; of a file null. */
  readonly children = new Map<string, NodeRecord>();
  /** Names of which the kernel was told that there are none. */
  readonly absent = new Set<string>();

  constructor(id: number, family: NodeFamily, place: { parent: NodeRecord; name: string } | null) {
    this.id = id;
    this.family = family;
    this.parent = place?.parent ?? null;
    this.name = place?.name ?? '/';
    family.members.add(this);
  }

  get node(): TreeNode {
    return this.family.node;
  }
}

function sameNode(a: TreeNode, b: TreeNode): boolean {
  if (a.kind === 'directory') return b.kind === 'directory' && a.identity === b.identity;
  if (a.kind === 'link') return b.kind === 'link' && a.target === b.target;
  return b.kind === 'file' && a.same(b);
}

export class NodeTable {
  readonly root: NodeRecord;
  private readonly byId = new Map<number, NodeRecord>();
  private readonly directories = new Map<object, NodeRecord>();
  private lastId = ROOT_ID;

  constructor(root: DirectoryNode) {
    this.root = new NodeRecord(ROOT_ID, new NodeFamily(root), null);
    this.byId.set(ROOT_ID, this.root);
    this.directories.set(root.identity, this.root);
  }

  /** Ids that the kernel may still use, the root's included. */
  get size(): number {
    return this.byId.size;
  }

  get(id: number): NodeRecord | Errno {
    return this.byId.get(id) ?? ESTALE;
  }

  /** The child for one more lookup; null when there is none. */
  lookup(parent: NodeRecord, name: string): NodeRecord | null {
    const { node } = parent;
    if (node.kind !== 'directory' || parent.family.gone) return null;
    const found = node.child(name);
    const known = parent.children.get(name);
    if (known !== undefined && (found === null || !sameNode(known.node, found))) this.bury(known);
    if (found === null) return null;
    const record = this.recordOf(parent, name, found);
    record.lookups++;
    return record;
  }

  /** The kernel will be told that there is no such name: true when it may remember that, since it will be told of a change. */
  rememberAbsent(parent: NodeRecord, name: string): boolean {
    if (parent.family.gone || parent.absent.size >= NEGATIVE_MAX || name.includes('\ufffd')) return false;
    parent.absent.add(name);
    return true;
  }

  /** The kernel gives back `count` lookups; what has none left is forgotten, unless it must keep what chmod said. */
  forget(id: number, count: number): void {
    const record = this.byId.get(id);
    if (record === undefined || id === ROOT_ID) return;
    record.lookups = Math.max(0, record.lookups - count);
    this.drop(record);
  }

  /** Keeps the record and all above it until the node goes. */
  pin(record: NodeRecord): void {
    for (let at: NodeRecord | null = record; at !== null; at = at.parent) at.family.overrides ??= {};
  }

  /**
   * A name means something else now. Answers the directory in which the kernel has to forget it, or null when the kernel has never heard
   * of the name.
   */
  changed(identity: object, name: string): NodeRecord | null {
    const parent = this.directories.get(identity);
    if (parent === undefined) return null;
    const known = parent.children.get(name);
    const wasAbsent = parent.absent.delete(name);
    if (known === undefined) return wasAbsent ? parent : null;
    const { node } = parent;
    const now = node.kind === 'directory' ? node.child(name) : null;
    if (now !== null && sameNode(known.node, now)) return wasAbsent ? parent : null;
    this.bury(known);
    return parent;
  }

  private recordOf(parent: NodeRecord, name: string, node: TreeNode): NodeRecord {
    const known = parent.children.get(name);
    if (known !== undefined && !known.crowded) return known;
    parent.absent.delete(name);
    const record = new NodeRecord(++this.lastId, known?.family ?? new NodeFamily(node), { parent, name });
    parent.children.set(name, record);
    this.byId.set(record.id, record);
    if (node.kind === 'directory') this.directories.set(node.identity, record);
    return record;
  }

  /** It and everything below it has left the tree; the kernel may still use the ids. */
  private bury(record: NodeRecord): void {
    record.family.gone = true;
    record.family.overrides = null;
    const { parent, node } = record;
    if (parent?.children.get(record.name) === record) parent.children.delete(record.name);
    if (node.kind === 'directory') this.directories.delete(node.identity);
    for (const child of [...record.children.values()]) this.bury(child);
    for (const member of [...record.family.members]) this.drop(member);
  }

  private drop(record: NodeRecord): void {
    const { family, parent, node } = record;
    if (record.lookups > 0 || family.overrides !== null || record.children.size > 0) return;
    this.byId.delete(record.id);
    family.members.delete(record);
    if (parent === null) return;
    if (parent.children.get(record.name) === record) {
      parent.children.delete(record.name);
      if (node.kind === 'directory') this.directories.delete(node.identity);
      if (parent.id !== ROOT_ID) this.drop(parent);
    }
  }
}
