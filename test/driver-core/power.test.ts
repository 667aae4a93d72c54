/**
 * The directory `power` of a device: read, written and removed like everything else, although it is made only when somebody looks.
 */
import { describe, expect, test } from 'vitest';
import { EACCES, EINVAL, EIO, ENODEV, ENOENT, OK } from '../../src/base/errno.ts';
import type { OpenAttribute } from '../../src/driver-core/sysfs.ts';
import { RUNTIMES, inWorld } from './world.ts';

const POWER = '/sys/devices/test/a/power';

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('every device has them, and none of them manages its power', async () => {
    await inWorld(kind, async ({ bus, sysfs, device }, task) => {
      expect(sysfs.exists(POWER)).toBe(false);
      expect(await bus.addDevice(task, device('a'))).toBe(OK);
      // Listed before anybody has looked inside, and once afterwards.
      for (let i = 0; i < 2; i++) {
        expect(sysfs.list('/sys/devices/test/a')).toEqual(['power', 'subsystem', 'uevent']);
        expect(sysfs.list(POWER)).toEqual([
          ...['autosuspend_delay_ms', 'control', 'runtime_active_time', 'runtime_status', 'runtime_suspended_time'],
        ]);
      }
      expect(sysfs.stat(POWER)).toEqual({ kind: 'directory', mode: 0o755 });
      const read = (name: string): Promise<unknown> => sysfs.read(task, `${POWER}/${name}`);
      expect(await read('runtime_status')).toBe('unsupported\n');
      expect([await read('runtime_active_time'), await read('runtime_suspended_time')]).toEqual(['0\n', '0\n']);
      expect([await read('autosuspend_delay_ms'), await sysfs.write(task, `${POWER}/autosuspend_delay_ms`, '5')]).toEqual([EIO, EIO]);
      expect(await sysfs.write(task, `${POWER}/runtime_status`, 'active')).toBe(EACCES);
    });
  });

  test('a device may be told to stay awake, and nothing else', async () => {
    await inWorld(kind, async ({ bus, sysfs, device }, task) => {
      for (const name of ['a', 'b']) await bus.addDevice(task, device(name));
      const control = (name: string): Promise<unknown> => sysfs.read(task, `/sys/devices/test/${name}/power/control`);
      const store = (text: string): Promise<number> => sysfs.write(task, `${POWER}/control`, text);
      expect([await control('a'), await store('on\n'), await control('a'), await control('b')]).toEqual(['auto\n', 3, 'on\n', 'auto\n']);
      expect([await store('off'), await store('on '), await control('a')]).toEqual([EINVAL, EINVAL, 'on\n']);
      expect([await store('auto'), await control('a')]).toEqual([4, 'auto\n']);
    });
  });

  test('it goes with the device, for those who have a file open in there, too', async () => {
    const findings = await inWorld(kind, async ({ bus, sysfs, device }, task) => {
      const a = device('a');
      await bus.addDevice(task, a);
      const open = sysfs.open(`${POWER}/control`) as OpenAttribute;
      expect(await open.read(task)).toBe('auto\n');
      await bus.removeDevice(task, a);
      expect([await open.read(task), sysfs.list(POWER)]).toEqual([ENODEV, ENOENT]);
      // The next of that name has a `power` of its own.
      await bus.addDevice(task, device('a'));
      await sysfs.write(task, `${POWER}/control`, 'on');
      expect([await open.read(task), await sysfs.read(task, `${POWER}/control`)]).toEqual([ENODEV, 'on\n']);
    });
    expect(findings).toEqual([]);
  });
});
