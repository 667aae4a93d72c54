/**
 * No message of one guest reaches another: a queue that enters a guest was reset since another owner used it, and holds nothing of an
 * earlier time of the same guest. Looked at while the masks change, when no vCPU can issue an instruction.
 */
import { apqnText, type Apqn } from '../base/apqn.ts';
import type { CryptoAdapters } from '../crypto-adapters/crypto-adapters.ts';
import type { Apcb } from '../kvm/crycb.ts';
import type { Kvm } from '../kvm/kvm.ts';
import type { Findings } from '../locks/finding.ts';
import { apqnsOf, hasApqn } from '../vfio-ap/ap-matrix.ts';
import { adapterOf, domainOf } from '../base/apqn.ts';

export class HandoverWatch {
  private readonly hardware: CryptoAdapters;
  private readonly findings: Findings;
  private readonly now: () => number;
  /** Who lost the queue last, and what was in it then: another object is in it after a reset. */
  private readonly left = new Map<Apqn, { readonly kvm: Kvm; readonly work: object | undefined }>();
  /** Queues looked at so far. */
  checks = 0;

  constructor(hardware: CryptoAdapters, findings: Findings, now: () => number) {
    this.hardware = hardware;
    this.findings = findings;
    this.now = now;
  }

  /**
   * From now on at each change of the guest's masks. `wantedBack`: a removal has asked for the device, which takes the masks away without
   * a reset, and any later push gives them back until the user has closed it.
   */
  watch(kvm: Kvm, wantedBack: () => boolean): void {
    const others = kvm.onMasks;
    kvm.onMasks = (masks) => {
      others(masks);
      if (!wantedBack()) this.check(kvm, masks.before, masks.after);
    };
  }

  private check(kvm: Kvm, before: Apcb, after: Apcb): void {
    for (const apqn of apqnsOf(before)) {
      if (!hasApqn(after, adapterOf(apqn), domainOf(apqn))) this.left.set(apqn, { kvm, work: this.hardware.queueState(apqn) });
    }
    for (const apqn of apqnsOf(after)) {
      if (hasApqn(before, adapterOf(apqn), domainOf(apqn))) continue;
      this.checks++;
      const wrong = this.wrong(kvm, apqn);
      if (wrong === null) continue;
      this.findings.report({
        kind: 'invariant',
        key: `invariant:handover:${apqnText(apqn)}:${kvm.name}`,
        title: `invariant: a queue is reset between owners: ${apqnText(apqn)} comes to ${kvm.name} ${wrong}`,
        tasks: [],
        time: this.now(),
      });
    }
  }

  private wrong(kvm: Kvm, apqn: Apqn): string | null {
    if (!this.hardware.usedSinceReset(apqn)) return null;
    const work = this.hardware.queueState(apqn);
    if (work !== undefined && work.outstanding > 0) return `with ${work.outstanding} messages of an earlier owner`;
    const last = this.left.get(apqn);
    return last !== undefined && last.kvm !== kvm && last.work === work ? `without a reset since ${last.kvm.name} had it` : null;
  }
}
