/**
 * Paths of a machine's sysfs tree as docs/coverage.md writes them: with placeholders for cards, queues, nodes of zcrypt, mdevs, buses and
 * drivers.
 */
import type { Sysfs } from '../../src/driver-core/sysfs.ts';

/** The additional node of zcrypt of the machine that is looked at. */
export const NODE = 'my';

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** Placeholders from left to right; what is of every device, bus or driver comes first. */
const PLACEHOLDERS: readonly (readonly [RegExp, string])[] = [
  [/^\/sys\/devices\/.*\/(uevent|driver|subsystem|power\/\w+)$/, 'DEVICE/$1'],
  [/^\/sys\/bus\/\w+\/(drivers_autoprobe|drivers_probe|uevent)$/, '/sys/bus/BUS/$1'],
  [/^\/sys\/bus\/\w+\/devices\/.+$/, '/sys/bus/BUS/devices/DEVICE'],
  [/^\/sys\/bus\/\w+\/drivers\/\w+\/(\w+)$/, '/sys/bus/BUS/drivers/DRIVER/$1'],
  [/^\/sys\/class\/zcrypt\/(?!create$|destroy$)[^/]+$/, '/sys/class/zcrypt/NODE'],
  [/^\/sys\/devices\/virtual\/zcrypt\/[^/]+/, '/sys/devices/virtual/zcrypt/NODE'],
  [/\/iommu_groups\/\d+/, '/iommu_groups/N'],
  [/\/card[0-9a-f]{2}/, '/cardXX'],
  [/\/[0-9a-f]{2}\.[0-9a-f]{4}/, '/XX.YYYY'],
  [UUID, 'UUID'],
];

function patternOf(path: string, isLink: boolean): string {
  // By its name alone a card could be an attribute of the driver.
  const device = isLink && path.startsWith('/sys/bus/') && path.includes('/drivers/') && !path.endsWith('/module');
  if (device) return '/sys/bus/BUS/drivers/DRIVER/DEVICE';
  return PLACEHOLDERS.reduce((pattern, [from, to]) => pattern.replace(from, to), path);
}

/** Pattern of each attribute and link with its mode: `0644` or `link`. */
export function filesOf(sysfs: Sysfs): Map<string, string> {
  const files = new Map<string, string>();
  const visit = (folder: string): void => {
    for (const name of sysfs.list(folder) as string[]) {
      const path = `${folder}/${name}`;
      const info = sysfs.stat(path);
      if (typeof info === 'number') throw new Error(`${path} is listed, and its stat is ${info}`);
      if (info.kind === 'directory') visit(path);
      else files.set(patternOf(path, info.kind === 'link'), info.kind === 'link' ? 'link' : `0${info.mode.toString(8).padStart(3, '0')}`);
    }
  };
  visit('/sys');
  return files;
}

/** A path of the machine with this card, queue, node, mdev and driver for a pattern. */
export function pathOf(pattern: string, uuid: string): string {
  return pattern
    .replace('cardXX', 'card06')
    .replace('XX.YYYY', '06.0004')
    .replace('NODE', NODE)
    .replace('UUID', uuid)
    .replace('BUS', 'ap')
    .replace('DRIVER', 'vfio_ap');
}
