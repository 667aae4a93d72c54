/**
 * The vCPUs of a guest are stopped to change its masks, and only then: a push that writes the masks that the guest has costs it time for
 * nothing, and tells of a change that is none. Empty masks are excepted: a request for the device may find them cleared.
 */
import type { Findings } from '../locks/finding.ts';
import { EMPTY_APCB, sameApcb } from '../kvm/crycb.ts';
import type { Kvm } from '../kvm/kvm.ts';

export function watchNeedlessMasks(kvm: Kvm, findings: Findings, now: () => number): void {
  const others = kvm.onMasks;
  kvm.onMasks = (masks) => {
    others(masks);
    if (!sameApcb(masks.before, masks.after) || sameApcb(masks.after, EMPTY_APCB)) return;
    findings.report({
      kind: 'invariant',
      key: `invariant:needless-masks:${kvm.name}`,
      title: `invariant: masks are pushed when they change: the vCPUs of ${kvm.name} are stopped to be given the masks that they have`,
      tasks: [],
      time: now(),
    });
  };
}
