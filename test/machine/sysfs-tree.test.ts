/**
 * Goal: the tree that real tools walk: every path of the table in section 7 of real-tools.md, with its mode, the form of its content and,
 * for links, the way that they lead.
 * Method: a booted machine with two mdevs, one of them in a guest; paths and forms written down here after the table.
 */
import { expect, test } from 'vitest';
import type { Sysfs } from '../../src/driver-core/sysfs.ts';
import { M1, M2, onHost, type HostOptions } from '../helpers/host.ts';

/** Adapter 5 is for guests, 6 (accelerator), 7 (CCA) and 8 (EP11) are the host's. */
const OPTIONS: HostOptions = {
  spec: {
    apmask: '-5',
    aqmask: null,
    domains: [4, 0xab],
    adapters: ['CEX7C', 'CEX7A', 'CEX8C', 'CEX8P'].map((type, i) => ({ id: 5 + i, type })),
  },
};

const BOOL = /^[01]\n$/;
const NUMBER = /^\d+\n$/;
const MASK = /^0x[0-9a-f]{64}\n$/;
const FUNCTIONS = /^0x[0-9A-F]{8}\n$/;

type Row = readonly [path: string, mode: number, content?: RegExp | string];

const BUS: readonly Row[] = [
  ['ap_domain', 0o644, /^-?\d+\n$/],
  ['ap_max_domain_id', 0o444, NUMBER],
  ['ap_max_adapter_id', 0o444, NUMBER],
  ['config_time', 0o644, '30\n'],
  ['poll_thread', 0o644, BOOL],
  ['poll_timeout', 0o644, '250000\n'],
  ['ap_interrupts', 0o444, BOOL],
  ['ap_control_domain_mask', 0o444, MASK],
  ['ap_usage_domain_mask', 0o444, MASK],
  ['ap_adapter_mask', 0o444, MASK],
  ['apmask', 0o644, MASK],
  ['aqmask', 0o644, MASK],
  ['scans', 0o644, NUMBER],
  ['bindings', 0o444, '8/8 (complete)\n'],
  ['bindings_complete_count', 0o444, NUMBER],
  ['features', 0o444, 'APSC APXA\n'],
  ['drivers_autoprobe', 0o644, '1\n'],
  ['drivers_probe', 0o200],
  ['uevent', 0o200],
];

const CARD: readonly Row[] = [
  ['hwtype', 0o444, NUMBER],
  ['raw_hwtype', 0o444, NUMBER],
  ['depth', 0o444, '8\n'],
  ['ap_functions', 0o444, FUNCTIONS],
  ['request_count', 0o644, NUMBER],
  ['requestq_count', 0o444, NUMBER],
  ['pendingq_count', 0o444, NUMBER],
  ['chkstop', 0o444, '0\n'],
  ['max_msg_size', 0o444, NUMBER],
  ['modalias', 0o444, /^ap:t0[DE]\n$/],
  ['config', 0o644, '1\n'],
  ['load', 0o444, NUMBER],
  ['type', 0o444, /^CEX[78][ACP]\n$/],
  ['online', 0o644, '1\n'],
];

const QUEUE: readonly Row[] = [
  ['request_count', 0o644, /^(?:\d+|-)\n$/],
  ['requestq_count', 0o444, NUMBER],
  ['pendingq_count', 0o444, NUMBER],
  ['config', 0o444, '1\n'],
  ['chkstop', 0o444, '0\n'],
  ['ap_functions', 0o444, FUNCTIONS],
  ['reset', 0o644, /^(?:Reset in progress|Reset Timer armed|No Reset Timer set)\.\n$/],
  ['interrupt', 0o444, /^(?:Enable Interrupt pending|Interrupts enabled|Interrupts disabled)\.\n$/],
  ['driver_override', 0o644, '\n'],
];

const POWER: readonly Row[] = [
  ['control', 0o644, 'auto\n'],
  ['runtime_status', 0o444, 'unsupported\n'],
  ['runtime_active_time', 0o444, '0\n'],
  ['runtime_suspended_time', 0o444, '0\n'],
  ['autosuspend_delay_ms', 0o644],
];

const TYPE: readonly Row[] = [
  ['name', 0o444, 'VFIO AP Passthrough Device\n'],
  ['device_api', 0o444, 'vfio-ap\n'],
  ['available_instances', 0o444, '65534\n'],
  ['create', 0o200],
];

const MASKS = (first: string): RegExp => new RegExp(`^${first}[0-9a-f]*,0x[0-9a-f]{64},0x[0-9a-f]{64}\n$`);

const MDEV: readonly Row[] = [
  ...['assign', 'unassign'].flatMap((verb) => ['adapter', 'domain', 'control_domain'].map((what): Row => [`${verb}_${what}`, 0o200])),
  ['remove', 0o200],
  ['matrix', 0o444, '05.0004\n'],
  ['control_domains', 0o444, '0004\n'],
  ['ap_config', 0o644, MASKS('0x04')],
  ['uevent', 0o644, 'DRIVER=vfio_ap_mdev\n'],
];

const under = (folder: string, rows: readonly Row[]): Row[] => rows.map(([name, ...rest]) => [`${folder}/${name}`, ...rest]);

const MATRIX = '/sys/devices/vfio_ap/matrix';
const CARDS = ['card06', 'card07', 'card08'];
const DEVICES = [
  '/sys/devices/ap',
  ...['05', '06', '07', '08'].flatMap((card) => ['', `/${card}.0004`, `/${card}.00ab`].map((q) => `/sys/devices/ap/card${card}${q}`)),
  '/sys/devices/vfio_ap',
  MATRIX,
  ...[M1, M2].map((uuid) => `${MATRIX}/${uuid}`),
];
const BUSES = ['ap', 'matrix', 'mdev'];
const DRIVERS = ['ap/drivers/cex4card', 'ap/drivers/cex4queue', 'ap/drivers/vfio_ap', 'mdev/drivers/vfio_ap_mdev'];

const TABLE: readonly Row[] = [
  ...under('/sys/bus/ap', BUS),
  ...BUSES.flatMap((bus) => under(`/sys/bus/${bus}`, BUS.slice(-3))),
  ...DRIVERS.flatMap((driver) => ['bind', 'unbind', 'uevent'].map((name): Row => [`/sys/bus/${driver}/${name}`, 0o200])),
  ['/sys/bus/matrix/drivers/vfio_ap/uevent', 0o200],
  ...CARDS.flatMap((card) => under(`/sys/devices/ap/${card}`, CARD)),
  ...['card07', 'card08'].map((card): Row => [`/sys/devices/ap/${card}/serialnr`, 0o444, /^.{8,16}\n$/]),
  ...['05', '06', '07'].flatMap((card) => under(`/sys/devices/ap/card${card}/${card}.0004`, QUEUE)),
  ...['06', '07'].flatMap((card) => under(`/sys/devices/ap/card${card}/${card}.00ab`, CARD.slice(-3, -2))),
  ...['06', '07'].map((card): Row => [`/sys/devices/ap/card${card}/${card}.00ab/online`, 0o644, '1\n']),
  ['/sys/devices/ap/card05/05.0004/status', 0o444, 'in use\n'],
  ['/sys/devices/ap/card05/05.00ab/status', 0o444, 'unassigned\n'],
  ['/sys/devices/ap/card05/uevent', 0o644, 'DEVTYPE=ap_card\nDRIVER=cex4card\nDEV_TYPE=000D\nMODALIAS=ap:t0D\nMODE=cca\n'],
  ['/sys/devices/ap/card06/06.0004/uevent', 0o644, 'DEVTYPE=ap_queue\nDRIVER=cex4queue\nMODE=accel\n'],
  ['/sys/devices/ap/card05/05.0004/uevent', 0o644, 'DEVTYPE=ap_queue\nDRIVER=vfio_ap\nMODE=cca\n'],
  ['/sys/devices/vfio_ap/uevent', 0o644, ''],
  [`${MATRIX}/uevent`, 0o644, 'DRIVER=vfio_ap\n'],
  [`${MATRIX}/features`, 0o444, /^[a-z_ -]+\n$/],
  ...under(`${MATRIX}/mdev_supported_types/vfio_ap-passthrough`, TYPE),
  ...under(`${MATRIX}/${M1}`, [...MDEV, ['guest_matrix', 0o444, '05.0004\n']]),
  ...DEVICES.flatMap((device) => under(`${device}/power`, POWER)),
];

const MATRIX_LINK = '../../devices/vfio_ap/matrix';
const LINKS: Readonly<Record<string, string>> = {
  '/sys/bus/ap/devices/card05': '../../../devices/ap/card05',
  '/sys/bus/ap/devices/05.0004': '../../../devices/ap/card05/05.0004',
  '/sys/bus/ap/drivers/cex4card/card05': '../../../../devices/ap/card05',
  '/sys/bus/ap/drivers/vfio_ap/05.0004': '../../../../devices/ap/card05/05.0004',
  '/sys/bus/ap/drivers/cex4queue/06.00ab': '../../../../devices/ap/card06/06.00ab',
  '/sys/devices/ap/card05/driver': '../../../bus/ap/drivers/cex4card',
  '/sys/devices/ap/card05/subsystem': '../../../bus/ap',
  '/sys/devices/ap/card05/05.0004/driver': '../../../../bus/ap/drivers/vfio_ap',
  '/sys/devices/ap/card06/06.0004/driver': '../../../../bus/ap/drivers/cex4queue',
  '/sys/class/mdev_bus/matrix': MATRIX_LINK,
  '/sys/bus/matrix/devices/matrix': `../${MATRIX_LINK}`,
  '/sys/bus/matrix/drivers/vfio_ap/matrix': `../../${MATRIX_LINK}`,
  [`${MATRIX}/driver`]: '../../../bus/matrix/drivers/vfio_ap',
  [`${MATRIX}/subsystem`]: '../../../bus/matrix',
  [`${MATRIX}/mdev_supported_types/vfio_ap-passthrough/devices/${M1}`]: `../../../${M1}`,
  [`${MATRIX}/${M1}/mdev_type`]: '../mdev_supported_types/vfio_ap-passthrough',
  [`${MATRIX}/${M1}/subsystem`]: '../../../../bus/mdev',
  [`${MATRIX}/${M1}/driver`]: '../../../../bus/mdev/drivers/vfio_ap_mdev',
  [`${MATRIX}/${M1}/iommu_group`]: '../../../../kernel/iommu_groups/0',
  [`/sys/bus/mdev/devices/${M1}`]: `../../../devices/vfio_ap/matrix/${M1}`,
  [`/sys/bus/mdev/drivers/vfio_ap_mdev/${M1}`]: `../../../../devices/vfio_ap/matrix/${M1}`,
  [`/sys/kernel/iommu_groups/0/devices/${M1}`]: `../../../../devices/vfio_ap/matrix/${M1}`,
};

/** A booted machine; mdev M1 has queue 05.0004 and is in use by a guest, M2 has nothing. */
const onTree = (body: Parameters<typeof onHost>[2]): Promise<void> =>
  onHost('controlled', OPTIONS, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4], control: [4] });
    await host.create(task, M2);
    expect(await host.attach(task, 'guest1', M1)).toBe(0);
    await body(host, task);
  });

function everyPath(sysfs: Sysfs, folder = '/sys'): string[] {
  return (sysfs.list(folder) as string[]).flatMap((name) => {
    const path = `${folder}/${name}`;
    const info = sysfs.stat(path);
    return typeof info === 'object' && info.kind === 'directory' ? [path, ...everyPath(sysfs, path)] : [path];
  });
}

test('every attribute of the table is there with its mode and the form of its content', () =>
  onTree(async (host, task) => {
    expect(TABLE.length).toBeGreaterThan(200);
    for (const [path, mode, content] of TABLE) {
      const info = host.machine.sysfs.stat(path);
      const want = { kind: 'attribute', mode };
      expect([path, typeof info === 'number' ? info : { kind: info.kind, mode: info.mode }]).toEqual([path, want]);
      if (content === undefined) continue;
      const text = await host.read(task, path);
      if (typeof content === 'string') expect([path, text]).toEqual([path, content]);
      else expect([path, typeof text === 'string' && content.test(text) ? content : text]).toEqual([path, content]);
    }
  }));

test('every link of the table leads where it should, by a relative way', () =>
  onTree(async ({ machine: { sysfs } }) => {
    const present = Object.keys(LINKS).map((path) => [path, sysfs.readlink(path)]);
    expect(Object.fromEntries(present)).toEqual(LINKS);
  }));

test('every link is relative and leads somewhere', () =>
  onTree(async ({ machine: { sysfs } }) => {
    const links = everyPath(sysfs).flatMap((path) => {
      const text = sysfs.readlink(path);
      return typeof text === 'string' ? [[path, text] as const] : [];
    });
    expect(links.length).toBeGreaterThan(60);
    for (const [path, text] of links) {
      expect([path, text.startsWith('../') || !text.includes('/'), sysfs.exists(path)]).toEqual([path, true, true]);
      const parts = path.split('/').slice(0, -1);
      for (const step of text.split('/'))
        if (step === '..') parts.pop();
        else parts.push(step);
      // A real directory, not one more link: tools take the basename of what a link leads to.
      expect([path, sysfs.stat(parts.join('/'))]).toEqual([path, { kind: 'directory', mode: 0o755 }]);
    }
  }));

test('a device of vfio_ap appears before the write of its UUID returns, and is gone when that of remove has', () =>
  onTree(async (host, task) => {
    const M = '44444444-4444-4444-8444-444444444444';
    const mentions = (): string[] => everyPath(host.machine.sysfs).filter((path) => path.endsWith(`/${M}`));
    await host.create(task, M);
    expect(mentions()).toEqual([
      `/sys/bus/mdev/devices/${M}`,
      `/sys/bus/mdev/drivers/vfio_ap_mdev/${M}`,
      `${MATRIX}/${M}`,
      `${MATRIX}/mdev_supported_types/vfio_ap-passthrough/devices/${M}`,
      `/sys/kernel/iommu_groups/2/devices/${M}`,
    ]);
    expect(await host.write(task, `${MATRIX}/${M}/remove`, '1')).toBe(1);
    expect([mentions(), host.machine.sysfs.exists('/sys/kernel/iommu_groups/2')]).toEqual([[], false]);
  }));
