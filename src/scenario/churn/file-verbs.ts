/**
 * Churn of files: any that can be read, and those that belong to no other verb. No kernel counterpart: monitoring, udev, curious people.
 */
import { apqnText, cardText } from '../../base/apqn.ts';
import { ENOENT, OK, type Errno } from '../../base/errno.ts';
import { mdevPath } from '../../machine/machine.ts';
import { cardPath } from './host-verbs.ts';
import { NONSENSE, type ChurnVerb, type Turn } from './turn.ts';

const ROOTS = ['/sys/devices/vfio_ap', '/sys/devices/ap', '/sys/bus', '/sys/kernel'];
/** A way down can end in an empty directory. */
const ATTEMPTS = 4;

async function readAny(turn: Turn): Promise<Errno> {
  for (let i = 0; i < ATTEMPTS; i++) {
    const path = wayDown(turn, turn.random.pick(ROOTS));
    if (path !== null) return await turn.act({ kind: 'read', path });
  }
  return OK;
}

/** From directory to directory, at random, to an attribute. */
function wayDown(turn: Turn, root: string): string | null {
  const { sysfs } = turn.machine;
  let path = root;
  for (;;) {
    const names = sysfs.list(path);
    if (typeof names === 'number' || names.length === 0) return null;
    path = `${path}/${turn.random.pick(names)}`;
    const info = sysfs.stat(path);
    if (typeof info === 'number' || info.kind === 'link') return null;
    if (info.kind === 'attribute') return path;
  }
}

/** What the tables and masks of an mdev show: most of what monitoring looks at. */
async function readMdev(turn: Turn): Promise<Errno> {
  const { random, machine } = turn;
  const file = random.pick(['matrix', 'guest_matrix', 'control_domains', 'ap_config']);
  return await turn.act({ kind: 'read', path: mdevPath(random.pick(machine.spec.mdevs).uuid, file) });
}

/** A queue that is there now, null when there is none. */
function anyQueue({ random, machine }: Turn): string | null {
  const queues = [...machine.bus.queues()];
  return queues.length === 0 ? null : apqnText(random.pick(queues).apqn);
}

const ACTIONS = ['add', 'change', 'remove', 'add 12345678-1234-1234-1234-123456789abc A=1', 'x'];
const SWITCH = ['0', '1', '1', '2', ''];

type FileWrite = (turn: Turn) => readonly [path: string, values: readonly string[]] | null;

const ofCard =
  (file: string, values: readonly string[]): FileWrite =>
  ({ random, machine }) =>
    machine.spec.adapters.length === 0 ? null : [cardPath(random.pick(machine.spec.adapters).id, file), values];

const ofQueue =
  (file: string, values: readonly string[]): FileWrite =>
  (turn) => {
    const queue = anyQueue(turn);
    return queue === null ? null : [`/sys/bus/ap/devices/${queue}/${file}`, values];
  };

const OTHERS: readonly FileWrite[] = [
  () => ['/sys/bus/ap/config_time', ['5', '30', '120', '4', '121', 'x']],
  ({ machine }) => ['/sys/bus/ap/ap_domain', [...machine.spec.domains.map(String), ...NONSENSE]],
  (turn) => ['/sys/bus/ap/drivers_probe', [anyQueue(turn) ?? 'x', ...turn.machine.spec.adapters.map(({ id }) => cardText(id)), 'x']],
  ({ machine }) => ['/sys/bus/mdev/drivers_probe', [...machine.spec.mdevs.map(({ uuid }) => uuid), 'x']],
  () => ['/sys/bus/matrix/drivers_probe', ['matrix', 'x']],
  () => ['/sys/bus/matrix/drivers_autoprobe', ['0', '1']],
  () => ['/sys/devices/ap/uevent', ACTIONS],
  () => ['/sys/devices/vfio_ap/matrix/uevent', ACTIONS],
  ({ random, machine: { spec } }) => (spec.mdevs.length === 0 ? null : [mdevPath(random.pick(spec.mdevs).uuid, 'uevent'), ACTIONS]),
  ...['request_count', 'uevent'].map((file) => ofCard(file, file === 'uevent' ? ACTIONS : ['0', 'x'])),
  ofCard('online', SWITCH),
  ofQueue('online', SWITCH),
  ofQueue('uevent', ACTIONS),
  ofQueue('request_count', ['0', 'x']),
  ofQueue('reset', ['1', 'x']),
];

async function writeOther(turn: Turn): Promise<Errno> {
  const found = turn.random.pick(OTHERS)(turn);
  return found === null ? ENOENT : await turn.write(found[0], turn.random.pick(found[1]));
}

export const AUTOPROBE = ['/sys/bus/ap/drivers_autoprobe', '/sys/bus/mdev/drivers_autoprobe'] as const;
const OFF_MS = 20;

/** Without it whatever appears stays without a driver: not for long. */
async function autoprobe(turn: Turn): Promise<Errno> {
  const path = turn.random.pick(AUTOPROBE);
  const errno = await turn.write(path, '0');
  await turn.pause(OFF_MS);
  await turn.write(path, '1');
  return errno;
}

export const FILE_VERBS: readonly ChurnVerb[] = [
  { name: 'read', weight: 4, needs: [], body: readAny },
  { name: 'read mdev', weight: 4, needs: ['mdevs'], body: readMdev },
  { name: 'other files', weight: 4, needs: [], body: writeOther },
  { name: 'autoprobe', weight: 1, needs: [], body: autoprobe },
];
