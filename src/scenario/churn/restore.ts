/**
 * Brings one guest back to what the scenario gave it, as far as that is possible now: otherwise a churn ends with idle guests.
 * No kernel counterpart: an operator who cares.
 */
import { ApMask } from '../../base/ap-mask.ts';
import { adapterOf, apqnText, domainOf } from '../../base/apqn.ts';
import { OK, type Errno } from '../../base/errno.ts';
import type { MdevSpec } from '../../machine/host-spec.ts';
import type { Machine } from '../../machine/machine.ts';
import { setCryptoAttribute, VmCryptoAttribute } from '../../kvm/vm-attributes.ts';
import { AUTOPROBE } from './file-verbs.ts';
import { restoreAdapter } from './host-verbs.ts';
import { restoreMdev } from './mdev-verbs.ts';
import type { ChurnVerb, Turn } from './turn.ts';

async function restore(turn: Turn): Promise<Errno> {
  const { random, machine } = turn;
  const { spec, kvm } = random.pick(machine.vms);
  const mdev = machine.mdevOf(spec);
  if (mdev === undefined) return OK;
  for (const path of AUTOPROBE) await turn.write(path, '1');
  for (const adapter of machine.spec.adapters) if (mdev.adapters.includes(adapter.id)) await restoreAdapter(turn, adapter);
  await turn.act({ kind: 'domains', use: 'usage', domains: machine.spec.domains });
  await bindQueues(turn, mdev);
  // Without hot plug nothing changes for a guest at work.
  if (!machine.vfioAp.design.hotPlug && !isAsGiven(machine, mdev)) await turn.act({ kind: 'detach', guest: spec.name });
  for (const other of machine.spec.mdevs) if (other === mdev || takesFrom(machine, other, mdev)) await restoreMdev(turn, other);
  await turn.act({ kind: 'map', guest: spec.name });
  if (spec.apie) await setCryptoAttribute(turn.task, kvm, VmCryptoAttribute.ENABLE_APIE);
  return await turn.act({ kind: 'attach', guest: spec.name });
}

async function bindQueues(turn: Turn, { adapters, domains }: MdevSpec): Promise<void> {
  for (const { apqn, device } of [...turn.machine.bus.queues()]) {
    if (!adapters.includes(adapterOf(apqn)) || !domains.includes(domainOf(apqn))) continue;
    const queue = apqnText(apqn);
    if (device.driver !== null && device.driver.name !== 'vfio_ap') await turn.act({ kind: 'unbind', queue });
    if (device.driver?.name !== 'vfio_ap') await turn.act({ kind: 'bind', queue, driver: 'vfio_ap' });
  }
}

function isAsGiven({ vfioAp }: Machine, { uuid, adapters, domains }: MdevSpec): boolean {
  const found = vfioAp.findMdev(uuid)?.matrix.inspect();
  return found !== undefined && found.apm.equals(ApMask.from(adapters)) && found.aqm.equals(ApMask.from(domains));
}

/** Has the other one an APQN of this one? */
function takesFrom({ vfioAp }: Machine, other: MdevSpec, mdev: MdevSpec): boolean {
  const found = vfioAp.findMdev(other.uuid)?.matrix.inspect();
  return found !== undefined && found.apm.intersects(ApMask.from(mdev.adapters)) && found.aqm.intersects(ApMask.from(mdev.domains));
}

export const RESTORE: ChurnVerb = { name: 'restore', weight: 14, needs: ['guests'], body: restore };
