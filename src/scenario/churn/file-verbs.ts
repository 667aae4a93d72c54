/**
 * Churn of files: any that can be read, and those that belong to no other verb. No kernel counterpart: monitoring, udev, curious people.
 */
import { apqnText, cardText } from '../../base/apqn.ts';
import { OK, type Errno } from '../../base/errno.ts';
import type { Prng } from '../../base/prng.ts';
import type { EntryInfo, Sysfs } from '../../driver-core/sysfs.ts';
import { mdevPath, type Machine } from '../../machine/machine.ts';
import { NONSENSE, type ChurnVerb, type Turn } from './turn.ts';

/** Where a way down begins: most files lie deep. */
const ROOTS = ['/sys', '/sys/devices/vfio_ap', '/sys/devices/ap', '/sys/bus', '/sys/class', '/sys/module'];
/** It can end where nothing is wanted. */
const ATTEMPTS = 8;
/** Each device has one, with files that never change: as often as the others they would be half of what is looked at. */
const DULL = /\/power$/;
const DULL_ONE_IN = 4;
const READABLE = 0o444;
const WRITABLE = 0o222;

/** Some file with one of these permissions that `wanted` takes; null when none was met. */
function anyFile({ random, machine: { sysfs } }: Turn, mode: number, wanted: (path: string) => boolean): string | null {
  for (let i = 0; i < ATTEMPTS; i++) {
    const path = wayDown(sysfs, random, (at, info) => (info.mode & mode) !== 0 && wanted(at));
    if (path !== null) return path;
  }
  return null;
}

/** From directory to directory, at random, to an attribute. Links lead round in circles. */
function wayDown(sysfs: Sysfs, random: Prng, wanted: (path: string, info: EntryInfo) => boolean): string | null {
  let path = random.pick(ROOTS);
  for (;;) {
    const below = { directories: [] as string[], files: [] as string[] };
    const names = sysfs.list(path);
    for (const name of typeof names === 'number' ? [] : names) {
      const at = `${path}/${name}`;
      const info = sysfs.stat(at);
      if (typeof info === 'number') continue;
      if (info.kind === 'directory') below.directories.push(at);
      else if (info.kind === 'attribute' && wanted(at, info)) below.files.push(at);
    }
    const { files } = below;
    const directories = random.oneIn(DULL_ONE_IN) ? below.directories : below.directories.filter((at) => !DULL.test(at));
    if (files.length > 0 && (directories.length === 0 || random.oneIn(2))) return random.pick(files);
    if (directories.length === 0) return null;
    path = random.pick(directories);
  }
}

async function readAny(turn: Turn): Promise<Errno> {
  const path = anyFile(turn, READABLE, () => true);
  return path === null ? OK : await turn.act({ kind: 'read', path });
}

/** What the tables and masks of an mdev show: most of what monitoring looks at. */
async function readMdev(turn: Turn): Promise<Errno> {
  const { random, machine } = turn;
  const file = random.pick(['matrix', 'guest_matrix', 'control_domains', 'ap_config']);
  return await turn.act({ kind: 'read', path: mdevPath(random.pick(machine.spec.mdevs).uuid, file) });
}

/** Files that other verbs write, each in its own way; one of them takes the drivers from whatever appears. */
const OF_OTHERS =
  /^\/sys\/bus\/ap\/(?:ap|aq)mask$|\/(?:(?:un)?assign_[a-z_]*|ap_config|vfio_ap-passthrough\/create|remove|config|scans|bind|unbind|drivers_autoprobe)$/;

const NODES = ['churn1', 'churn2', 'no/name', ''];
const ACTIONS = ['add', 'change', 'remove', 'add 12345678-1234-1234-1234-123456789abc A=1', 'x'];

/** What there is to write into a file, by its name; into others a switch. */
const VALUES: Readonly<Record<string, (machine: Machine) => readonly string[]>> = {
  uevent: () => ACTIONS,
  // Of the nodes of zcrypt.
  create: () => NODES,
  destroy: () => NODES,
  config_time: () => ['5', '30', '120', '4', '121', 'x'],
  ap_domain: ({ spec }) => [...spec.domains.map(String), ...NONSENSE],
  drivers_probe: ({ spec, bus }) => [
    ...[...bus.queues()].map(({ apqn }) => apqnText(apqn)),
    ...spec.adapters.map(({ id }) => cardText(id)),
    ...spec.mdevs.map(({ uuid }) => uuid),
    ...['matrix', 'x'],
  ],
};
const SWITCH = ['0', '1', '1', '2', 'x', ''];

async function writeOther(turn: Turn): Promise<Errno> {
  const path = anyFile(turn, WRITABLE, (at) => !OF_OTHERS.test(at));
  if (path === null) return OK;
  const values = VALUES[path.slice(path.lastIndexOf('/') + 1)]?.(turn.machine) ?? SWITCH;
  return await turn.write(path, turn.random.pick(values));
}

export const AUTOPROBE = ['ap', 'mdev', 'matrix'].map((bus) => `/sys/bus/${bus}/drivers_autoprobe`);
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
