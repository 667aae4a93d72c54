/**
 * An mdev that user space has removed is gone for the driver, too: it keeps no queue from others, and no guest has it.
 */
import type { Checker } from './checker.ts';

export const removedMdev: Checker = {
  name: 'removed: an mdev that has been removed has no queue and no guest',
  check: ({ mdevs, registered }) => {
    for (const mdev of mdevs) {
      if (registered(mdev)) continue;
      const kvm = mdev.kvm.inspect();
      return `${mdev.name} has been removed, but ${kvm === null ? 'is in the list' : `${kvm.name} has it`}`;
    }
    return null;
  },
};
