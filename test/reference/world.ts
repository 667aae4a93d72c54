/**
 * The state of the reference model: plain data, no locks, no time. What a host with vfio_ap is at rest, between two operations.
 */
import { copyOf, noMasks, upTo, type Ids, type Masks } from './ids.ts';

export type DriverName = 'vfio_ap' | 'cex4queue';

export interface RefAdapter {
  type: string;
  configured: boolean;
  checkstopped: boolean;
}

/** The machine: what its service element has configured, and which queues have an interrupt enabled. */
export interface RefHardware {
  readonly adapters: Map<number, RefAdapter>;
  usage: Ids;
  control: Ids;
  readonly interrupts: Set<number>;
}

export interface RefCard {
  readonly type: string;
  config: boolean;
}

/** What an enabled interrupt holds of a guest. */
export interface Held {
  readonly guest: RefGuest;
  readonly isc: number;
}

export interface RefQueue {
  readonly adapter: number;
  readonly domain: number;
  driver: DriverName | null;
  /** The mdev it is linked to; only while bound to vfio_ap. */
  mdev: RefMdev | null;
  /** Response code of the last ZAPQ of vfio_ap. */
  resetRc: number;
  held: Held | null;
}

export interface RefFd {
  readonly name: string;
  signals: number;
}

export interface RefMdev {
  readonly uuid: string;
  matrix: Masks;
  shadow: Masks;
  /** Additions to the host configuration that concern it, within a scan. */
  pending: Masks;
  guest: RefGuest | null;
  requestFd: RefFd | null;
  configFd: RefFd | null;
}

export interface RefGuest {
  readonly name: string;
  /** What its CRYCB says. */
  masks: Masks;
  /** So often the masks have been written. */
  writes: number;
  /** Its storage is mapped for devices. */
  mapped: boolean;
  readonly qemu: { readonly request: RefFd; readonly config: RefFd };
}

export interface World {
  readonly limits: { readonly adapter: number; readonly domain: number };
  readonly hardware: RefHardware;
  /** What the AP bus and vfio_ap know of the configuration, since the last scan. */
  info: Masks;
  apmask: Ids;
  aqmask: Ids;
  readonly cards: Map<number, RefCard>;
  /** By APQN, in the order in which the bus has found them. */
  readonly queues: Map<number, RefQueue>;
  /** In the order of their creation. */
  mdevs: RefMdev[];
  readonly guests: RefGuest[];
  /** Eventfds of the test. */
  readonly fds: RefFd[];
  /** Queues that were reset by vfio_ap, and warnings about APQNs in use, since somebody took them. */
  resets: string[];
  warnings: string[];
}

export interface WorldOptions {
  readonly adapters: readonly { readonly id: number; readonly type: string }[];
  readonly domains: readonly number[];
  readonly control: readonly number[];
  readonly guests: readonly string[];
  readonly fds: readonly string[];
  /** Default true: 256 adapters and domains; otherwise 64 and 16. */
  readonly apxa?: boolean;
}

export const apqnOf = (adapter: number, domain: number): number => (adapter << 8) | domain;

export const queueName = ({ adapter, domain }: { adapter: number; domain: number }): string =>
  `${adapter.toString(16).padStart(2, '0')}.${domain.toString(16).padStart(4, '0')}`;

/** A host before its first scan; every bit of apmask and aqmask is set. */
export function makeWorld(options: WorldOptions): World {
  const fd = (name: string): RefFd => ({ name, signals: 0 });
  return {
    limits: (options.apxa ?? true) ? { adapter: 255, domain: 255 } : { adapter: 63, domain: 15 },
    hardware: {
      adapters: new Map(options.adapters.map(({ id, type }) => [id, { type, configured: true, checkstopped: false }])),
      usage: new Set(options.domains),
      control: new Set(options.control),
      interrupts: new Set(),
    },
    info: noMasks(),
    apmask: upTo(255),
    aqmask: upTo(255),
    cards: new Map(),
    queues: new Map(),
    mdevs: [],
    guests: options.guests.map((name) => ({
      ...{ name, masks: noMasks(), writes: 0, mapped: true },
      qemu: { request: fd(`${name} request`), config: fd(`${name} config-change`) },
    })),
    fds: options.fds.map(fd),
    resets: [],
    warnings: [],
  };
}

export const makeMdev = (uuid: string): RefMdev => ({
  ...{ uuid, matrix: noMasks(), shadow: noMasks(), pending: noMasks() },
  ...{ guest: null, requestFd: null, configFd: null },
});

/** QCI of the machine now. */
export const configurationOf = ({ adapters, usage, control }: RefHardware): Masks =>
  copyOf({ apm: new Set(adapters.keys()), aqm: usage, adm: control });

/** The mdev whose assigned matrix has the APQN. */
export const ownerOf = (world: World, { adapter, domain }: RefQueue): RefMdev | undefined =>
  world.mdevs.find(({ matrix }) => matrix.apm.has(adapter) && matrix.aqm.has(domain));

/** The queues that are linked to an mdev. */
export const linkedTo = (world: World, mdev: RefMdev): RefQueue[] => [...world.queues.values()].filter((queue) => queue.mdev === mdev);
