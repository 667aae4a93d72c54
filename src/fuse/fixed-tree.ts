/**
 * Directories and links that somebody puts together by hand: placeholders for the rest of /sys, device nodes (kernel: simple_fs, tmpfs).
 */
import type { DirectoryNode, FileNode, FileTree, LinkNode, TreeNode, TreeObserver } from './file-tree.ts';

let lastInode = 1;

/** A fresh inode number for a node that is not of sysfs: below 2^32, where no attribute has its own. */
export const nextInode = (): number => ++lastInode;

export class FixedLink implements LinkNode {
  readonly kind = 'link';
  readonly mode = 0o777;
  readonly inode = nextInode();
  readonly target: string;

  constructor(target: string) {
    this.target = target;
  }
}

export class FixedDirectory implements DirectoryNode, FileTree {
  readonly kind = 'directory';
  readonly mode: number;
  readonly inode = nextInode();
  readonly identity = this;
  private readonly nodes = new Map<string, TreeNode>();
  private readonly observers = new Set<TreeObserver>();
  private parent: FixedDirectory | null = null;

  constructor(mode = 0o755) {
    this.mode = mode;
  }

  /** It is the root of a tree of its own. */
  get root(): DirectoryNode {
    return this;
  }

  child(name: string): TreeNode | null {
    return this.nodes.get(name) ?? null;
  }

  list(): Iterable<readonly [string, TreeNode]> {
    return this.nodes;
  }

  /** Replaces what has the name. A directory has one place at most. */
  add(name: string, node: FixedDirectory | FixedLink | FileNode): void {
    if (node instanceof FixedDirectory) {
      if (node.parent !== null) throw new Error(`expected a directory that is nowhere yet for ${name}, it has a place already`);
      node.parent = this;
    }
    this.nodes.set(name, node);
    this.tell(this, name);
  }

  delete(name: string): boolean {
    const node = this.nodes.get(name);
    if (node === undefined) return false;
    if (node instanceof FixedDirectory) node.parent = null;
    this.nodes.delete(name);
    this.tell(this, name);
    return true;
  }

  /** The directory of that name, made when it is missing. */
  ensure(name: string): FixedDirectory {
    const known = this.nodes.get(name);
    if (known instanceof FixedDirectory) return known;
    if (known !== undefined) throw new Error(`expected ${name} to be a directory that was put here, it is a ${known.kind}`);
    const made = new FixedDirectory();
    this.add(name, made);
    return made;
  }

  watch(observer: TreeObserver): () => void {
    this.observers.add(observer);
    return () => void this.observers.delete(observer);
  }

  /** Who watches a directory is told of everything below it. */
  private tell(at: FixedDirectory, name: string): void {
    for (const observer of this.observers) observer(at.identity, name);
    this.parent?.tell(at, name);
  }
}
