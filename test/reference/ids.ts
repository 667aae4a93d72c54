/**
 * Masks of the reference model as sets of numbers: nothing of the product's mask class is used here.
 */
export type Ids = Set<number>;

export const both = (a: Ids, b: Ids): Ids => new Set([...a].filter((id) => b.has(id)));

export const without = (a: Ids, b: Ids): Ids => new Set([...a].filter((id) => !b.has(id)));

export const same = (a: Ids, b: Ids): boolean => a.size === b.size && [...a].every((id) => b.has(id));

export const ascending = (ids: Iterable<number>): number[] => [...ids].toSorted((a, b) => a - b);

/** Every id up to and with the highest one. */
export const upTo = (highest: number): Ids => new Set(Array.from({ length: highest + 1 }, (_, id) => id));

/** Adapters, usage domains, control domains. */
export interface Masks {
  apm: Ids;
  aqm: Ids;
  adm: Ids;
}

export const noMasks = (): Masks => ({ apm: new Set(), aqm: new Set(), adm: new Set() });

export const copyOf = ({ apm, aqm, adm }: Masks): Masks => ({ apm: new Set(apm), aqm: new Set(aqm), adm: new Set(adm) });

export const sameMasks = (a: Masks, b: Masks): boolean => same(a.apm, b.apm) && same(a.aqm, b.aqm) && same(a.adm, b.adm);

/** `0x` and 64 hex digits, id 0 leftmost. */
export function maskText(ids: Ids): string {
  const digits = new Array<number>(64).fill(0);
  for (const id of ids) digits[id >> 2]! |= 8 >> (id & 3);
  return `0x${digits.map((digit) => digit.toString(16)).join('')}`;
}
