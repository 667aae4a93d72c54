/**
 * Ids of the shared cases of vfio_ap: the letters of their groups, with the numbers that are in the shared list. Group A is whole, of the others
 * the odd numbers are.
 */
const all = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);
const odd = (last: number): number[] => all(last).filter((n) => n % 2 === 1);

const GROUPS: readonly (readonly [letter: string, numbers: readonly number[]])[] = [
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

/** `vfio-A1` and so on, as they are in names of tests. */
export const SHARED_CASES: readonly string[] = GROUPS.flatMap(([letter, numbers]) => numbers.map((n) => `vfio-${letter}${n}`));
