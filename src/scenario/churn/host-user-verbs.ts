/**
 * Churn of what the host's own crypto users have: cards and queues switched off and on, and brought back to the host.
 * No kernel counterpart: chzcrypt, and an operator who cares.
 */
import { adapterOf, apqnText } from '../../base/apqn.ts';
import { EBUSY, OK, type Errno } from '../../base/errno.ts';
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

/** A domain that some mdev has, with whatever adapters, cannot be given to the host: guests do without it until they are restored. */
async function restoreDomain(turn: Turn, domain: number): Promise<void> {
  const giveToHost = (): Promise<Errno> => turn.write('/sys/bus/ap/aqmask', `+${domain}`);
  if ((await giveToHost()) !== EBUSY) return;
  for (const { uuid } of turn.machine.spec.mdevs) await turn.write(mdevPath(uuid, 'unassign_domain'), `${domain}`);
  await giveToHost();
}

/** Whatever has become of an adapter of the host, its users have it again. */
async function restoreHost(turn: Turn): Promise<Errno> {
  const { random, machine } = turn;
  const own = ownAdapters(machine);
  if (own.length === 0) return OK;
  const adapter = random.pick(own);
  for (const path of AUTOPROBE) await turn.write(path, '1');
  await plugBack(turn, adapter);
  await turn.act({ kind: 'domains', use: 'usage', domains: machine.spec.domains });
  for (const { uuid } of machine.spec.mdevs) await turn.write(mdevPath(uuid, 'unassign_adapter'), `${adapter.id}`);
  await turn.write('/sys/bus/ap/apmask', `+${adapter.id}`);
  for (const domain of machine.spec.domains) await restoreDomain(turn, domain);
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
