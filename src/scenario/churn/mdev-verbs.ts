/**
 * Churn of mdevs: what is assigned to them, their creation and their removal. No kernel counterpart: administrators who do not agree.
 */
import { ApMask } from '../../base/ap-mask.ts';
import { OK, type Errno } from '../../base/errno.ts';
import type { MdevSpec } from '../../machine/host-spec.ts';
import { mdevPath, type Machine } from '../../machine/machine.ts';
import { NONSENSE, type ChurnBody, type ChurnVerb, type Turn } from './turn.ts';

const CREATE = '/sys/devices/vfio_ap/matrix/mdev_supported_types/vfio_ap-passthrough/create';
const MDEV_DRIVER = '/sys/bus/mdev/drivers/vfio_ap_mdev';

/** Whoever has a device that is wanted back, and was not told, looks after it once in such a time. */
const USER_MS = 25;

export const adaptersOf = ({ spec }: Machine): number[] => spec.adapters.map(({ id }) => id);
const domainsOf = ({ spec }: Machine): readonly number[] => spec.domains;
/** Some hosts have none. */
const controlsOf = ({ spec }: Machine): readonly number[] => [...spec.controlDomains, ...spec.domains];

const anyMdev = ({ random, machine }: Turn): MdevSpec => random.pick(machine.spec.mdevs);

/** Mostly an id that the host has, sometimes nonsense. */
const stores =
  (attribute: string, ids: (machine: Machine) => readonly number[]): ChurnBody =>
  (turn) => {
    const { random, machine } = turn;
    const text = random.oneIn(12) ? random.pick(NONSENSE) : `${random.pick(ids(machine))}`;
    return turn.write(mdevPath(anyMdev(turn).uuid, attribute), text);
  };

function storeConfig(turn: Turn): Promise<Errno> {
  const { random, machine } = turn;
  const mdev = anyMdev(turn);
  return turn.write(mdevPath(mdev.uuid, 'ap_config'), random.oneIn(4) ? badConfig(turn, mdev) : configOf(turn, mdev, random.oneIn(5)));

  function configOf({ random: dice }: Turn, own: MdevSpec, anybodys: boolean): string {
    const lists = anybodys
      ? [adaptersOf(machine), domainsOf(machine), controlsOf(machine)]
      : [own.adapters, own.domains, own.controlDomains];
    const masks = lists.map((ids) => ApMask.from(ids.filter(() => !dice.oneIn(4))));
    return `${masks.join(',')}\n`;
  }

  function badConfig(of: Turn, own: MdevSpec): string {
    const good = configOf(of, own, false);
    const full = ApMask.FULL.toString();
    const two = good.slice(0, good.lastIndexOf(','));
    return random.pick([
      'x',
      '5',
      two,
      `${two}g\n`,
      good.replace(',', ', '),
      `${full}0,${full},${full}\n`,
      `${full},${full},${full}\n`,
      ',,',
    ]);
  }
}

/**
 * Removes an mdev. QEMU gives it back when it is told; where the request eventfd was taken back, or the kernel tells nobody, its user does
 * so after a while: a removal would wait for ever otherwise.
 */
async function release(turn: Turn, uuid: string, ask: (turn: Turn) => Promise<Errno>): Promise<Errno> {
  const { crew, task } = turn;
  let over = false;
  const user = turn.meanwhile('user', async (other) => {
    while (!over) {
      await other.pause(USER_MS);
      for (const { qemu, spec } of crew.machine.vms) {
        const { attached } = qemu;
        if (attached?.name === uuid && attached.removing) await other.act({ kind: 'detach', guest: spec.name });
      }
    }
  });
  crew.removing.add(task.name);
  const errno = await ask(turn);
  crew.removing.delete(task.name);
  over = true;
  await turn.join(user);
  return errno;
}

const remove = (turn: Turn, uuid: string): Promise<Errno> => turn.write(mdevPath(uuid, 'remove'), turn.random.pick(['1', '0x2', '7\n']));

/** One in three is removed by two at once. */
async function recreate(turn: Turn): Promise<Errno> {
  const { uuid } = anyMdev(turn);
  await release(turn, uuid, async (one) => {
    if (!one.random.oneIn(3)) return await remove(one, uuid);
    const second = one.meanwhile('second', (other) => remove(other, uuid));
    const errno = await remove(one, uuid);
    await one.join(second);
    return errno;
  });
  return await turn.write(CREATE, uuid);
}

/** What is refused, or changes nothing. */
function badLifecycle(turn: Turn): Promise<Errno> {
  const { random } = turn;
  const { uuid } = anyMdev(turn);
  if (random.oneIn(2)) return turn.write(mdevPath(uuid, 'remove'), random.pick(['0', '', 'x', '-1', '08']));
  return turn.write(
    CREATE,
    random.pick(['x', uuid, uuid.toUpperCase(), `${uuid}0`, `${uuid}\n\n`, uuid.slice(1), uuid.replaceAll('-', '_')]),
  );
}

/** An mdev that the scenario does not know: it takes what it can get, and goes again. */
async function another(turn: Turn): Promise<Errno> {
  const { random, machine } = turn;
  const uuid = random.uuid();
  const errno = await turn.write(CREATE, uuid);
  if (errno < 0) return errno;
  const assign = (attribute: string, ids: readonly number[]): Promise<Errno> =>
    ids.length === 0 ? Promise.resolve(OK) : turn.write(mdevPath(uuid, attribute), `${random.pick(ids)}`);
  await assign('assign_adapter', adaptersOf(machine));
  await assign('assign_domain', domainsOf(machine));
  await assign('assign_control_domain', controlsOf(machine));
  await turn.pause(USER_MS);
  return await release(turn, uuid, (one) => remove(one, uuid));
}

/** The driver leaves the mdev and comes back, without a removal. */
async function rebind(turn: Turn): Promise<Errno> {
  const { uuid } = anyMdev(turn);
  const errno = await release(turn, uuid, (one) => one.write(`${MDEV_DRIVER}/unbind`, uuid));
  await turn.pause(USER_MS);
  await turn.write(`${MDEV_DRIVER}/bind`, uuid);
  return errno;
}

/** Everything back to what the scenario gave the mdev; what it has and should not have goes first. */
export async function restoreMdev(turn: Turn, mdev: MdevSpec): Promise<void> {
  const { vfioAp } = turn.machine;
  await turn.write(CREATE, mdev.uuid);
  await turn.write(`${MDEV_DRIVER}/bind`, mdev.uuid);
  const found = vfioAp.findMdev(mdev.uuid)?.matrix.inspect();
  const put = async (what: string, ids: readonly number[], has: ApMask | undefined): Promise<void> => {
    for (const id of has?.bits() ?? []) if (!ids.includes(id)) await turn.write(mdevPath(mdev.uuid, `unassign_${what}`), `${id}`);
    for (const id of ids) if (has?.has(id) !== true) await turn.write(mdevPath(mdev.uuid, `assign_${what}`), `${id}`);
  };
  await put('adapter', mdev.adapters, found?.apm);
  await put('domain', mdev.domains, found?.aqm);
  await put('control_domain', mdev.controlDomains, found?.adm);
}

export const MDEV_VERBS: readonly ChurnVerb[] = [
  { name: 'assign_adapter', weight: 6, needs: ['mdevs', 'adapters'], body: stores('assign_adapter', adaptersOf) },
  { name: 'unassign_adapter', weight: 4, needs: ['mdevs', 'adapters'], body: stores('unassign_adapter', adaptersOf) },
  { name: 'assign_domain', weight: 6, needs: ['mdevs', 'domains'], body: stores('assign_domain', domainsOf) },
  { name: 'unassign_domain', weight: 4, needs: ['mdevs', 'domains'], body: stores('unassign_domain', domainsOf) },
  { name: 'assign_control_domain', weight: 2, needs: ['mdevs', 'domains'], body: stores('assign_control_domain', controlsOf) },
  { name: 'unassign_control_domain', weight: 2, needs: ['mdevs', 'domains'], body: stores('unassign_control_domain', controlsOf) },
  { name: 'ap_config', weight: 4, needs: ['mdevs'], body: storeConfig },
  { name: 'recreate', weight: 2, needs: ['mdevs'], body: recreate },
  { name: 'bad create or remove', weight: 1, needs: ['mdevs'], body: badLifecycle },
  { name: 'another mdev', weight: 1, needs: ['mdevs'], body: another },
  { name: 'rebind mdev', weight: 1, needs: ['mdevs'], body: rebind },
];
