/**
 * Cases B of the AP bus: bus attributes.
 */
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { EINVAL, ERANGE } from '../../src/base/errno.ts';
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

  test('bus-B5: poll_thread takes yes and no, and nothing comes of it while interrupts are used', () =>
    onMachine(kind, {}, async ({ read, write, rt }, task) => {
      const path = '/sys/bus/ap/poll_thread';
      expect(await write(task, path, 'maybe')).toBe(EINVAL);
      expect(await write(task, path, '1')).toBe(1);
      expect(await read(task, path)).toBe('0\n');
      expect([...rt.tasks].map(({ name }) => name)).not.toContain('appoll');
    }));

  test('bus-B5: without interrupts the thread runs from the first yes to the first no', () =>
    onMachine(kind, { interrupts: false }, async ({ read, write, rt }, task) => {
      const path = '/sys/bus/ap/poll_thread';
      expect(await read(task, path)).toBe('0\n');
      for (const yes of ['1', 'y', 'on\n', 'True']) {
        expect(await write(task, path, yes)).toBe(yes.length);
        expect([yes, await read(task, path)]).toEqual([yes, '1\n']);
      }
      expect([...rt.tasks].filter(({ name }) => name === 'appoll')).toHaveLength(1);
      for (const bad of ['maybe', '2', ' 1', 'o', '\n']) expect([bad, await write(task, path, bad)]).toEqual([bad, EINVAL]);
      expect(await read(task, path)).toBe('1\n');
      for (const no of ['off', '0', 'nonsense']) {
        expect(await write(task, path, no)).toBe(no.length);
        expect([no, await read(task, path)]).toEqual([no, '0\n']);
      }
    }));

  test('poll_timeout takes any base, up to two minutes, and nothing behind the number', () =>
    onMachine(kind, { slowTimers: true }, async ({ read, write }, task) => {
      const path = '/sys/bus/ap/poll_timeout';
      expect(await read(task, path)).toBe('250000\n');
      for (const [text, shown] of [
        ['1', '1'],
        ['0', '0'],
        ['0x100\n', '256'],
        ['010', '8'],
        ['+5', '5'],
        ['123457', '123457'],
        ['120000000000', '120000000000'],
      ] as const) {
        expect([text, await write(task, path, text)]).toEqual([text, text.length]);
        expect([text, await read(task, path)]).toEqual([text, `${shown}\n`]);
      }
      for (const [text, errno] of [
        ['120000000001', EINVAL],
        ['1abc', EINVAL],
        [' 1', EINVAL],
        ['-1', EINVAL],
        ['\n', EINVAL],
        ['18446744073709551616', ERANGE],
      ] as const)
        expect([text, await write(task, path, text)]).toEqual([text, errno]);
      expect(await read(task, path)).toBe('120000000000\n');
    }));

  test('ap_domain takes any base and whatever follows, and only a domain that aqmask leaves to the host', () =>
    onMachine(kind, {}, async (m, task) => {
      const path = '/sys/bus/ap/ap_domain';
      expect(await m.read(task, path)).toBe('6\n');
      m.uevents();
      const { count } = m.bus.busScan;
      for (const [text, shown] of [
        // Not a domain of this machine: only aqmask matters.
        ['84', '84'],
        ['0x0d', '13'],
        ['010', '8'],
        [' 7 seven', '7'],
      ] as const) {
        expect([text, await m.write(task, path, text)]).toEqual([text, text.length]);
        expect([text, await m.read(task, path)]).toEqual([text, `${shown}\n`]);
      }
      expect([m.uevents(), m.bus.busScan.count]).toEqual([[], count]);
      await m.write(task, '/sys/bus/ap/aqmask', '-13');
      for (const bad of ['13', '-1', '85', 'six', '\n']) expect([bad, await m.write(task, path, bad)]).toEqual([bad, EINVAL]);
      expect(await m.read(task, path)).toBe('7\n');
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
