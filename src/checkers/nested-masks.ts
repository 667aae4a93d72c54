/**
 * A nested guest executes no instruction under masks that its hypervisor has no more: whatever changes the masks of a guest makes those of
 * its nested guests be built anew. Looked at inside SIE, where the masks of the hypervisor cannot change.
 */
import type { Findings } from '../locks/finding.ts';
import { sameApcb } from '../kvm/crycb.ts';
import type { Kvm } from '../kvm/kvm.ts';

export function watchNestedMasks(kvm: Kvm, findings: Findings, now: () => number): void {
  const others = kvm.onNestedInstruction;
  kvm.onNestedInstruction = (own) => {
    others(own);
    if (sameApcb(own, kvm.apcb.inspect())) return;
    findings.report({
      kind: 'invariant',
      key: `invariant:nested-masks:${kvm.name}`,
      title: `invariant: nested guests follow their hypervisor: one of ${kvm.name} runs under masks that ${kvm.name} has no more`,
      tasks: [],
      time: now(),
    });
  };
}
