/**
 * A copied /sys tree: attributes as files, links as links. The paths are those of the kernel (Documentation/arch/s390/vfio-ap.rst and the AP bus);
 * what else is in the copy does not matter, and links need not be there.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ApMask } from '../../base/ap-mask.ts';
import { parseHexMask } from '../../base/mask-text.ts';
import type { Place, ScenarioError } from '../place.ts';
import type { Draft, MaskName } from './draft.ts';
import { quoted, refusal } from './foreign-text.ts';
import { ADAPTER, DOMAIN, hexIdOf } from './ids.ts';
import { readMatrix } from './matrix-text.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function readSysfsCopy(folder: string, draft: Draft): void {
  const root = new Copy(existsSync(join(folder, 'sys', 'devices')) ? join(folder, 'sys') : folder);
  const cards = root.list('devices/ap').filter((name) => /^card[0-9a-fA-F]+$/.test(name));
  const hasBus = root.has('bus/ap');
  if (cards.length === 0 && !hasBus)
    throw refusal(root.place(''), [], { expected: 'bus/ap or devices/ap in the copy of /sys', got: 'neither' });
  draft.known.adapters ||= root.has('devices/ap');
  for (const card of cards) readCard(root, draft, card);
  if (hasBus) readBus(root, draft);
  readKernel(root, draft);
  for (const uuid of root.list('devices/vfio_ap/matrix').filter((name) => UUID.test(name))) readMdev(root, draft, uuid);
}

/** The attributes of the copy. */
class Copy {
  private readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  place(path: string): Place {
    return { file: join(this.root, path), line: 1, column: 1 };
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  list(path: string): string[] {
    const folder = join(this.root, path);
    return existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder).toSorted() : [];
  }

  /** Without the newline; null when it is not there or nobody could read it. */
  read(path: string): string | null {
    const file = join(this.root, path);
    if (!existsSync(file) || !statSync(file).isFile()) return null;
    const text = readFileSync(file, 'utf8').replace(/\n$/, '');
    return text === '' ? null : text;
  }

  /** The last part of what a link leads to. */
  link(path: string): string | null {
    try {
      return basename(readlinkSync(join(this.root, path)));
    } catch {
      return null;
    }
  }

  problem(path: string, expected: string, got: string): ScenarioError {
    return refusal(this.place(path), [], { expected, got });
  }
}

const TYPE = /^CEX([2-8])([ACP])$/;

function readCard(root: Copy, draft: Draft, name: string): void {
  const folder = `devices/ap/${name}`;
  const adapter = hexIdOf(name.slice(4), { what: ADAPTER, place: root.place(folder), path: [] });
  const type = root.read(`${folder}/type`);
  const match = type === null ? null : TYPE.exec(type);
  if (type !== null && match === null) throw root.problem(`${folder}/type`, 'a card type from CEX2A to CEX8P', quoted(type));
  const known = match === null ? fromNumbers(root, folder) : { generation: Number(match[1]), mode: match[2] as 'A' | 'C' | 'P' };
  draft.listAdapter(adapter, root.place(`${folder}/type`), known);
  checkState(root, folder);
  for (const queue of root.list(folder)) {
    const domain = /^[0-9a-fA-F]{2}\.([0-9a-fA-F]{4})$/.exec(queue)?.[1];
    if (domain === undefined) continue;
    const place = root.place(`${folder}/${queue}`);
    const id = hexIdOf(domain, { what: DOMAIN, place, path: [] });
    draft.listDomain(id, place);
    const driver = driverOf(root, `${folder}/${queue}`);
    if (driver !== null) draft.addQueue({ adapter, domain: id, host: driver !== 'vfio_ap', place });
  }
}

/** A card without a driver has no type; its number and its functions say as much. */
function fromNumbers(root: Copy, folder: string): { generation?: number; mode?: 'A' | 'C' | 'P' } {
  const hwtype = Number(root.read(`${folder}/hwtype`) ?? Number.NaN);
  const functions = Number(root.read(`${folder}/ap_functions`) ?? Number.NaN);
  const generation = hwtype - 6;
  // In the order in which the driver asks.
  const mode = functions & 0x08000000 ? 'A' : functions & 0x10000000 ? 'C' : functions & 0x04000000 ? 'P' : undefined;
  return { ...(generation >= 4 && generation <= 8 ? { generation } : {}), ...(mode === undefined ? {} : { mode }) };
}

/** A machine of a scenario begins with every card switched on. */
function checkState(root: Copy, folder: string): void {
  for (const [name, wanted] of [
    ['config', '1'],
    ['chkstop', '0'],
    ['online', '1'],
  ] as const) {
    const text = root.read(`${folder}/${name}`);
    if (text !== null && text !== wanted) throw root.problem(`${folder}/${name}`, `a card that is online (${wanted})`, quoted(text));
  }
}

/** Links may have been lost in the copy: a queue of zcrypt is the one with `online`, one of vfio_ap that with `status`. */
function driverOf(root: Copy, folder: string): string | null {
  const link = root.link(`${folder}/driver`);
  if (link !== null) return link;
  if (root.has(`${folder}/status`)) return 'vfio_ap';
  return root.has(`${folder}/online`) ? 'cex4queue' : null;
}

function readBus(root: Copy, draft: Draft): void {
  for (const name of ['apmask', 'aqmask'] as const) setMask(root, draft, name);
  for (const [name, add] of [
    ['ap_usage_domain_mask', (id: number, place: Place) => draft.listDomain(id, place)],
    ['ap_control_domain_mask', (id: number, place: Place) => draft.listControlDomain(id, place)],
  ] as const) {
    const path = `bus/ap/${name}`;
    const mask = maskOf(root, path);
    if (mask !== null) draft.known[name === 'ap_usage_domain_mask' ? 'domains' : 'controlDomains'] = true;
    for (const id of mask?.bits() ?? []) add(id, root.place(path));
  }
  const features = root.read('bus/ap/features');
  if (features !== null) draft.apxa = { value: features.split(/\s+/).includes('APXA'), place: root.place('bus/ap/features') };
}

function setMask(root: Copy, draft: Draft, name: MaskName): void {
  const path = `bus/ap/${name}`;
  const mask = maskOf(root, path);
  if (mask !== null) draft.setMask(name, mask, root.place(path));
}

/** Null without QCI. */
function maskOf(root: Copy, path: string): ApMask | null {
  const text = root.read(path);
  if (text === null || text.startsWith('not ')) return null;
  const mask = /^0x[0-9a-fA-F]{64}$/.test(text) ? parseHexMask(text) : null;
  if (mask instanceof ApMask) return mask;
  throw root.problem(path, 'a mask: 0x and 64 hex digits', quoted(text));
}

/** Which attributes there are tells how old the kernel is. */
function readKernel(root: Copy, draft: Draft): void {
  const matrix = 'devices/vfio_ap/matrix';
  if (!root.has(`${matrix}/mdev_supported_types`)) return;
  if (root.has(`${matrix}/features`)) return;
  const mdev = root.list(matrix).find((name) => UUID.test(name));
  const first = mdev === undefined ? null : `${matrix}/${mdev}`;
  const old = first !== null && !root.has(`${first}/guest_matrix`);
  draft.kernel = { value: old ? '5.15' : '6.0', place: root.place(matrix) };
}

function readMdev(root: Copy, draft: Draft, uuid: string): void {
  const folder = `devices/vfio_ap/matrix/${uuid}`;
  const place = root.place(folder);
  const content = contentOf(root, folder);
  draft.addMdev({ uuid, place, name: '', ...content, notes: [] });
  if (!isInUse(root, content)) return;
  const name = `guest${draft.guests.size + 1}`;
  draft.addGuest({ name, place, mdev: uuid, vcpus: 1, attach: true, apie: true, cpu: null, notes: ['its queues are in use'] });
}

interface Content {
  readonly adapters: readonly number[];
  readonly domains: readonly number[];
  readonly controlDomains: readonly number[];
}

/** Older kernels have no ap_config. */
function contentOf(root: Copy, folder: string): Content {
  const config = root.read(`${folder}/ap_config`);
  if (config !== null) {
    const [adapters, domains, controlDomains, more] = config
      .split(',')
      .map((text) => (/^0x[0-9a-fA-F]{64}$/.test(text) ? parseHexMask(text) : null));
    if (more === undefined && adapters instanceof ApMask && domains instanceof ApMask && controlDomains instanceof ApMask)
      return { adapters: [...adapters.bits()], domains: [...domains.bits()], controlDomains: [...controlDomains.bits()] };
    throw root.problem(`${folder}/ap_config`, 'three masks with commas between them', quoted(config));
  }
  const matrix = readMatrix(root.read(`${folder}/matrix`) ?? '', root.place(`${folder}/matrix`).file);
  const path = `${folder}/control_domains`;
  const controlDomains = (root.read(path) ?? '').split('\n').filter(Boolean);
  return { ...matrix, controlDomains: controlDomains.map((text) => hexIdOf(text, { what: DOMAIN, place: root.place(path), path: [] })) };
}

function isInUse(root: Copy, { adapters, domains }: Content): boolean {
  const hex = (id: number): string => id.toString(16).padStart(2, '0');
  return adapters.some((adapter) =>
    domains.some((domain) => root.read(`devices/ap/card${hex(adapter)}/${hex(adapter)}.00${hex(domain)}/status`) === 'in use'),
  );
}
