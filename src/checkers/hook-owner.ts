/**
 * Invariant g: the PQAP hook of a guest leads to an mdev that has, or is just getting, this guest; and a guest that has an mdev has a hook,
 * except while that mdev is being closed, or another one tries to attach the same guest.
 */
import { ApMatrixMdev } from '../vfio-ap/ap-matrix-mdev.ts';
import type { Checker } from './checker.ts';

export const hookOwner: Checker = {
  name: 'g: the PQAP hook leads to an mdev of this guest',
  check: ({ guests, mdevs }) => {
    for (const { kvm } of guests) {
      const mdev = ApMatrixMdev.of(kvm.pqapHook.inspect());
      const served = mdevs.find((candidate) => candidate.kvm.inspect() === kvm);
      if (served !== undefined && mdev !== served && !served.device.closing && mdev?.device.kvm !== kvm)
        return `${served.name} has ${kvm.name}, whose hook does not lead to it`;
      if (mdev === null) continue;
      if (!mdevs.includes(mdev)) return `the hook of ${kvm.name} leads to ${mdev.name}, which has been removed`;
      if (mdev.kvm.inspect() !== kvm && mdev.device.kvm !== kvm)
        return `the hook of ${kvm.name} leads to ${mdev.name}, which has another guest or none`;
    }
    return null;
  },
};
