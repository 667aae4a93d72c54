/**
 * Invariant h: a guest's references of each ISC and its pinned pages are exactly those of the queues that have an interrupt enabled for it.
 */
import { NO_ISC } from '../vfio-ap/vfio-ap-queue.ts';
import type { Checker } from './checker.ts';

const ISCS = [0, 1, 2, 3, 4, 5, 6, 7] as const;

export const interruptResources: Checker = {
  name: 'h: ISC references and pinned pages equal the enabled interrupts',
  check: ({ guests, mdevs }) => {
    for (const { kvm, container } of guests) {
      const mdev = mdevs.find((candidate) => candidate.kvm.inspect() === kvm);
      const queues = mdev === undefined ? [] : [...mdev.qtable.inspect().values()];
      const saved = queues.map((queue) => queue.savedIsc.inspect()).filter((isc) => isc !== NO_ISC);
      for (const isc of ISCS) {
        const count = kvm.gisa.referenceCount(isc);
        const registered = saved.filter((other) => other === isc).length;
        if (count !== registered)
          return `${kvm.name} has ${count} ${count === 1 ? 'reference' : 'references'} of ISC ${isc}, its queues account for ${registered}`;
      }
      const pinned = queues.filter((queue) => queue.savedIova.inspect() !== 0).length;
      if (pinned !== container.pins) return `${kvm.name} has ${container.pins} pinned pages, its queues account for ${pinned}`;
    }
    return null;
  },
};
