/**
 * Orders that are declared before anybody has taken a lock: the locking design's, or "who completes this must take that" (WITNESS enrols
 * a list of this kind at boot, the kernel has none). By names: a class that a run never uses costs nothing.
 */
import type { LockClass } from './lock-class.ts';

export type DeclaredPair = readonly [from: LockClass, to: LockClass, by: string];

export class DeclaredOrder {
  private readonly pairs: { readonly from: string; readonly to: string; readonly by: string }[] = [];
  private readonly classes = new Map<string, Set<LockClass>>();
  private readonly known = new Set<LockClass>();

  /** Outermost first; neighbours are pairs, the rest follows from them. */
  declare(names: readonly string[], by: string): void {
    for (let i = 1; i < names.length; i++) this.pairs.push({ from: names[i - 1]!, to: names[i]!, by });
  }

  /** Pairs that have both their classes now that this one is used for the first time. */
  due(cls: LockClass): DeclaredPair[] {
    if (this.known.has(cls)) return [];
    this.known.add(cls);
    const same = this.classes.get(cls.name);
    if (same === undefined) this.classes.set(cls.name, new Set([cls]));
    else same.add(cls);
    return this.dueAll().filter(([from, to]) => from === cls || to === cls);
  }

  /** All pairs whose classes are both in use. */
  dueAll(): DeclaredPair[] {
    const pairs: DeclaredPair[] = [];
    for (const { from, to, by } of this.pairs)
      for (const a of this.classes.get(from) ?? []) for (const b of this.classes.get(to) ?? []) if (a !== b) pairs.push([a, b, by]);
    return pairs;
  }
}
