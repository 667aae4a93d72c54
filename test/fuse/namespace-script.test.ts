/**
 * Goal: every mount below /sys is made read-only with the flags that it has. Method: a made-up mountinfo; what the script does is shown by
 * test/cli/shell.test.ts.
 */
import { expect, test } from 'vitest';
import { scriptArguments, sysMounts } from '../../src/fuse/namespace-script.ts';

const MOUNTINFO = `21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
23 21 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
24 23 0:7 / /sys/kernel/security ro,nosuid,relatime shared:8 - securityfs securityfs rw
25 21 0:30 / /system rw,relatime - tmpfs tmpfs rw
26 23 0:31 / /sys/fs/with\\040blank rw - tmpfs tmpfs rw
27 24 0:32 / /sys/kernel/security rw,noatime - tmpfs tmpfs rw
`;

test('of two mounts at one place the upper one counts, and what only looks like /sys is left alone', () => {
  expect(sysMounts(MOUNTINFO)).toEqual([
    { path: '/sys', flags: ['ro', 'nosuid', 'nodev', 'noexec', 'relatime'] },
    { path: '/sys/kernel/security', flags: ['ro', 'noatime'] },
    { path: '/sys/fs/with blank', flags: ['ro'] },
  ]);
});

test('lists are lines, and the command comes behind them as it is', () => {
  const plan = { emulated: '/run/e', work: '/run/w', binds: ['block', 'bus/pci'], devices: null };
  const args = scriptArguments(plan, MOUNTINFO, ['echo', 'a b', '']);
  expect(args.slice(2)).toEqual([
    ...['apemu', '/run/e', '/run/w'],
    'ro,nosuid,nodev,noexec,relatime /sys\nro,noatime /sys/kernel/security\nro /sys/fs/with blank\n',
    ...['block\nbus/pci\n', '', 'echo', 'a b', ''],
  ]);
});
