/**
 * The table of mounts of this process.
 */
import { expect, it } from 'vitest';
import { parseMountInfo } from '../../src/fuse/mount-table.ts';

it('reads minor number, place and type of each mount, with optional fields or without', () => {
  const text = [
    '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
    '40 22 0:57 / /tmp/a\\040b\\134c rw,nosuid - fuse.apemu apemu rw,user_id=0',
    '41 22 0:58 / /sys rw shared:7 master:2 - sysfs sysfs rw',
    'garbage',
    '',
  ].join('\n');
  expect(parseMountInfo(text)).toEqual([
    { minor: 0, point: '/', type: 'ext4' },
    { minor: 57, point: '/tmp/a b\\c', type: 'fuse.apemu' },
    { minor: 58, point: '/sys', type: 'sysfs' },
  ]);
});
