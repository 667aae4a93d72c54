/**
 * Invariant d: every APQN that a guest is given has a queue that is bound to vfio_ap and linked to that mdev.
 * That it was passable at the last filtering is looked at there: passable-shadow.ts.
 */
import { apqnText } from '../base/apqn.ts';
import { apqnsOf } from '../vfio-ap/ap-matrix.ts';
import type { Checker } from './checker.ts';

export const shadowLinked: Checker = {
  name: 'd: every APQN of the shadow has a linked queue',
  check: ({ mdevs }) => {
    for (const mdev of mdevs) {
      const qtable = mdev.qtable.inspect();
      for (const apqn of apqnsOf(mdev.shadow.inspect())) {
        if (!qtable.has(apqn)) return `${apqnText(apqn)} is in the shadow of ${mdev.name}, but no queue is linked for it`;
      }
    }
    return null;
  },
};
