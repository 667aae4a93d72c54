/**
 * Invariant h: a guest's ISC references and pinned pages are exactly those of the queues that have an interrupt enabled for it.
 */
import { NO_ISC } from '../vfio-ap/vfio-ap-queue.ts';
import type { Checker } from './checker.ts';

export const interruptResources: Checker = {
  name: 'h: ISC references and pinned pages equal the enabled interrupts',
  check: ({ guests, mdevs }) => {
    for (const { kvm, container } of guests) {
      const mdev = mdevs.find((candidate) => candidate.kvm.inspect() === kvm);
      const queues = mdev === undefined ? [] : [...mdev.qtable.inspect().values()];
      const registered = queues.filter((queue) => queue.savedIsc.inspect() !== NO_ISC).length;
      if (registered !== kvm.gisa.totalReferences)
        return `${kvm.name} has ${kvm.gisa.totalReferences} ISC references, its queues account for ${registered}`;
      const pinned = queues.filter((queue) => queue.savedIova.inspect() !== 0).length;
      if (pinned !== container.pins) return `${kvm.name} has ${container.pins} pinned pages, its queues account for ${pinned}`;
    }
    return null;
  },
};
