/**
 * Ids of the shared cases of vfio_ap and of the AP bus: the letters of their groups, with the numbers that are in the shared lists. Group A
 * of vfio_ap is whole, and group H of the AP bus, which test/real runs; of the others the odd numbers are.
 */
type Groups = readonly (readonly [letter: string, numbers: readonly number[]])[];

const all = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);
const odd = (last: number): number[] => all(last).filter((n) => n % 2 === 1);

const VFIO: Groups = [
  ['A', all(9)],
  ['B', odd(9)],
  ['C', odd(11)],
  // Filtering: the letter D is for locking designs.
  ['FL', odd(13)],
  ['E', odd(9)],
  ['F', odd(9)],
  ['G', odd(15)],
  ['H', odd(7)],
  ['I', odd(9)],
  ['J', odd(9)],
  ['K', odd(11)],
  ['L', odd(13)],
  ['M', odd(9)],
  ['N', odd(25)],
];

const BUS: Groups = [
  ['A', odd(9)],
  ['B', odd(9)],
  ['C', odd(9)],
  ['D', odd(15)],
  ['E', odd(15)],
  ['F', odd(19)],
  ['G', odd(19)],
  ['H', all(9)],
  ['I', odd(5)],
];

const idsOf = (list: string, groups: Groups): string[] =>
  groups.flatMap(([letter, numbers]) => numbers.map((n) => `${list}-${letter}${n}`));

/** `vfio-A1`, `bus-A1` and so on, as they are in names of tests. */
export const SHARED_CASES: Readonly<Record<'vfio' | 'bus', readonly string[]>> = { vfio: idsOf('vfio', VFIO), bus: idsOf('bus', BUS) };
