/**
 * XML of libvirt: node devices (cards, queues, the matrix, mdevs), domains, and host devices of domains. Source: the node device and domain XML
 * formats on libvirt.org, and "Device virtualization for KVM" of Linux on IBM Z.
 */
import { basename, extname } from 'node:path';
import type { CpuModel } from '../../machine/host-spec.ts';
import { mdevUuid } from '../mdev-uuid.ts';
import type { Draft } from './draft.ts';
import { quoted, type ForeignText } from './foreign-text.ts';
import { ADAPTER, DOMAIN, idOf } from './ids.ts';
import type { Importer } from './importer.ts';
import { contentOf, MDEV_TYPE } from './mdev-attributes.ts';
import { readXml, type XmlElement } from './xml.ts';

const UUID = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
const MAX_VCPUS = 64;

export const LIBVIRT: Importer = {
  name: 'libvirt',
  recognizes: (text) => /^\s*</.test(text),
  read(source, draft) {
    const found = described(readXml(source));
    if (found.length === 0) throw readXml(source).problem('a <device>, <domain> or <hostdev> of libvirt', 'none');
    for (const element of found) {
      if (element.name === 'device') addDevice(source, draft, element);
      else if (element.name === 'domain') addDomain(draft, element);
      else useHostdev(draft, element);
    }
  },
};

const KNOWN: ReadonlySet<string> = new Set(['device', 'domain', 'hostdev']);

/** Whatever stands around them: a list of devices, the status of a domain. */
function described(element: XmlElement): XmlElement[] {
  return element.children().flatMap((child) => (KNOWN.has(child.name) ? [child] : described(child)));
}

function addDevice(source: ForeignText, draft: Draft, device: XmlElement): void {
  const capability = device.need('capability');
  const type = capability.attribute('type');
  const id = (name: string, what: string): number => {
    const element = capability.need(name);
    return idOf(element.text, { what, place: element.place, path: element.path });
  };
  switch (type) {
    case 'ap_matrix':
      return;
    case 'ap_card':
      return draft.listAdapter(id('ap-adapter', ADAPTER), device.place);
    case 'ap_queue':
      return addQueue(draft, device, { adapter: id('ap-adapter', ADAPTER), domain: id('ap-domain', DOMAIN) });
    case 'mdev':
      return addMdev(source, draft, device);
    default: {
      const expected = 'a capability of AP: ap_card, ap_queue, ap_matrix or mdev';
      throw capability.problem(expected, quoted(type ?? ''), capability.attributePlace('type'));
    }
  }
}

function addQueue(draft: Draft, device: XmlElement, { adapter, domain }: { adapter: number; domain: number }): void {
  const { place } = device;
  draft.listAdapter(adapter, place);
  draft.listDomain(domain, place);
  const driver = device.child('driver')?.child('name')?.text;
  if (driver === 'vfio_ap' || driver === 'cex4queue') draft.addQueue({ adapter, domain, host: driver !== 'vfio_ap', place });
}

/** What `nodedev-create` is given may have no UUID: then it is made from the name of the file. */
function addMdev({ file }: ForeignText, draft: Draft, device: XmlElement): void {
  const capability = device.need('capability');
  const type = capability.need('type');
  if (type.attribute('id') !== MDEV_TYPE)
    throw type.problem(`the type ${MDEV_TYPE}`, quoted(type.attribute('id') ?? ''), type.attributePlace('id'));
  const parent = device.child('parent');
  if (parent !== null && parent.text !== 'ap_matrix') throw parent.problem('the parent ap_matrix', quoted(parent.text));
  const given = capability.child('uuid');
  if (given !== null && !UUID.test(given.text)) throw given.problem('a UUID', quoted(given.text));
  const name = basename(file, extname(file)).replaceAll(/[^A-Za-z0-9_.-]+/g, '-');
  const attributes = capability.children('attr').map((attr) => {
    const [key, value] = [attr.attribute('name'), attr.attribute('value')];
    if (key === null || value === null) throw attr.problem('an attribute with name and value', '<attr>');
    return { name: key, value, place: attr.attributePlace('value'), namePlace: attr.attributePlace('name'), path: attr.path };
  });
  const uuid = given?.text.toLowerCase() ?? mdevUuid(name);
  draft.addMdev({ uuid, name: given === null ? name : '', place: device.place, ...contentOf(attributes), notes: [] });
}

function addDomain(draft: Draft, domain: XmlElement): void {
  const name = domain.need('name');
  const devices = domain.child('devices')?.children('hostdev') ?? [];
  const uuids = devices.map(hostdevUuid);
  if (uuids.length > 1) throw devices[1]!.problem('one vfio-ap device in a domain at most', `${uuids.length}`);
  const vcpu = domain.child('vcpu');
  const vcpus = vcpu === null ? 1 : Number(vcpu.attribute('current') ?? vcpu.text);
  if (!Number.isInteger(vcpus) || vcpus < 1 || vcpus > MAX_VCPUS)
    throw (vcpu ?? domain).problem(`a number of vCPUs from 1 to ${MAX_VCPUS}`, quoted(vcpu?.text ?? ''));
  const model = cpuOf(domain);
  const mdev = uuids[0] ?? null;
  draft.addGuest({ name: name.text, place: domain.place, mdev, vcpus, attach: mdev !== null, ...model, notes: [] });
}

const MODEL = ['apft', 'apqci', 'apqi', 'msa3'] as const;
const OFF: ReadonlySet<string | null> = new Set(['disable', 'forbid']);

/** Features that the domain is refused. */
function cpuOf(domain: XmlElement): { apie: boolean; cpu: CpuModel | null } {
  const features = domain.child('cpu')?.children('feature') ?? [];
  const off = new Set(features.filter((feature) => OFF.has(feature.attribute('policy'))).map((feature) => feature.attribute('name')));
  const cpu = Object.fromEntries(MODEL.map((name) => [name, !off.has(name)])) as { -readonly [K in keyof CpuModel]: boolean };
  return { apie: !off.has('ap'), cpu: MODEL.some((name) => off.has(name)) ? cpu : null };
}

/** A host device alone, as `virsh attach-device` takes it: of a guest without a name. */
function useHostdev(draft: Draft, hostdev: XmlElement): void {
  const { place } = hostdev;
  const name = `guest${draft.guests.size + 1}`;
  const mdev = hostdevUuid(hostdev);
  draft.addGuest({ name, place, mdev, vcpus: 1, attach: true, apie: true, cpu: null, notes: ['a host device without its domain'] });
}

function hostdevUuid(hostdev: XmlElement): string {
  const type = hostdev.attribute('type');
  if (type !== 'mdev') throw hostdev.problem('a host device of type mdev', quoted(type ?? ''), hostdev.attributePlace('type'));
  const model = hostdev.attribute('model');
  if (model !== 'vfio-ap') throw hostdev.problem('the model vfio-ap', quoted(model ?? ''), hostdev.attributePlace('model'));
  const address = hostdev.need('source').need('address');
  const uuid = address.attribute('uuid');
  if (uuid === null || !UUID.test(uuid)) throw address.problem('the UUID of an mdev', quoted(uuid ?? ''), address.attributePlace('uuid'));
  return uuid.toLowerCase();
}
