/**
 * A guest whose device is wanted back has lost its AP resources for good: nothing gives them back before it has closed the device.
 */
import type { Findings } from '../locks/finding.ts';
import { EMPTY_APCB, sameApcb } from '../kvm/crycb.ts';
import type { Kvm } from '../kvm/kvm.ts';

/** `wantedBack`: a removal has asked the guest for its device. */
export function watchWithdrawnMasks(kvm: Kvm, wantedBack: () => boolean, report: { findings: Findings; now: () => number }): void {
  const others = kvm.onMasks;
  kvm.onMasks = (masks) => {
    others(masks);
    if (!wantedBack() || !sameApcb(masks.before, EMPTY_APCB) || sameApcb(masks.after, EMPTY_APCB)) return;
    report.findings.report({
      kind: 'invariant',
      key: `invariant:withdrawn-masks:${kvm.name}`,
      title: `invariant: what a removal took away stays away: ${kvm.name} gets AP resources back while its device is wanted back`,
      tasks: [],
      time: report.now(),
    });
  };
}
