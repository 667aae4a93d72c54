/**
 * Every checker of a host at once, each where it has to look: at the release of the state lock, at a change of masks, at a reset, at a
 * filtering.
 */
import type { Findings } from '../locks/finding.ts';
import type { Machine } from '../machine/machine.ts';
import type { VfioDevice } from '../vfio/vfio-device.ts';
import { watchChanges } from './after-each-change.ts';
import { hostView } from './host-view.ts';
import { InvariantWatch } from './invariants.ts';
import { watchNeedlessMasks } from './needless-masks.ts';
import { watchNestedMasks } from './nested-masks.ts';
import { watchFiltering } from './passable-shadow.ts';
import { HandoverWatch } from './reset-between-owners.ts';
import { watchResets } from './sensible-resets.ts';
import { watchAnswers } from './visible-answers.ts';
import { watchWithdrawnMasks } from './withdrawn-masks.ts';

/** To be called when the host is up. `everyRelease`: the invariants are looked at whenever the state lock is released, or after each change. */
export function watchHost(machine: Machine, findings: Findings, { everyRelease }: { everyRelease: boolean }): InvariantWatch {
  const now = (): number => machine.layer.rt.now();
  const invariants = new InvariantWatch(findings, { view: () => hostView(machine), now });
  if (everyRelease) watchState(machine, invariants);
  const handover = new HandoverWatch(machine.hardware, findings, now);
  for (const { kvm, qemu } of machine.vms) {
    const wantedBack = (): boolean => isWantedBack(qemu.attached);
    handover.watch(kvm, wantedBack);
    watchNeedlessMasks(kvm, findings, now);
    watchAnswers(kvm, findings, now);
    watchNestedMasks(kvm, findings, now);
    watchWithdrawnMasks(kvm, wantedBack, { findings, now });
  }
  watchResets(machine.vfioAp.matrixDev, findings, now);
  watchFiltering(machine.vfioAp.matrixDev, findings, now);
  return invariants;
}

/** The guest that is giving it back may get another one before its QEMU has noted that this one is gone. */
const isWantedBack = (device: VfioDevice | null): boolean => device !== null && device.removing && !device.closing && device.kvm !== null;

function watchState({ vfioAp: { design }, layer }: Machine, invariants: InvariantWatch): void {
  if (design.stateLock !== null) invariants.watch(design.stateLock);
  else watchChanges(design, layer.rt, (task) => invariants.check(task));
}
