/**
 * Invariant i: the linked queues of an mdev are exactly the bound queues whose APQN is assigned to it.
 */
import { adapterOf, apqnText, domainOf } from '../base/apqn.ts';
import { apqnsOf, hasApqn } from '../vfio-ap/ap-matrix.ts';
import type { Checker } from './checker.ts';

export const qtableComplete: Checker = {
  name: 'i: the linked queues are the bound queues that are assigned',
  check: ({ mdevs, findQueue }) => {
    for (const mdev of mdevs) {
      const matrix = mdev.matrix.inspect();
      const qtable = mdev.qtable.inspect();
      for (const [apqn, queue] of qtable) {
        if (!hasApqn(matrix, adapterOf(apqn), domainOf(apqn))) return `${apqnText(apqn)} is linked to ${mdev.name}, but not assigned to it`;
        if (queue.mdev.inspect() !== mdev) return `${apqnText(apqn)} is in the table of ${mdev.name}, but its back pointer leads elsewhere`;
      }
      for (const apqn of apqnsOf(matrix)) {
        if (findQueue(apqn) !== null && !qtable.has(apqn)) return `${apqnText(apqn)} is bound and assigned to ${mdev.name}, but not linked`;
      }
    }
    return null;
  },
};
