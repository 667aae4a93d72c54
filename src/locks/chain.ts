/**
 * Chain cache: a trie with one node per distinct sequence of held (class, mode). A task carries the node of what it holds, so
 * "was exactly this sequence validated before?" is one array load. Exact: no hash, no collision (kernel: chain keys).
 */
import type { LockClass } from './lock-class.ts';
import type { LockMode } from './modes.ts';
import type { Place } from './place.ts';

export class ChainNode {
  readonly parent: ChainNode | null;
  readonly cls: LockClass | null;
  readonly mode: LockMode;
  /** Where this sequence was completed for the first time. */
  readonly place: Place;
  readonly children: (ChainNode | undefined)[] = [];

  constructor(parent: ChainNode | null, entry: { cls: LockClass | null; mode: LockMode; place: Place }) {
    this.parent = parent;
    this.cls = entry.cls;
    this.mode = entry.mode;
    this.place = entry.place;
  }
}
