/**
 * What KVM or the driver answers to an AQIC is what the guest finds: drivers look at the status in the low half of GR1, not at the
 * condition code.
 */
import { rcName } from '../crypto-adapters/response-code.ts';
import type { Kvm } from '../kvm/kvm.ts';
import type { Findings } from '../locks/finding.ts';

export function watchAnswers(kvm: Kvm, findings: Findings, now: () => number): void {
  const others = kvm.onAqic;
  kvm.onAqic = (end) => {
    others(end);
    const { answered, seen } = end;
    if (answered === seen) return;
    findings.report({
      kind: 'invariant',
      key: `invariant:visible-answers:${kvm.name}`,
      title: `invariant: a guest finds what AQIC answers: ${kvm.name} finds ${rcName(seen)} in GR1, the answer was ${rcName(answered)}`,
      tasks: [],
      time: now(),
    });
  };
}
