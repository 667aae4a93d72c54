/**
 * Who has which queue now: adapters by domains, for the report. No kernel counterpart.
 */
import { adapterOf, domainOf } from '../base/apqn.ts';
import { hasApqn } from '../vfio-ap/ap-matrix.ts';
import { VfioApQueue } from '../vfio-ap/vfio-ap-queue.ts';
import type { Machine } from '../machine/machine.ts';
import type { AdapterReport, OwnedQueue, TopologyReport } from './run-report.ts';

export function describeTopology(machine: Machine): TopologyReport {
  const { hardware, bus } = machine;
  const qci = hardware.currentQci();
  const types = new Map(machine.spec.adapters.map(({ id, type }) => [id, type]));
  const adapters = [...qci.apm.bits()].map((id): AdapterReport => {
    const card = hardware.adapter(id)!;
    const state = card.checkstopped ? 'checkstopped' : card.configured ? 'online' : 'deconfigured';
    return { id, type: types.get(id) ?? `CEX${card.type.generation}${card.type.mode}`, state };
  });
  const cells: OwnedQueue[] = [];
  for (const queue of bus.queues()) cells.push({ apqn: queue.apqn, owner: ownerOf(machine, queue) });
  return { adapters, domains: [...qci.aqm.bits()], cells: cells.toSorted((a, b) => a.apqn - b.apqn) };
}

function ownerOf(
  machine: Machine,
  queue: { readonly apqn: number; readonly driverData: unknown; readonly device: { readonly driver: object | null } },
): string {
  if (queue.device.driver === null) return 'unbound';
  if (!(queue.driverData instanceof VfioApQueue)) return 'host';
  const [adapter, domain] = [adapterOf(queue.apqn), domainOf(queue.apqn)];
  const mdev = machine.vfioAp.matrixDev.mdevs.inspect().find((candidate) => hasApqn(candidate.matrix.inspect(), adapter, domain));
  if (mdev === undefined) return 'free';
  const kvm = mdev.kvm.inspect();
  if (kvm !== null && hasApqn(mdev.shadow.inspect(), adapter, domain)) return kvm.name;
  return machine.spec.mdevs.find(({ uuid }) => uuid === mdev.name)?.name ?? mdev.name;
}
