/**
 * Cases A of the AP bus: device model and naming.
 */
import { describe, expect, test } from 'vitest';
import { CardFunction } from '../../src/crypto-adapters/card-type.ts';
import { M1, RUNTIMES, driverOf, onMachine, typeOf } from '../ap-bus/machine.ts';

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('bus-A1: tree, links and drivers of M1', () =>
    onMachine(kind, {}, async ({ sysfs, ...m }) => {
      expect(sysfs.list('/sys/devices/ap')).toEqual(['card03', 'card04', 'card05', 'power', 'subsystem', 'uevent']);
      const queues: string[] = [];
      for (const card of ['03', '04', '05']) {
        const names = sysfs.list(`/sys/devices/ap/card${card}`) as string[];
        const found = names.filter((name) => /^..\.....$/.test(name));
        expect(found).toEqual([`${card}.0006`, `${card}.000d`]);
        queues.push(...found);
      }
      expect(sysfs.list('/sys/bus/ap/devices')).toEqual([...queues, 'card03', 'card04', 'card05']);
      expect(sysfs.readlink('/sys/bus/ap/devices/03.0006')).toBe('../../../devices/ap/card03/03.0006');
      for (const card of ['card03', 'card04', 'card05']) expect(driverOf({ sysfs, ...m }, card)).toBe('cex4card');
      for (const queue of queues) expect(driverOf({ sysfs, ...m }, queue)).toBe('cex4queue');
      expect(sysfs.list('/sys/bus/ap/drivers')).toEqual(['cex4card', 'cex4queue', 'vfio_ap']);
      expect(sysfs.list('/sys/bus/ap/drivers/cex4queue')).toEqual([...queues, 'bind', 'module', 'uevent', 'unbind']);
      expect(sysfs.readlink('/sys/bus/ap/drivers/cex4queue/module')).toBe('../../../../module/zcrypt_cex4');
      expect(sysfs.readlink('/sys/bus/ap/drivers/vfio_ap/module')).toBe('../../../../module/vfio_ap');
    }));

  test('bus-A3: attributes of a CEX8 in CCA mode', () =>
    onMachine(kind, {}, async ({ read }, task) => {
      const card = (name: string): Promise<string | number> => read(task, `/sys/devices/ap/card03/${name}`);
      expect(await card('hwtype')).toBe('14\n');
      expect(await card('raw_hwtype')).toBe('14\n');
      expect(await card('modalias')).toBe('ap:t0E\n');
      expect(await card('type')).toBe('CEX8C\n');
      expect(await card('depth')).toBe('8\n');
      expect(await card('max_msg_size')).toBe('12288\n');
      expect(await card('ap_functions')).toBe('0x92000000\n');
    }));

  test.each([
    { ml: 6, bytes: 24576 },
    { ml: 3, bytes: 12288 },
  ])('bus-A7: ML $ml gives $bytes bytes', ({ ml, bytes }) =>
    onMachine(kind, { hardware: { adapters: [{ id: 3, type: { ...typeOf('CEX8C'), ml } }] } }, async ({ read }, task) => {
      expect(await read(task, '/sys/devices/ap/card03/max_msg_size')).toBe(`${bytes}\n`);
    }),
  );

  test('bus-A9: accelerator comes before CCA', () => {
    const both = { ...typeOf('CEX8C'), functions: (typeOf('CEX8C').functions | CardFunction.ACCEL) >>> 0 };
    return onMachine(kind, { hardware: { ...M1, adapters: [{ id: 3, type: both }] } }, async ({ read, uevents }, task) => {
      expect(await read(task, '/sys/devices/ap/card03/type')).toBe('CEX8A\n');
      const added = uevents().find(({ action, path }) => action === 'add' && path === '/devices/ap/card03');
      expect(added?.env).toMatchObject({ MODE: 'accel', DEV_TYPE: '000E', MODALIAS: 'ap:t0E' });
    });
  });
});

test('bus-A5: a CEX3C appears nowhere and is warned about', () =>
  onMachine('live', { hardware: { adapters: [{ id: 3, type: { ...typeOf('CEX8C'), rawType: 9 } }] } }, async ({ sysfs, log }) => {
    expect(sysfs.exists('/sys/devices/ap/card03')).toBe(false);
    expect(log.some((line) => line.includes('unsupported type') && line.includes('"type":9'))).toBe(true);
  }));
