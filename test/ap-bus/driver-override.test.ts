/**
 * Goal: a driver_override decides alone who may have a queue, excludes changes of the masks and is excluded by them, and counts in the
 * ownership query; and the locks around it are those of the kernel that is emulated.
 * Method: names are written through sysfs, queues rebound by hand; the first version's locks under both runtimes and in random schedules.
 */
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { EINVAL, ENODEV, ENOENT, ERESTARTSYS } from '../../src/base/errno.ts';
import { KERNELS } from '../../src/base/kernel-profile.ts';
import type { Task } from '../../src/runtime/task.ts';
import { RUNTIMES, driverOf, onMachine, type Machine, type RuntimeKind } from './machine.ts';

const QUEUE = '/sys/devices/ap/card03/03.0006';
const OVERRIDE = `${QUEUE}/driver_override`;
const APMASK = '/sys/bus/ap/apmask';
const DRIVERS = '/sys/bus/ap/drivers';

/** Gives the queue to whoever may have it. */
async function rebind(m: Machine, task: Task, queue = '03.0006'): Promise<string | null> {
  const driver = driverOf(m, queue);
  if (driver !== null) await m.write(task, `${DRIVERS}/${driver}/unbind`, queue);
  await m.write(task, '/sys/bus/ap/drivers_probe', queue);
  return driverOf(m, queue);
}

async function owns(m: Machine, task: Task, adapters: number[], domains: number[]): Promise<boolean> {
  using _attr = await m.bus.attrMutex.acquire(task);
  return m.bus.ownsAny(task, ApMask.from(adapters), ApMask.from(domains));
}

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('the name is what comes before the first newline, and nothing takes it away', () =>
    onMachine(kind, {}, async ({ read, write }, task) => {
      expect(await read(task, OVERRIDE)).toBe('\n');
      for (const [text, shown] of [
        ['vfio_ap', 'vfio_ap\n'],
        ['cex4queue\nvfio_ap\n', 'cex4queue\n'],
        [' no such driver ', ' no such driver \n'],
        ['\n', '\n'],
        ['x'.repeat(4094), `${'x'.repeat(4094)}\n`],
        ['\nvfio_ap', '\n'],
      ] as const) {
        expect(await write(task, OVERRIDE, text)).toBe(text.length);
        expect(await read(task, OVERRIDE)).toBe(shown);
      }
      await write(task, OVERRIDE, 'vfio_ap');
      for (const text of ['x'.repeat(4095), `x\n${'y'.repeat(4093)}`, 'ä'.repeat(2048)])
        expect(await write(task, OVERRIDE, text)).toBe(EINVAL);
      expect(await read(task, OVERRIDE)).toBe('vfio_ap\n');
    }));

  test('a name rebinds nobody by itself; from then on only that driver gets the queue', () =>
    onMachine(kind, {}, async (m, task) => {
      m.uevents();
      await m.write(task, OVERRIDE, 'vfio_ap');
      expect([driverOf(m, '03.0006'), m.uevents()]).toEqual(['cex4queue', []]);
      expect(await rebind(m, task)).toBe('vfio_ap');
      expect(await rebind(m, task, '03.000d')).toBe('cex4queue');
      await m.write(task, `${DRIVERS}/vfio_ap/unbind`, '03.0006');
      expect(await m.write(task, `${DRIVERS}/cex4queue/bind`, '03.0006')).toBe(ENODEV);
      await m.write(task, OVERRIDE, 'nobody');
      expect(await rebind(m, task)).toBe(null);
      await m.write(task, OVERRIDE, '\n');
      expect(await rebind(m, task)).toBe('cex4queue');
    }));

  test('bus-D13: masks and names exclude each other, whichever queue has the name and whatever the mask says', () =>
    onMachine(kind, {}, async (m, task) => {
      await m.write(task, OVERRIDE, 'cex4queue');
      await m.write(task, '/sys/devices/ap/card04/04.0006/driver_override', 'vfio_ap');
      // Also what would change nothing, and what cannot be read.
      for (const text of ['-5', '+3', 'rubbish']) expect([text, await m.write(task, APMASK, text)]).toEqual([text, EINVAL]);
      expect(await m.write(task, '/sys/bus/ap/aqmask', '-1')).toBe(EINVAL);
      await m.write(task, OVERRIDE, '\n');
      expect(await m.write(task, APMASK, '-5')).toBe(EINVAL);
      await m.write(task, '/sys/devices/ap/card04/04.0006/driver_override', '\n');
      expect(await m.write(task, APMASK, '-5')).toBe(2);
      for (const text of ['vfio_ap', '\n']) expect(await m.write(task, OVERRIDE, text)).toBe(EINVAL);
      expect(await m.write(task, APMASK, '+5')).toBe(2);
      expect(await m.write(task, OVERRIDE, 'vfio_ap')).toBe(7);
    }));

  test('the host owns what has a name as long as a driver of the host has it, and all the rest by the masks', () =>
    onMachine(kind, {}, async (m, task) => {
      expect(await owns(m, task, [3], [6])).toBe(true);
      await m.write(task, OVERRIDE, 'vfio_ap');
      expect(await owns(m, task, [3], [6])).toBe(true);
      await rebind(m, task);
      expect(await owns(m, task, [3], [6])).toBe(false);
      expect(await owns(m, task, [3], [6, 7])).toBe(true);
      expect(await m.bus.ownsAnyInTheOpen(task, ApMask.of(3), ApMask.of(6))).toBe(false);
      await m.write(task, '/sys/devices/ap/card03/03.000d/driver_override', 'vfio_ap');
      await rebind(m, task, '03.000d');
      expect(await owns(m, task, [3], [6, 13])).toBe(false);
      expect(await owns(m, task, [3, 4], [6, 13])).toBe(true);
      await m.write(task, `${DRIVERS}/vfio_ap/unbind`, '03.000d');
      expect(await owns(m, task, [3], [13])).toBe(false);
      await m.write(task, OVERRIDE, 'cex4queue');
      expect(await owns(m, task, [3], [6])).toBe(false);
      await rebind(m, task);
      expect(await owns(m, task, [3], [6])).toBe(true);
      using _attr = await m.bus.attrMutex.acquire(task);
      expect(m.bus.ownership.owns(task, 3, 13)).toBe(0);
    }));

  test('a name goes with its queue: it neither blocks the masks nor waits for the next queue there', () =>
    onMachine(kind, {}, async (m, task) => {
      await m.write(task, OVERRIDE, 'vfio_ap');
      const adapter = m.hardware.adapter(3)!;
      m.hardware.unplug(3);
      await m.bus.forceRescan(task);
      expect(await m.write(task, APMASK, '-5')).toBe(2);
      m.hardware.plug({ id: 3, type: adapter.type });
      await m.bus.forceRescan(task);
      expect([await m.read(task, OVERRIDE), driverOf(m, '03.0006')]).toEqual(['\n', 'cex4queue']);
    }));

  test('a signal ends the wait of the files for the mutex', () =>
    onMachine(kind, {}, async (m, task) => {
      const results: (string | number)[] = [];
      {
        using _attr = await m.bus.attrMutex.acquire(task);
        const waiting = [
          m.rt.spawn('override', async (t) => void results.push(await m.write(t, OVERRIDE, 'vfio_ap'))),
          m.rt.spawn('store', async (t) => void results.push(await m.write(t, APMASK, '-5'))),
          m.rt.spawn('show', async (t) => void results.push(await m.read(t, APMASK))),
        ];
        for (const waiter of waiting) {
          while (waiter.op !== m.bus.attrMutex && waiter.blockedOn !== m.bus.attrMutex) await m.rt.sleep(task, 1);
          m.layer.interrupt(task, waiter);
        }
        for (const waiter of waiting) await m.rt.join(task, waiter);
      }
      expect(results).toEqual([ERESTARTSYS, ERESTARTSYS, ERESTARTSYS]);
      expect([await m.read(task, OVERRIDE), await m.read(task, APMASK)]).toEqual(['\n', `0x${'f'.repeat(64)}\n`]);
    }));
});

test.each(['6.0', '5.15'] as const)('kernel %s has no driver_override', (name) =>
  onMachine('live', { parts: { kernel: KERNELS[name] } }, async ({ read, bus }, task) => {
    expect(await read(task, OVERRIDE)).toBe(ENOENT);
    expect(bus.attrMutex.name).toBe('ap_perms_mutex');
  }),
);

describe('the locks', () => {
  /** Names are written while the queue is bound and the masks change; answers what is found, in one task after the other. */
  const found = async (kind: RuntimeKind, overrideLocking: 'spin-lock' | 'device-lock', masks: boolean): Promise<string[]> => {
    const kinds: string[] = [];
    await onMachine(kind, { findings: true, parts: { overrideLocking } }, async (m, task) => {
      await m.write(task, OVERRIDE, 'cex4queue');
      await rebind(m, task);
      await m.write(task, OVERRIDE, '\n');
      if (masks) await m.write(task, APMASK, '-3');
      await rebind(m, task);
      kinds.push(...m.layer.findings.list.map(({ kind: found }) => found));
    });
    return kinds;
  };

  test.each(RUNTIMES)('of a name are a small one of the device, in no circle (%s runtime)', async (kind) => {
    expect(await found(kind, 'spin-lock', true)).toEqual([]);
  });

  test.each(RUNTIMES)('of the first version go round in a circle, which shows without a deadlock (%s runtime)', async (kind) => {
    expect(await found(kind, 'device-lock', false)).toEqual(['lock-order']);
  });

  test('of the first version do not cover a change of the masks, which looks at names without any', async () => {
    expect(await found('live', 'device-lock', true)).toContain('data-race');
  });
});
