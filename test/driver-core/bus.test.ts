/**
 * Bus, devices and drivers: binding order, bind and unbind files with their errors, removal, uevents.
 */
import { describe, expect, test } from 'vitest';
import { EBUSY, EEXIST, EINVAL, EIO, ENODEV, OK } from '../../src/base/errno.ts';
import { DEV_MUTEX, type Device } from '../../src/driver-core/device.ts';
import { RUNTIMES, TestDriver, inWorld } from './world.ts';

const DRIVERS = '/sys/bus/test/drivers';

const notB = (device: Device): boolean => device.name !== 'b';

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('drivers are asked in the order of registration until one accepts', async () => {
    const findings = await inWorld(kind, async ({ bus, sysfs, device }, task) => {
      const [first, second, third] = [new TestDriver('first', notB), new TestDriver('second'), new TestDriver('third')];
      for (const driver of [first, second, third]) await bus.registerDriver(task, driver);
      first.answer = ENODEV;
      const a = device('a');
      expect(a.lock.cls).toBe(DEV_MUTEX);
      expect(await bus.addDevice(task, a)).toBe(OK);
      expect(await bus.addDevice(task, device('b'))).toBe(OK);
      expect(await bus.addDevice(task, device('a'))).toBe(EEXIST);
      expect([first.calls, second.calls, third.calls]).toEqual([['probe a'], ['probe a', 'probe b'], []]);
      expect(sysfs.readlink('/sys/devices/test/a/driver')).toBe('../../../bus/test/drivers/second');
      expect(sysfs.readlink('/sys/devices/test/a/subsystem')).toBe('../../../bus/test');
      expect(sysfs.readlink(`${DRIVERS}/second/b`)).toBe('../../../../devices/test/b');
      expect(sysfs.list('/sys/bus/test/devices')).toEqual(['a', 'b']);
      second.answer = EIO;
      expect(await bus.reprobe(task, a)).toBe(true);
      expect(third.calls).toEqual(['probe a']);
      expect(a.driver?.name).toBe('third');
    });
    expect(findings).toEqual([]);
  });

  test('a new driver is offered the devices that nobody has', async () => {
    await inWorld(kind, async ({ bus, device }, task) => {
      for (const name of ['a', 'b']) await bus.addDevice(task, device(name));
      const picky = new TestDriver('picky', notB);
      const all = new TestDriver('all');
      await bus.registerDriver(task, picky);
      const handle = await bus.registerDriver(task, all);
      expect([picky.calls, all.calls]).toEqual([['probe a'], ['probe b']]);
      await bus.unregisterDriver(task, handle);
      expect(all.calls).toEqual(['probe b', 'remove b']);
      expect(bus.find('b')!.driver).toBe(null);
    });
  });

  test('bind and unbind', async () => {
    await inWorld(kind, async ({ bus, sysfs, device }, task) => {
      const driver = new TestDriver('d', notB);
      await bus.registerDriver(task, driver);
      for (const name of ['a', 'b']) await bus.addDevice(task, device(name));
      const write = (file: string, text: string): Promise<number> => sysfs.write(task, `${DRIVERS}/d/${file}`, text);
      expect(await write('bind', 'a')).toBe(EBUSY);
      expect(await write('bind', 'b')).toBe(ENODEV);
      expect(await write('bind', 'nobody')).toBe(ENODEV);
      expect(await write('unbind', 'b')).toBe(ENODEV);
      expect(await write('unbind', 'a\n')).toBe(2);
      expect(await write('unbind', 'a')).toBe(ENODEV);
      expect(sysfs.exists('/sys/devices/test/a/driver')).toBe(false);
      driver.answer = EIO;
      expect(await write('bind', 'a')).toBe(EIO);
      driver.answer = OK;
      expect(await write('bind', 'a')).toBe(1);
      expect(driver.calls).toEqual(['probe a', 'remove a', 'probe a', 'probe a']);
    });
  });

  test('drivers_autoprobe and drivers_probe', async () => {
    await inWorld(kind, async ({ bus, sysfs, device }, task) => {
      await bus.registerDriver(task, new TestDriver('d'));
      expect(await sysfs.write(task, '/sys/bus/test/drivers_autoprobe', '0')).toBe(1);
      await bus.addDevice(task, device('a'));
      expect(bus.find('a')!.driver).toBe(null);
      expect(await sysfs.write(task, '/sys/bus/test/drivers_probe', 'x')).toBe(ENODEV);
      expect(await sysfs.write(task, '/sys/bus/test/drivers_probe', 'a')).toBe(1);
      expect(bus.find('a')!.driver?.name).toBe('d');
    });
  });

  test('removal: attributes, driver, uevent, directory; no driver binds a dead device', async () => {
    await inWorld(kind, async ({ bus, sysfs, events, device }, task) => {
      const driver = new TestDriver('d');
      await bus.registerDriver(task, driver);
      const a = device('a');
      const groups = [{ name: 'x', mode: 0o444, show: () => 'x\n' }];
      await bus.addDevice(task, a, groups);
      expect(await sysfs.read(task, '/sys/devices/test/a/x')).toBe('x\n');
      await bus.removeDevice(task, a, groups);
      await bus.removeDevice(task, a, groups);
      expect(driver.calls).toEqual(['probe a', 'remove a']);
      expect(sysfs.exists('/sys/devices/test/a')).toBe(false);
      expect(await bus.attach(task, a)).toBe(false);
      expect(events.events.map(({ data }) => [data['action'], data['path'], data['NAME']])).toEqual(
        ['add', 'bind', 'unbind', 'remove'].map((action) => [action, '/devices/test/a', 'a']),
      );
    });
  });

  test('the uevent file shows the variables and sends an event', async () => {
    await inWorld(kind, async ({ bus, sysfs, events, device }, task) => {
      await bus.addDevice(task, device('a'));
      const path = '/sys/devices/test/a/uevent';
      expect(await sysfs.read(task, path)).toBe('NAME=a\n');
      expect(await sysfs.write(task, path, 'nonsense')).toBe(EINVAL);
      expect(await sysfs.write(task, path, 'change\n')).toBe(7);
      expect(events.events.at(-1)!.data).toEqual({ action: 'change', path: '/devices/test/a', SUBSYSTEM: 'test', NAME: 'a' });
    });
  });

  test('two tasks that unbind and bind the same device never overlap in the driver', async () => {
    await inWorld(kind, async ({ rt, bus, device }, task) => {
      let inside = 0;
      const slow = new TestDriver('slow');
      slow.probe = async (t) => {
        expect(inside++).toBe(0);
        await rt.sleep(t, 1);
        inside--;
        return OK;
      };
      slow.remove = async (t) => {
        expect(inside++).toBe(0);
        await rt.sleep(t, 1);
        inside--;
      };
      await bus.registerDriver(task, slow);
      const a = device('a');
      await bus.addDevice(task, a);
      const workers = ['x', 'y', 'z'].map((name) => rt.spawn(name, async (t) => void (await bus.reprobe(t, a))));
      for (const worker of workers) await rt.join(task, worker);
      expect(a.driver?.name).toBe('slow');
    });
  });
});
