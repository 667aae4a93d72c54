/**
 * Churn of what the host's own crypto users have: cards and queues switched off and on, and brought back to the host.
 * No kernel counterpart: chzcrypt, and an operator who cares.
 */
import { adapterOf, apqnText } from '../../base/apqn.ts';
import { OK, type Errno } from '../../base/errno.ts';
import type { AdapterSpec } from '../../machine/host-spec.ts';
import { mdevPath, type Machine } from '../../machine/machine.ts';
import { AUTOPROBE } from './file-verbs.ts';
import { cardPath, plugBack } from './host-verbs.ts';
import { NONSENSE, type ChurnVerb, type Turn } from './turn.ts';

/** Adapters that the scenario gives to no guest. */
function ownAdapters({ spec }: Machine): AdapterSpec[] {
  const given = new Set(spec.mdevs.flatMap(({ adapters }) => adapters));
  return spec.adapters.filter(({ id }) => !given.has(id));
}

/** Rather off than on: what is off comes back with the card. */
function switchOne(turn: Turn): Promise<Errno> {
  const { random, machine } = turn;
  const value = random.oneIn(12) ? random.pick(NONSENSE) : random.oneIn(3) ? '1' : '0';
  const queues = [...machine.bus.queues()];
  if (queues.length === 0 || random.oneIn(3)) return turn.write(cardPath(random.pick(machine.spec.adapters).id, 'online'), value);
  const { apqn } = random.pick(queues);
  return turn.write(cardPath(adapterOf(apqn), `${apqnText(apqn)}/online`), value);
}

/** Whatever has become of an adapter of the host, its users have it again. */
async function restoreHost(turn: Turn): Promise<Errno> {
  const { random, machine } = turn;
  const own = ownAdapters(machine);
  if (own.length === 0) return OK;
  const adapter = random.pick(own);
  for (const path of AUTOPROBE) await turn.write(path, '1');
  await plugBack(turn, adapter);
  // As long as one queue has such a name, nobody may change the masks.
  for (const { apqn } of [...machine.bus.queues()]) await turn.write(cardPath(adapterOf(apqn), `${apqnText(apqn)}/driver_override`), '\n');
  await turn.act({ kind: 'domains', use: 'usage', domains: machine.spec.domains });
  // Who has one of them assigned keeps its domains from the host.
  for (const { uuid } of machine.spec.mdevs) for (const { id } of own) await turn.write(mdevPath(uuid, 'unassign_adapter'), `${id}`);
  await turn.write('/sys/bus/ap/apmask', `+${adapter.id}`);
  await turn.write('/sys/bus/ap/aqmask', machine.spec.domains.map((domain) => `+${domain}`).join(','));
  for (const { apqn, device } of [...machine.bus.queues()]) {
    if (adapterOf(apqn) !== adapter.id) continue;
    const queue = apqnText(apqn);
    if (device.driver !== null && device.driver.name !== 'cex4queue') await turn.act({ kind: 'unbind', queue });
    if (device.driver?.name !== 'cex4queue') await turn.act({ kind: 'bind', queue, driver: 'cex4queue' });
  }
  return await turn.write(cardPath(adapter.id, 'online'), '1');
}

export const HOST_USER_VERBS: readonly ChurnVerb[] = [
  { name: 'online', weight: 3, needs: ['users', 'adapters'], body: switchOne },
  { name: 'restore host', weight: 8, needs: ['users', 'adapters'], body: restoreHost },
];
