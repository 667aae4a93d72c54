/**
 * The state of a host as text: what two schedules of one trace must agree on. Counters that only say how often somebody tried are left
 * out. No kernel counterpart.
 */
import { apqnOf, apqnText } from '../base/apqn.ts';
import type { ApMask } from '../base/ap-mask.ts';
import type { HostView } from '../checkers/checker.ts';
import { hostView } from '../checkers/host-view.ts';
import type { CryptoAdapters } from '../crypto-adapters/crypto-adapters.ts';
import type { CodeReport } from '../guest/guest-program.ts';
import type { Apcb } from '../kvm/crycb.ts';
import type { Machine } from '../machine/machine.ts';
import type { VirtualMachine } from '../machine/virtual-machine.ts';
import type { ApMatrixMdev } from '../vfio-ap/ap-matrix-mdev.ts';
import { VfioApQueue } from '../vfio-ap/vfio-ap-queue.ts';

/** JSON, fields and lists in a fixed order. */
export function hostDigest(machine: Machine): string {
  const view = hostView(machine);
  return JSON.stringify({
    masks: [maskText(view.apmask), maskText(view.aqmask)],
    info: matrix(view.info),
    mdevs: [...view.mdevs].map(mdevState).toSorted(byName),
    queues: boundQueues(machine),
    guests: machine.vms.map(guestState),
    ...hostUsers(machine),
    hardware: hardwareState(machine.hardware, view),
  });
}

const maskText = (mask: ApMask): string => [...mask.bits()].map((bit) => bit.toString(16)).join(',');
const matrix = ({ apm, aqm, adm }: Apcb): string => `${maskText(apm)}/${maskText(aqm)}/${maskText(adm)}`;
const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);

function mdevState(mdev: ApMatrixMdev): { readonly name: string } {
  return {
    name: mdev.name,
    ...{ matrix: matrix(mdev.matrix.inspect()), shadow: matrix(mdev.shadow.inspect()), pending: matrix(mdev.pending.inspect()) },
    ...{ kvm: mdev.kvm.inspect()?.name ?? null, queues: [...mdev.qtable.inspect().keys()].toSorted((a, b) => a - b).map(apqnText) },
    ...{ request: mdev.reqTrigger.inspect()?.name ?? null, change: mdev.cfgChgTrigger.inspect()?.name ?? null },
  };
}

function boundQueues(machine: Machine): unknown[] {
  return [...machine.bus.queues()].map(({ apqn, driverData }) => {
    const name = apqnText(apqn);
    if (!(driverData instanceof VfioApQueue)) return name;
    const { mdev, savedIova, savedIsc, resetStatus } = driverData;
    return [name, mdev.inspect()?.name ?? null, savedIova.inspect() !== 0, savedIsc.inspect(), resetStatus.inspect().rc];
  });
}

function guestState({ kvm, qemu, guest }: VirtualMachine): unknown {
  return {
    name: kvm.name,
    crycb: matrix(kvm.apcb.inspect()),
    hook: kvm.pqapHook.inspect() !== null,
    protected: kvm.protectedGuest,
    references: kvm.referenceCount,
    ...{ alert: kvm.gisa.alertMask, isc: kvm.gisa.totalReferences, pins: qemu.container.pins },
    answers: [...(guest.answers ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ...{ operations: guest.statistics.verified, errors: guest.statistics.errors },
    ...codeState(guest.code),
  };
}

/** How many instructions it took, waiting included, is no part of it. */
function codeState(code: CodeReport | undefined): object {
  return code === undefined ? {} : { code: [code.end, code.console] };
}

function hostUsers({ hostLoad }: Machine): object {
  return hostLoad === null ? {} : { host: hostLoad.users.map(({ statistics: { verified, errors } }) => [verified, errors]) };
}

/** Queues that somebody has addressed. */
function hardwareState(hardware: CryptoAdapters, { info }: HostView): unknown[] {
  const states: unknown[] = [];
  for (const adapter of info.apm.bits()) {
    const { configured, checkstopped } = hardware.adapter(adapter) ?? {};
    states.push([adapter, configured, checkstopped]);
    for (const domain of info.aqm.bits()) {
      const work = hardware.queueState(apqnOf(adapter, domain));
      if (work === undefined) continue;
      const { pending, replies, irq, resetting } = work;
      states.push([domain, pending.length, replies.length, irq?.isc ?? null, resetting !== null]);
    }
  }
  return states;
}
