/**
 * Two trees as one: what the base has is the base's, and directories of both are merged (kernel: what bind mounts into /sys achieve).
 */
import type { DirectoryNode, FileTree, TreeNode, TreeObserver } from './file-tree.ts';

/** Which directory of the base shows what a directory of the extra tree holds. */
type Shown = WeakMap<object, object>;

class MergedDirectory implements DirectoryNode {
  readonly kind = 'directory';
  private readonly base: DirectoryNode;
  private readonly extra: DirectoryNode;
  private readonly shown: Shown;

  constructor(base: DirectoryNode, extra: DirectoryNode, shown: Shown) {
    this.base = base;
    this.extra = extra;
    this.shown = shown;
    shown.set(extra.identity, base.identity);
  }

  get identity(): object {
    return this.base.identity;
  }

  get mode(): number {
    return this.base.mode;
  }

  get inode(): number {
    return this.base.inode;
  }

  child(name: string): TreeNode | null {
    const base = this.base.child(name);
    const extra = this.extra.child(name);
    if (base === null || extra === null) return base ?? extra;
    return base.kind === 'directory' && extra.kind === 'directory' ? new MergedDirectory(base, extra, this.shown) : base;
  }

  *list(): Iterable<readonly [string, TreeNode]> {
    const seen = new Set<string>();
    for (const [name, node] of this.base.list()) {
      seen.add(name);
      yield [name, node];
    }
    for (const entry of this.extra.list()) if (!seen.has(entry[0])) yield entry;
  }
}

export function overlay(base: FileTree, extra: FileTree): FileTree {
  const shown: Shown = new WeakMap();
  return {
    root: new MergedDirectory(base.root, extra.root, shown),
    watch(observer: TreeObserver) {
      const ends = [base.watch(observer), extra.watch((identity, name) => observer(shown.get(identity) ?? identity, name))];
      return () => {
        for (const end of ends) end();
      };
    },
  };
}
