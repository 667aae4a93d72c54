/**
 * What is compared after each operation, as short texts by name: the reference world looked at the way a host is.
 */
import { ascending, maskText, type Masks } from './ids.ts';
import { INSTANCES_MAX } from './lifecycle.ts';
import { apqnOf, linkedTo, ownerOf, queueName, type RefFd, type RefGuest, type RefMdev, type RefQueue, type World } from './world.ts';

export type Observed = Readonly<Record<string, string>>;

/** 5.9, with the page that cuts it off at whole lines. */
function matrixText({ apm, aqm }: Masks): string {
  const adapters = ascending(apm).map((id) => id.toString(16).padStart(2, '0'));
  const domains = ascending(aqm).map((id) => id.toString(16).padStart(4, '0'));
  if (domains.length === 0) return linesOf(adapters.map((adapter) => `${adapter}.`));
  if (adapters.length === 0) return linesOf(domains.map((domain) => `.${domain}`));
  return linesOf(adapters.flatMap((adapter) => domains.map((domain) => `${adapter}.${domain}`)));
}

const LINES_MAX = 511;
const linesOf = (lines: readonly string[]): string =>
  lines
    .slice(0, LINES_MAX)
    .map((line) => `${line}\n`)
    .join('');

const controlText = ({ adm }: Masks): string => linesOf(ascending(adm).map((id) => id.toString(16).padStart(4, '0')));

const configText = ({ apm, aqm, adm }: Masks): string => `${[apm, aqm, adm].map(maskText).join()}\n`;

function statusOf(world: World, queue: RefQueue): string {
  const owner = ownerOf(world, queue);
  if (owner === undefined) return 'unassigned\n';
  const given = owner.guest !== null && owner.shadow.apm.has(queue.adapter) && owner.shadow.aqm.has(queue.domain);
  return given ? 'in use\n' : 'assigned\n';
}

/** `vfio_ap in use, interrupt on`: status and interrupt of a queue are looked at while vfio_ap has it. */
export function queueText(driver: string | null, status: string | number, interrupt: boolean): string {
  return driver === 'vfio_ap' ? `vfio_ap ${String(status).trimEnd()}, interrupt ${interrupt ? 'on' : 'off'}` : `${driver ?? 'no driver'}`;
}

export interface GuestLook {
  readonly masks: readonly string[];
  readonly writes: number;
  readonly device: string | null;
  /** One entry for each reference on an interruption subclass. */
  readonly iscs: readonly number[];
  readonly pins: number;
}

export const guestText = ({ masks, writes, device, iscs, pins }: GuestLook): string =>
  `${masks.join()} written ${writes} times, device ${device ?? 'none'}, ISCs ${iscs.join()}, pins ${pins}`;

export const fdText = (signals: number, references: number): string => `${signals} signals, ${references} references`;

function observeGuest(world: World, guest: RefGuest): string {
  const mdev = world.mdevs.find((each) => each.guest === guest);
  const held = mdev === undefined ? [] : linkedTo(world, mdev).flatMap((queue) => queue.held ?? []);
  return guestText({
    masks: [guest.masks.apm, guest.masks.aqm, guest.masks.adm].map(maskText),
    writes: guest.writes,
    device: mdev?.uuid ?? null,
    iscs: ascending(held.map(({ isc }) => isc)),
    pins: held.length,
  });
}

function observeMdev({ uuid, matrix, shadow }: RefMdev): Record<string, string> {
  return {
    [`${uuid} matrix`]: matrixText(matrix),
    [`${uuid} guest_matrix`]: matrixText(shadow),
    [`${uuid} control_domains`]: controlText(matrix),
    [`${uuid} ap_config`]: configText(matrix),
  };
}

export function observeWorld(world: World): Observed {
  const fds = [...world.fds, ...world.guests.flatMap(({ qemu }) => [qemu.request, qemu.config])];
  // An open file counts too: the eventfds of the test are open in every QEMU, those of QEMU while it has a device.
  const open = (fd: RefFd): number =>
    world.fds.includes(fd)
      ? world.guests.length
      : Number(world.mdevs.some(({ guest }) => guest?.qemu.request === fd || guest?.qemu.config === fd));
  const references = (fd: RefFd): number =>
    world.mdevs.reduce((sum, { requestFd, configFd }) => sum + Number(requestFd === fd) + Number(configFd === fd), open(fd));
  const queues = [...world.queues.values()].map((queue): [string, string] => [
    `queue ${queueName(queue)}`,
    queueText(queue.driver, statusOf(world, queue), world.hardware.interrupts.has(apqnOf(queue.adapter, queue.domain))),
  ]);
  return Object.assign(
    {
      apmask: `${maskText(world.apmask)}\n`,
      aqmask: `${maskText(world.aqmask)}\n`,
      instances: `${INSTANCES_MAX - world.mdevs.length}\n`,
      resets: world.resets.splice(0).toSorted().join(),
      warnings: world.warnings.splice(0).toSorted().join(),
    },
    Object.fromEntries(queues),
    ...world.mdevs.map(observeMdev),
    Object.fromEntries(world.guests.map((guest) => [guest.name, observeGuest(world, guest)])),
    Object.fromEntries(fds.map((fd) => [`eventfd ${fd.name}`, fdText(fd.signals, references(fd))])),
  ) as Observed;
}

/** What differs, one line a name. */
export function differences(expected: Observed, got: Observed): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(got)])].toSorted();
  const text = (value: string | undefined): string => (value === undefined ? 'nothing' : JSON.stringify(value));
  return names
    .filter((name) => expected[name] !== got[name])
    .map((name) => `${name}: expected ${text(expected[name])}, got ${text(got[name])}`);
}
