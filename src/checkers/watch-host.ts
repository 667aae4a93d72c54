/**
 * Every checker of a host at once, each where it has to look: at the release of the state lock, at a change of masks, at a reset.
 */
import type { Findings } from '../locks/finding.ts';
import type { Machine } from '../machine/machine.ts';
import { hostView } from './host-view.ts';
import { InvariantWatch } from './invariants.ts';
import { watchNeedlessMasks } from './needless-masks.ts';
import { HandoverWatch } from './reset-between-owners.ts';
import { watchResets } from './sensible-resets.ts';
import { watchWithdrawnMasks } from './withdrawn-masks.ts';

/** To be called when the host is up. `everyRelease`: the invariants are looked at whenever the state lock is released. */
export function watchHost(machine: Machine, findings: Findings, { everyRelease }: { everyRelease: boolean }): InvariantWatch {
  const now = (): number => machine.layer.rt.now();
  const invariants = new InvariantWatch(findings, { view: () => hostView(machine), now });
  const { stateLock } = machine.vfioAp.design;
  if (stateLock !== null && everyRelease) invariants.watch(stateLock);
  const handover = new HandoverWatch(machine.hardware, findings, now);
  for (const { kvm, qemu } of machine.vms) {
    const wantedBack = (): boolean => qemu.attached?.removing ?? false;
    handover.watch(kvm, wantedBack);
    watchNeedlessMasks(kvm, findings, now);
    watchWithdrawnMasks(kvm, wantedBack, { findings, now });
  }
  watchResets(machine.vfioAp.matrixDev, findings, now);
  return invariants;
}
