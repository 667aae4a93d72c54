/**
 * zcrypt on the bus: online of card and queue, counters, requests through a queue in interrupt and in polling mode.
 */
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { EAGAIN, EINVAL, ENODEV, OK } from '../../src/base/errno.ts';
import { ApMessage } from '../../src/ap-driver/ap-message.ts';
import type { Task } from '../../src/runtime/task.ts';
import { RUNTIMES, driverOf, onMachine, typeOf, type Machine } from './machine.ts';

const CARD = '/sys/devices/ap/card03';
const QUEUE = `${CARD}/03.0006`;

const online = (m: Machine): string[] =>
  m.uevents().flatMap(({ path, env }) => ('ONLINE' in env ? [`${path.split('/').at(-1)!}=${String(env['ONLINE'])}`] : []));

async function idle(m: Machine, task: Task): Promise<void> {
  while (m.bus.findQueue(0x0306)!.queue!.smState !== 'IDLE') await m.rt.sleep(task, 5);
}

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('the card switches its queues', () =>
    onMachine(kind, {}, async (m, task) => {
      m.uevents();
      expect(await m.write(task, `${QUEUE}/online`, '0')).toBe(1);
      expect(await m.write(task, `${CARD}/online`, '0')).toBe(1);
      expect(online(m)).toEqual(['03.0006=0', 'card03=0', '03.000d=0']);
      expect(await m.read(task, `${QUEUE}/online`)).toBe('0\n');
      expect(await m.write(task, `${QUEUE}/online`, '1')).toBe(EINVAL);
      expect(await m.write(task, `${CARD}/online`, '1')).toBe(1);
      expect(online(m)).toEqual(['card03=1', '03.0006=1', '03.000d=1']);
    }));

  test('bus-G13: online of something deconfigured, and bad text', () =>
    onMachine(kind, {}, async (m, task) => {
      for (const path of [CARD, QUEUE]) {
        for (const text of ['2', 'abc']) expect(await m.write(task, `${path}/online`, text)).toBe(EINVAL);
      }
      m.hardware.configure(3, false);
      await m.bus.forceRescan(task);
      for (const path of [CARD, QUEUE]) {
        expect(await m.read(task, `${path}/online`)).toBe('0\n');
        expect(await m.write(task, `${path}/online`, '1')).toBe(ENODEV);
      }
    }));

  test.each([true, false])('a request ends with a reply (interrupts: %s)', (interrupts) =>
    onMachine(kind, { interrupts }, async (m, task) => {
      await idle(m, task);
      expect(await m.read(task, `${QUEUE}/reset`)).toBe('No Reset Timer set.\n');
      expect(await m.read(task, `${QUEUE}/interrupt`)).toBe(`Interrupts ${interrupts ? 'enabled' : 'disabled'}.\n`);
      expect(await m.read(task, '/sys/bus/ap/ap_interrupts')).toBe(interrupts ? '1\n' : '0\n');
      const { queue } = m.bus.findQueue(0x0306)!;
      let done = false;
      const message = new ApMessage(5n, new Uint8Array(400), 4096, () => (done = true));
      expect(await queue!.queueMessage(task, message)).toBe(OK);
      while (!done) await m.rt.sleep(task, 1);
      expect(message.rc).toBe(OK);
      expect(await m.read(task, `${QUEUE}/request_count`)).toBe('1\n');
      expect(await m.read(task, `${CARD}/request_count`)).toBe('1\n');
      expect(await m.write(task, `${QUEUE}/request_count`, '0')).toBe(1);
      expect(await m.read(task, `${QUEUE}/request_count`)).toBe('0\n');
      expect(await m.read(task, `${CARD}/request_count`)).toBe('1\n');
      expect(await m.write(task, `${CARD}/request_count`, '0')).toBe(1);
      expect(await m.read(task, `${CARD}/request_count`)).toBe('0\n');
    }),
  );

  test('reset ends the requests and starts over', () =>
    onMachine(kind, { slowTimers: true, hardware: { service: () => 1e6 } }, async (m, task) => {
      await idle(m, task);
      const { queue } = m.bus.findQueue(0x0306)!;
      const message = new ApMessage(5n, new Uint8Array(400), 4096, () => undefined);
      await queue!.queueMessage(task, message);
      expect(await m.read(task, `${CARD}/pendingq_count`)).toBe('1\n');
      expect(await m.write(task, `${QUEUE}/reset`, '1')).toBe(1);
      expect(message.rc).toBe(EAGAIN);
      expect(await m.read(task, `${QUEUE}/reset`)).toBe('Reset in progress.\n');
      expect(await m.read(task, `${CARD}/pendingq_count`)).toBe('0\n');
    }));

  test('a queue without its card in zcrypt is not taken', () =>
    onMachine(kind, { vfioAp: false }, async (m, task) => {
      expect(await m.write(task, '/sys/bus/ap/drivers/cex4queue/unbind', '03.0006')).toBe(7);
      expect(m.sysfs.exists(`${QUEUE}/online`)).toBe(false);
      expect(await m.write(task, '/sys/bus/ap/drivers/cex4card/unbind', 'card03')).toBe(6);
      expect(m.sysfs.exists(`${CARD}/type`)).toBe(false);
      expect(await m.write(task, '/sys/bus/ap/drivers/cex4queue/bind', '03.0006')).toBe(EINVAL);
      expect(await m.write(task, '/sys/bus/ap/drivers/cex4card/bind', 'card03')).toBe(6);
      expect(await m.write(task, '/sys/bus/ap/drivers/cex4queue/bind', '03.0006')).toBe(7);
      expect(driverOf(m, '03.0006')).toBe('cex4queue');
    }));

  test('the masks decide about bind, too', () =>
    onMachine(kind, {}, async (m, task) => {
      await m.write(task, '/sys/bus/ap/drivers/cex4queue/unbind', '03.0006');
      expect(await m.write(task, '/sys/bus/ap/drivers/vfio_ap/bind', '03.0006')).toBe(ENODEV);
      expect(driverOf(m, '03.0006')).toBe(null);
    }));

  test('whoever had a queue, it is zeroized before the next one gets it', () => {
    const zapped: number[] = [];
    return onMachine(
      kind,
      {
        wrap: (real) =>
          Object.assign(Object.create(real) as typeof real, {
            zapq: (...[task, apqn]: Parameters<typeof real.zapq>) => {
              zapped.push(apqn);
              return real.zapq(task, apqn);
            },
          }),
      },
      async (m, task) => {
        await m.write(task, '/sys/bus/ap/apmask', '-3');
        await m.write(task, '/sys/bus/ap/apmask', '+3');
        expect(zapped).toEqual([0x0306, 0x030d, 0x0306, 0x030d]);
        expect(m.vfio.calls).toEqual(['probe 03.0006', 'probe 03.000d', 'remove 03.0006', 'remove 03.000d']);
      },
    );
  });

  test('a configuration change scans when the host listens', () =>
    onMachine(kind, {}, async (m, task) => {
      m.hardware.unplug(5);
      m.bus.configurationChanged();
      await m.rt.sleep(task, 10);
      expect(m.bus.busScan.count).toBe(1);
      m.bus.busScan.timer.configurationChanged();
      while (m.bus.busScan.count === 1) await m.rt.sleep(task, 1);
      expect(m.bus.findCard(5)).toBe(null);
    }));
});

test('65,536 queues are scanned and found', () =>
  onMachine(
    'live',
    {
      zcrypt: false,
      scan: false,
      hardware: {
        adapters: Array.from({ length: 256 }, (_, id) => ({ id, type: typeOf('CEX8C') })),
        usageDomains: ApMask.FULL,
        controlDomains: ApMask.FULL,
        nd: 255,
      },
    },
    async (m, task) => {
      await m.write(task, '/sys/bus/ap/apmask', '\n');
      await m.bus.scan(task);
      expect(await m.read(task, '/sys/bus/ap/bindings')).toBe('65536/65536 (complete)\n');
      expect(m.sysfs.list('/sys/bus/ap/drivers/vfio_ap')).toHaveLength(65536 + ['bind', 'module', 'uevent', 'unbind'].length);
      expect(m.bus.findQueue(0xabcd)!.device.name).toBe('ab.00cd');
    },
  ));
