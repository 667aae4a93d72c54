/**
 * Invariant a: no APQN is assigned to two mdevs.
 */
import { apqnText } from '../base/apqn.ts';
import { apqnsOf } from '../vfio-ap/ap-matrix.ts';
import type { Checker } from './checker.ts';

export const noSharedApqn: Checker = {
  name: 'a: no APQN is assigned to two mdevs',
  check: ({ mdevs }) => {
    for (const [i, mdev] of mdevs.entries()) {
      const mine = mdev.matrix.inspect();
      for (const other of mdevs.slice(i + 1)) {
        const theirs = other.matrix.inspect();
        const shared = { apm: mine.apm.and(theirs.apm), aqm: mine.aqm.and(theirs.aqm), adm: mine.adm };
        for (const apqn of apqnsOf(shared)) return `${apqnText(apqn)} is assigned to ${mdev.name} and to ${other.name}`;
      }
    }
    return null;
  },
};
