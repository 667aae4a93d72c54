/**
 * Invariant e: the CRYCB of an attached guest holds the shadow of its mdev, except after a removal request, when it is empty,
 * and while the guest comes or goes.
 */
import { EMPTY_APCB, sameApcb, storedIn } from '../kvm/crycb.ts';
import type { Checker } from './checker.ts';

export const crycbIsShadow: Checker = {
  name: 'e: the CRYCB of an attached guest equals the shadow',
  check: ({ mdevs }) => {
    for (const mdev of mdevs) {
      const kvm = mdev.kvm.inspect();
      // Not every design sets the guest and its masks in one step.
      if (kvm === null || mdev.device.opening || mdev.device.closing) continue;
      const masks = kvm.apcb.inspect();
      const withdrawn = mdev.device.removing && sameApcb(masks, EMPTY_APCB);
      if (!withdrawn && !sameApcb(masks, storedIn(kvm.crycbFormat, mdev.shadow.inspect()))) {
        return `the CRYCB of ${kvm.name} differs from the shadow of ${mdev.name}`;
      }
    }
    return null;
  },
};
