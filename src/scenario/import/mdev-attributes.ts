/**
 * The attributes of an mdev definition, as mdevctl and libvirt keep them: names and values that are written to sysfs one after another, here
 * applied to an empty mdev. Source: mdevctl(8), the node device XML of libvirt, Documentation/arch/s390/vfio-ap.rst.
 */
import { parseHexMask } from '../../base/mask-text.ts';
import type { FieldPath, Place } from '../place.ts';
import { quoted, refusal } from './foreign-text.ts';
import { ADAPTER, ascending, DOMAIN, idOf } from './ids.ts';

export const MDEV_TYPE = 'vfio_ap-passthrough';

export interface MdevAttribute {
  readonly name: string;
  readonly value: string;
  readonly place: Place;
  readonly namePlace: Place;
  readonly path: FieldPath;
}

export interface MdevContent {
  readonly adapters: readonly number[];
  readonly domains: readonly number[];
  readonly controlDomains: readonly number[];
}

interface Sets {
  adapters: Set<number>;
  domains: Set<number>;
  controlDomains: Set<number>;
}

const LISTS = { adapter: 'adapters', domain: 'domains', control_domain: 'controlDomains' } as const;
const NAME = /^(un)?assign_(adapter|domain|control_domain)$/;

export function contentOf(attributes: readonly MdevAttribute[]): MdevContent {
  const sets: Sets = { adapters: new Set(), domains: new Set(), controlDomains: new Set() };
  for (const attribute of attributes) apply(sets, attribute);
  const { adapters, domains, controlDomains } = sets;
  return { adapters: ascending(adapters), domains: ascending(domains), controlDomains: ascending(controlDomains) };
}

function apply(sets: Sets, attribute: MdevAttribute): void {
  const { name, value, place, namePlace, path } = attribute;
  if (name === 'ap_config') return configure(sets, attribute);
  const match = NAME.exec(name);
  if (match === null) {
    const known = 'assign_adapter, assign_domain, assign_control_domain, unassign_* or ap_config';
    throw refusal(namePlace, path, { expected: `an attribute of a matrix mdev (${known})`, got: quoted(name) });
  }
  const kind = match[2] as keyof typeof LISTS;
  const set = sets[LISTS[kind]];
  // ap-check takes lists, too.
  for (const word of value.split(',')) {
    const id = idOf(word, { what: kind === 'adapter' ? ADAPTER : DOMAIN, place, path });
    if (match[1] === undefined) set.add(id);
    else set.delete(id);
  }
}

function configure(sets: Sets, { value, place, path }: MdevAttribute): void {
  const masks = value.trim().split(',').map(parseHexMask);
  const [apm, aqm, adm] = masks;
  if (masks.length !== 3 || typeof apm !== 'object' || typeof aqm !== 'object' || typeof adm !== 'object')
    throw refusal(place, path, { expected: 'three masks with commas between them', got: quoted(value) });
  sets.adapters = new Set(apm.bits());
  sets.domains = new Set(aqm.bits());
  sets.controlDomains = new Set(adm.bits());
}
