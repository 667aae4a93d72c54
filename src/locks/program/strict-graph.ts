/**
 * The dependency graph as Linux lockdep keeps and searches it (kernel/locking/lockdep.c). Its search visits each class once and marks it
 * before it looks at the strength of the edge it came by, so a weak first arrival hides a strong one: kept here, because strict verdicts
 * are the kernel's.
 */
import { excludesAll, stoppedByAny, type LockMode } from '../modes.ts';

/** The four kinds of a dependency as bits: the holder Excludes or Shares, the requester is stopped by aNyone or by a wRiter only. */
const SR = 1;
const ER = 2;
const SN = 4;
const EN = 8;

function kindBit(from: LockMode, to: LockMode): number {
  if (stoppedByAny(to)) return excludesAll(from) ? EN : SN;
  return excludesAll(from) ? ER : SR;
}

interface StrictEdge {
  readonly to: number;
  /** Bits of all kinds seen. */
  kinds: number;
  /** Steps on the held stack between the two, 1 once they were neighbours. */
  distance: number;
}

export interface ClassMode {
  readonly cls: number;
  readonly mode: LockMode;
}

interface Visit {
  readonly cls: number;
  /** Bits of the edge it was reached by, 0 for the start. */
  readonly kinds: number;
  readonly parent: Visit | null;
  onlyR: boolean;
}

export class StrictGraph {
  private readonly out: StrictEdge[][] = [];

  /** Classes from `next` to `prev` along a strong path that the dependency prev -> next would close to a ring, or null. */
  conflict(prev: ClassMode, next: ClassMode): number[] | null {
    const seen = new Set<number>();
    const queue: Visit[] = [{ cls: next.cls, kinds: 0, parent: null, onlyR: !stoppedByAny(next.mode) }];
    for (let i = 0; i < queue.length; i++) {
      const at = queue[i]!;
      if (seen.has(at.cls)) continue;
      seen.add(at.cls);
      if (at.parent !== null) {
        const kinds = at.parent.onlyR ? at.kinds & ~(SR | SN) : at.kinds;
        if (kinds === 0) continue;
        at.onlyR = (kinds & (SN | EN)) === 0;
      }
      if (at.cls === prev.cls && (excludesAll(prev.mode) || !at.onlyR)) return pathTo(at);
      for (const edge of this.out[at.cls] ?? []) queue.push({ cls: edge.to, kinds: edge.kinds, parent: at, onlyR: false });
    }
    return null;
  }

  add(prev: ClassMode, next: ClassMode, distance: number): void {
    const row = (this.out[prev.cls] ??= []);
    const kinds = kindBit(prev.mode, next.mode);
    const known = row.find((edge) => edge.to === next.cls);
    if (known === undefined) {
      row.push({ to: next.cls, kinds, distance });
      return;
    }
    known.kinds |= kinds;
    if (distance === 1) known.distance = 1;
  }
}

function pathTo(last: Visit): number[] {
  const path: number[] = [];
  for (let at: Visit | null = last; at !== null; at = at.parent) path.unshift(at.cls);
  return path;
}
