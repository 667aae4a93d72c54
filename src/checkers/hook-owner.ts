/**
 * Invariant g: the PQAP hook of a guest leads to an mdev that has, or is just getting, this guest.
 */
import { ApMatrixMdev } from '../vfio-ap/ap-matrix-mdev.ts';
import type { Checker } from './checker.ts';

export const hookOwner: Checker = {
  name: 'g: the PQAP hook leads to an mdev of this guest',
  check: ({ guests, mdevs }) => {
    for (const { kvm } of guests) {
      const mdev = ApMatrixMdev.of(kvm.pqapHook.inspect());
      if (mdev === null) continue;
      if (!mdevs.includes(mdev)) return `the hook of ${kvm.name} leads to ${mdev.name}, which has been removed`;
      if (mdev.kvm.inspect() !== kvm && mdev.device.kvm !== kvm) return `the hook of ${kvm.name} leads to ${mdev.name}, which has another guest or none`;
    }
    return null;
  },
};
