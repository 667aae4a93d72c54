/**
 * Node devices, domains and host devices of libvirt, written after the formats on libvirt.org.
 */
import { describe, expect, test } from 'vitest';
import { essence, imported, refusalOf } from './foreign-files.ts';

const UUID = '0695e7a2-c1d9-4a0c-8c3e-7cd5c4b1c0a9';

const card = (id: string): string =>
  `<device>\n  <name>ap_card${id}</name>\n  <path>/sys/devices/ap/card${id}</path>\n  <parent>computer</parent>
  <driver>\n    <name>cex4card</name>\n  </driver>\n  <capability type='ap_card'>\n    <ap-adapter>0x${id}</ap-adapter>\n  </capability>\n</device>\n`;

const queue = (adapter: string, domain: string, driver: string): string =>
  `<device>\n  <name>ap_${adapter}_${domain}</name>\n  <parent>ap_card${adapter}</parent>\n  <driver>\n    <name>${driver}</name>\n  </driver>
  <capability type='ap_queue'>\n    <ap-adapter>0x${adapter}</ap-adapter>\n    <ap-domain>0x${domain}</ap-domain>\n  </capability>\n</device>\n`;

const MATRIX = `<device>
  <name>ap_matrix</name>
  <path>/sys/devices/vfio_ap/matrix</path>
  <capability type='ap_matrix'>
    <capability type='mdev_types'>
      <type id='vfio_ap-passthrough'><name>VFIO AP Passthrough Device</name><deviceAPI>vfio-ap</deviceAPI></type>
    </capability>
  </capability>
</device>
`;

const MDEV = `<?xml version="1.0"?>
<device>
  <name>mdev_0695e7a2_c1d9_4a0c_8c3e_7cd5c4b1c0a9_matrix</name>
  <parent>ap_matrix</parent>
  <capability type='mdev'>
    <type id='vfio_ap-passthrough'/>
    <uuid>${UUID}</uuid>
    <parent_addr>matrix</parent_addr>
    <iommuGroup number='0'/>
    <attr name='assign_adapter' value='0x05'/>
    <attr name='assign_domain' value='0x0004'/>
    <attr name='assign_control_domain' value='4'/>
  </capability>
</device>
`;

const hostdev = (uuid: string, model = 'vfio-ap'): string =>
  `<hostdev mode='subsystem' type='mdev' managed='no' model='${model}'>\n  <source>\n    <address uuid='${uuid}'/>\n  </source>\n</hostdev>`;

const domain = (name: string, devices: string, more = ''): string =>
  `<domain type='kvm' id='3'>\n  <name>${name}</name>\n  <memory unit='KiB'>4194304</memory>\n  <vcpu placement='static'>2</vcpu>\n${more}` +
  `  <devices>\n    <disk type='file'/>\n${devices}\n  </devices>\n</domain>\n`;

test('cards, queues, the matrix and an mdev are one host, in one file or in several', () => {
  const cards = card('05') + card('06');
  const queues = ['05', '06'].map((id) => queue(id, '0004', id === '05' ? 'vfio_ap' : 'cex4queue')).join('');
  const expected = {
    adapters: ['5 CEX8C', '6 CEX8C'],
    domains: [4],
    apmask: '-5',
    mdevs: ['m-0695e7a2: 5 x 4 x 4'],
  };
  expect(essence(imported({ 'all.xml': cards + queues + MATRIX + MDEV }))).toEqual(expected);
  expect(essence(imported({ 'cards.xml': cards, 'queues.xml': queues, 'matrix.xml': MATRIX, 'mdev.xml': MDEV }))).toEqual(expected);
  expect(essence(imported({ 'list.xml': `<devices>${cards}${queues}${MDEV.replace(/^.*\n/, '')}</devices>` }))).toEqual(expected);
});

test('an mdev that is to be created has no UUID yet', () => {
  const { scenario } = imported({ 'crypto for web.xml': MDEV.replace(/ *<uuid>.*\n/, '') });
  expect(scenario.host.mdevs).toMatchObject([{ name: 'crypto-for-web', adapters: [5], domains: [4], controlDomains: [4] }]);
});

test('a domain is a guest with the mdev of its host device', () => {
  const found = imported({ 'web.xml': domain('web 1', hostdev(UUID)), 'mdev.xml': MDEV });
  expect(essence(found)).toMatchObject({ mdevs: ['m-0695e7a2: 5 x 4 x 4'], guests: ['web-1 m-0695e7a2 2'] });
  expect(found.scenario.host.guests).toMatchObject([{ attach: true, apie: true, interrupts: true, workload: null }]);
  expect(found.text).toContain('# web.xml:1:1\n');
});

test('an mdev that no file defines is empty, and a domain without one has no crypto', () => {
  const found = imported({ 'a.xml': domain('a', hostdev(UUID)), 'b.xml': domain('b', '') });
  expect(essence(found)).toEqual({ adapters: [], domains: [], mdevs: ['m-0695e7a2:  x  x '], guests: ['a m-0695e7a2 2', 'b null 2'] });
  expect(found.text).toContain('used here; no file says what is in it');
});

test('a host device alone is for a guest without a name, and a domain inside of its status is found', () => {
  const status = `<domstatus state='running'>\n${domain('a', '')}</domstatus>`;
  expect(essence(imported({ 'hostdev.xml': hostdev(UUID), 'a.xml': status }))).toMatchObject({
    guests: ['guest1 m-0695e7a2 1', 'a null 2'],
  });
});

test('features that a domain is refused are refused to the guest', () => {
  const cpu = `<cpu mode='host-model'><feature policy='disable' name='apqi'/><feature policy='require' name='apft'/><feature policy='forbid' name='ap'/></cpu>`;
  expect(imported({ 'a.xml': domain('a', '', cpu) }).scenario.host.guests).toMatchObject([
    { apie: false, cpu: { apft: true, apqci: true, apqi: false, msa3: true } },
  ]);
});

test('an mdev of two domains is told with both places', () => {
  expect(refusalOf({ 'a.xml': domain('a', hostdev(UUID)), 'b.xml': `\n${domain('b', hostdev(UUID))}` })).toBe(
    `b.xml:2:1: guests.b: expected what a.xml:1:1 says (mdev ${UUID} in guest a), got mdev ${UUID} in guest b`,
  );
  expect(refusalOf({ 'a.xml': domain('a', ''), 'b.xml': domain('a', '') })).toContain('b.xml:1:1: guests.a: expected what a.xml:1:1 says');
});

describe('what cannot be expressed is refused with its place', () => {
  const two = hostdev(UUID) + hostdev('1695e7a2-c1d9-4a0c-8c3e-7cd5c4b1c0a9');
  test.each([
    [
      `<device>\n <capability type='css'/></device>`,
      `2:19: device.capability: expected a capability of AP: ap_card, ap_queue, ap_matrix or mdev, got "css"`,
    ],
    [
      MDEV.replace('vfio_ap-p', 'vfio_ccw-p'),
      '6:14: device.capability.type: expected the type vfio_ap-passthrough, got "vfio_ccw-passthrough"',
    ],
    [MDEV.replace('>ap_matrix', '>css_0_0_0026'), '4:3: device.parent: expected the parent ap_matrix, got "css_0_0_0026"'],
    [MDEV.replace('0x05', '0x105'), '10:39: device.capability.attr: expected an adapter number from 0 to 255, got "0x105"'],
    [MDEV.replace("name='assign_domain' ", ''), '11:5: device.capability.attr: expected an attribute with name and value, got <attr>'],
    [MDEV.replace(UUID, 'none'), '7:5: device.capability.uuid: expected a UUID, got "none"'],
    [
      card('05').replace('ap-adapter>', 'ap-adaptor>').replace('/ap-adapter', '/ap-adaptor'),
      '8:3: device.capability: expected an element <ap-adapter>',
    ],
    [domain('a', hostdev(UUID, 'vfio-ccw')), '7:'],
    [domain('a', "<hostdev mode='subsystem' type='pci'/>"), '7:32: domain.devices.hostdev: expected a host device of type mdev, got "pci"'],
    [domain('a', two), '11:11: domain.devices.hostdev: expected one vfio-ap device in a domain at most, got 2'],
    [domain('a', '').replace('>2<', '>65<'), '4:3: domain.vcpu: expected a number of vCPUs from 1 to 64, got "65"'],
    ['<network/>', '1:1: (document): expected a <device>, <domain> or <hostdev> of libvirt, got none'],
    ['<device>\n<name></device>', '2:1: (document): expected well-formed XML, got Opening and ending tag mismatch: "name" != "device"'],
    ['<device>&amp;&web;</device>', '1:1: (document): expected well-formed XML, got entity not found:&web;'],
    ['<!DOCTYPE d [<!ENTITY a "b">]>\n<device/>', '1:1: (document): expected XML without a document type, got <!DOCTYPE'],
    ['<device>\n', '1:9: (document): expected well-formed XML, got Opening and ending tag mismatch: "device" != the end of the file'],
  ])('(%#)', (text, message) => {
    const found = refusalOf({ 'd.xml': text });
    expect(found.slice(0, `d.xml:${message}`.length)).toBe(`d.xml:${message}`);
  });
});
