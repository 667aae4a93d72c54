/**
 * Invariant c: what a guest is given was assigned, and is in the host's configuration.
 */
import type { Checker } from './checker.ts';

export const shadowSubset: Checker = {
  name: 'c: the shadow is a subset of the matrix and of the host configuration',
  check: ({ mdevs, info }) => {
    for (const mdev of mdevs) {
      const matrix = mdev.matrix.inspect();
      const shadow = mdev.shadow.inspect();
      for (const mask of ['apm', 'aqm', 'adm'] as const) {
        const extra = shadow[mask].andNot(matrix[mask].and(info[mask]));
        if (!extra.isEmpty())
          return `the shadow of ${mdev.name} has ${mask} bits ${[...extra.bits()].join(', ')} that are not assigned or not in the host`;
      }
    }
    return null;
  },
};
