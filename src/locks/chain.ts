/**
 * Chain cache: a trie with one node per distinct sequence of held (class, mode). A task carries the node of what it holds, so
 * "was exactly this sequence validated before?" is mostly one comparison. Exact: no hash, no collision (kernel: chain keys).
 */
import type { LockClass } from './lock-class.ts';
import type { LockMode } from './modes.ts';
import type { Place } from './place.ts';

export interface ChainEntry {
  readonly cls: LockClass | null;
  readonly mode: LockMode;
  /** Where this sequence was completed for the first time. */
  readonly place: Place;
}

export class ChainNode implements ChainEntry {
  readonly parent: ChainNode | null;
  readonly cls: LockClass | null;
  readonly mode: LockMode;
  readonly place: Place;
  /** Its verdict depends on the locks themselves, not only on their classes: looked at each time. */
  readonly unsettled: boolean;
  private lastKey = -1;
  private lastChild: ChainNode | undefined = undefined;
  private readonly children = new Map<number, ChainNode>();

  constructor(parent: ChainNode | null, entry: ChainEntry, unsettled = false) {
    this.parent = parent;
    this.cls = entry.cls;
    this.mode = entry.mode;
    this.place = entry.place;
    this.unsettled = unsettled;
  }

  /** The sequence that `cls` taken in this way makes of it; undefined when nobody has been there. */
  child(cls: LockClass, mode: LockMode): ChainNode | undefined {
    const key = cls.key(mode);
    if (key === this.lastKey) return this.lastChild;
    const child = this.children.get(key);
    if (child === undefined || child.unsettled) return undefined;
    this.lastKey = key;
    this.lastChild = child;
    return child;
  }

  /** The same, also where each visit needs a look at the locks. */
  unsettledChild(cls: LockClass, mode: LockMode): ChainNode | undefined {
    return this.children.get(cls.key(mode));
  }

  /** The sequences that are one lock longer. */
  following(): Iterable<ChainNode> {
    return this.children.values();
  }

  add(cls: LockClass, child: ChainNode): ChainNode {
    this.children.set(cls.key(child.mode), child);
    return child;
  }
}
