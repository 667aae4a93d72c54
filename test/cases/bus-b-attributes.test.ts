/**
 * Cases B of the AP bus: bus attributes.
 */
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { EINVAL } from '../../src/base/errno.ts';
import { M1, RUNTIMES, onMachine } from '../ap-bus/machine.ts';

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('bus-B1: control domain mask', () =>
    onMachine(kind, {}, async ({ read }, task) => {
      expect(await read(task, '/sys/bus/ap/ap_control_domain_mask')).toBe(`0x0a04${'0'.repeat(60)}\n`);
    }));

  test('bus-B1: without QCI it is not supported', () =>
    onMachine(kind, { hardware: { facilities: { qci: false } } }, async ({ read }, task) => {
      expect(await read(task, '/sys/bus/ap/ap_control_domain_mask')).toBe('not supported\n');
      expect(await read(task, '/sys/bus/ap/features')).toBe('-\n');
    }));

  test('bus-B3: config_time', () =>
    onMachine(kind, {}, async ({ read, write }, task) => {
      const path = '/sys/bus/ap/config_time';
      expect(await read(task, path)).toBe('30\n');
      for (const bad of ['4', '121', 'abc', '-5']) expect(await write(task, path, bad)).toBe(EINVAL);
      expect(await read(task, path)).toBe('30\n');
      for (const good of ['5', '120\n']) {
        expect(await write(task, path, good)).toBe(good.length);
        expect(await read(task, path)).toBe(`${good.trim()}\n`);
      }
      expect(await write(task, path, '60xyz')).toBe(5);
      expect(await read(task, path)).toBe('60\n');
    }));

  test('bus-B9: bindings', () =>
    onMachine(
      kind,
      { vfioAp: false, hardware: { ...M1, adapters: [M1.adapters[0]!], usageDomains: ApMask.of(6, 13, 14) } },
      async (m, task) => {
        expect(await m.read(task, '/sys/bus/ap/bindings')).toBe('3/3 (complete)\n');
        expect(await m.write(task, '/sys/bus/ap/drivers/cex4queue/unbind', '03.000d\n')).toBe(8);
        expect(await m.read(task, '/sys/bus/ap/bindings')).toBe('2/3\n');
      },
    ));

  test('bus-B9: never complete before the first scan; an empty machine is', () =>
    onMachine(kind, { scan: false, hardware: { adapters: [] } }, async ({ bus, read }, task) => {
      expect(await read(task, '/sys/bus/ap/bindings')).toBe('0/0\n');
      await bus.scan(task);
      expect(await read(task, '/sys/bus/ap/bindings')).toBe('0/0 (complete)\n');
    }));
});

test('bus-B7: the default domain is the lowest one that answers', async () => {
  const rc = { queueEmpty: true, repliesWaiting: false, queueFull: false, asyncError: false, irqEnabled: false, rc: 5 };
  await onMachine(
    'live',
    {
      zcrypt: false,
      hardware: { adapters: [M1.adapters[0]!] },
      wrap: (real) =>
        Object.assign(Object.create(real) as typeof real, {
          tapq: async (...[task, apqn]: Parameters<typeof real.tapq>) =>
            (apqn & 0xff) === 6 ? { ...(await real.tapq(task, apqn)), status: rc } : real.tapq(task, apqn),
        }),
    },
    async ({ read, write }, task) => {
      expect(await read(task, '/sys/bus/ap/ap_domain')).toBe('13\n');
      expect(await write(task, '/sys/bus/ap/ap_domain', '85')).toBe(EINVAL);
      expect(await write(task, '/sys/bus/ap/ap_domain', '0x6')).toBe(3);
      expect(await read(task, '/sys/bus/ap/ap_domain')).toBe('6\n');
    },
  );
});
