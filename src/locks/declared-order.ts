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
  private readonly declared: { readonly names: readonly string[]; readonly by: string }[] = [];

  /** Outermost first; neighbours are pairs, the rest follows from them. False when the same was declared before: each machine does. */
  declare(names: readonly string[], by: string): boolean {
    if (this.declared.some((known) => known.by === by && sameNames(known.names, names))) return false;
    this.declared.push({ names, by });
    for (let i = 1; i < names.length; i++) this.pairs.push({ from: names[i - 1]!, to: names[i]!, by });
    return true;
  }

  /** Pairs that have both their classes now that this one is used for the first time. */
  due(cls: LockClass): DeclaredPair[] {
    if (this.known.has(cls)) return [];
    this.known.add(cls);
    const same = this.classes.get(cls.name);
    if (same === undefined) this.classes.set(cls.name, new Set([cls]));
    else same.add(cls);
    const pairs: DeclaredPair[] = [];
    for (const { from, to, by } of this.pairs) {
      if (from === cls.name) for (const inner of this.others(to, cls)) pairs.push([cls, inner, by]);
      if (to === cls.name) for (const outer of this.others(from, cls)) pairs.push([outer, cls, by]);
    }
    return pairs;
  }

  private others(name: string, cls: LockClass): LockClass[] {
    return [...(this.classes.get(name) ?? [])].filter((other) => other !== cls);
  }

  /** All pairs whose classes are both in use. */
  dueAll(): DeclaredPair[] {
    const pairs: DeclaredPair[] = [];
    for (const { from, to, by } of this.pairs)
      for (const a of this.classes.get(from) ?? []) for (const b of this.classes.get(to) ?? []) if (a !== b) pairs.push([a, b, by]);
    return pairs;
  }
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}
