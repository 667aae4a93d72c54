/**
 * Invariant f: the CRYCB of a guest without an mdev is empty, except while it gets one or gives it back.
 */
import { EMPTY_APCB, sameApcb } from '../kvm/crycb.ts';
import type { Checker } from './checker.ts';

export const crycbEmpty: Checker = {
  name: 'f: the CRYCB of a guest without an mdev is empty',
  check: ({ mdevs, guests }) => {
    for (const { kvm } of guests) {
      if (mdevs.some((mdev) => mdev.kvm.inspect() === kvm)) continue;
      if (mdevs.some(({ device }) => device.kvm === kvm && (device.opening || device.closing))) continue;
      if (!sameApcb(kvm.apcb.inspect(), EMPTY_APCB)) return `${kvm.name} has no mdev, but AP resources in its CRYCB`;
    }
    return null;
  },
};
