/**
 * Cases E of the AP bus: the scan.
 */
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { OK } from '../../src/base/errno.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { ApStatus } from '../../src/crypto-adapters/ap-status.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import { M1, RUNTIMES, driverOf, onMachine, typeOf, type Machine } from '../ap-bus/machine.ts';

const SCANS = '/sys/bus/ap/scans';
const TEST_GATE = new LockClass('test gate');

/** Uevents and callbacks in one order: the callbacks are told through the log of calls at the time of each uevent. */
function traced(m: Machine): string[] {
  return m.uevents().map(({ action, path, env }) => {
    const last = path.split('/').at(-1)!;
    if (action !== 'change') return `${action} ${last}`;
    const { SUBSYSTEM: _s, DEVTYPE: _y, DRIVER: _d, MODE: _m, DEV_TYPE: _t, MODALIAS: _a, ...rest } = env;
    return `change ${last} ${Object.entries(rest)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join(' ')}`;
  });
}

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('bus-E1: an adapter comes and another goes', () =>
    onMachine(kind, { zcrypt: true }, async (m, task) => {
      m.uevents();
      m.hardware.plug({ id: 6, type: typeOf('CEX8C') });
      m.hardware.unplug(5);
      const order: string[] = [];
      const drain = (): void => void order.push(...traced(m).filter((line) => !/^(un)?bind/.test(line)));
      m.vfio.onConfigChanged = async (_task, next, previous) => {
        drain();
        order.push(`config changed ${[...next.apm.bits()].join()} from ${[...previous.apm.bits()].join()}`);
      };
      m.vfio.onScanComplete = async () => {
        drain();
        order.push('scan complete');
      };
      expect(await m.bus.forceRescan(task)).toBe(true);
      drain();
      expect(order).toEqual([
        'config changed 3,4,6 from 3,4,5',
        'remove 05.0006',
        'remove 05.000d',
        'remove card05',
        'add card06',
        'add 06.0006',
        'add 06.000d',
        'scan complete',
        'change ap BINDINGS=complete COMPLETECOUNT=2',
      ]);
      expect(m.sysfs.exists('/sys/devices/ap/card05')).toBe(false);
      expect(driverOf(m, '06.000d')).toBe('cex4queue');
    }));

  test('bus-E3: a usage domain goes', () =>
    onMachine(kind, {}, async (m, task) => {
      m.hardware.setUsageDomains(ApMask.of(6));
      expect(await m.write(task, SCANS, '1')).toBe(1);
      expect(m.vfio.calls).toEqual(['config changed', 'scan complete']);
      expect([...m.bus.queues()].map(({ device }) => device.name)).toEqual(['03.0006', '04.0006', '05.0006']);
    }));

  test('bus-E3: control domains alone call back but touch no device', () =>
    onMachine(kind, {}, async (m, task) => {
      m.uevents();
      m.hardware.setControlDomains(ApMask.of(1));
      expect(await m.bus.forceRescan(task)).toBe(true);
      expect(m.vfio.calls).toEqual(['config changed', 'scan complete']);
      expect(m.uevents()).toEqual([]);
    }));

  test('bus-E5: deconfigured and back', () =>
    onMachine(kind, {}, async (m, task) => {
      m.hardware.configure(3, false);
      expect(await m.bus.forceRescan(task)).toBe(false);
      const device = m.bus.findQueue(0x0306)!;
      expect(await m.read(task, '/sys/devices/ap/card03/03.0006/config')).toBe('0\n');
      expect(device.queue!.deviceState).toBe('ERROR');
      m.uevents();
      m.hardware.configure(3, true);
      await m.bus.forceRescan(task);
      expect(traced(m)).toEqual(['change card03 CONFIG=1', 'change 03.0006 CONFIG=1', 'change 03.000d CONFIG=1']);
      await m.rt.sleep(task, 100);
      expect(device.queue!.deviceState).toBe('OPERATING');
      expect(device.queue!.smState).toBe('IDLE');
    }));

  test('bus-E7: from checkstopped to deconfigured takes two scans', () =>
    onMachine(kind, {}, async (m, task) => {
      m.hardware.checkstop(3, true);
      await m.bus.forceRescan(task);
      const device = m.bus.findQueue(0x0306)!;
      expect([device.chkstop, device.config, device.queue!.deviceState]).toEqual([true, true, 'ERROR']);
      m.hardware.checkstop(3, false);
      m.hardware.configure(3, false);
      m.uevents();
      await m.bus.forceRescan(task);
      expect([device.chkstop, device.config, device.queue!.deviceState]).toEqual([false, true, 'ERROR']);
      expect(traced(m)).toEqual(['change card03 CONFIG=0']);
      await m.bus.forceRescan(task);
      expect([device.chkstop, device.config]).toEqual([false, false]);
      expect(traced(m)).toEqual(['change 03.0006 CONFIG=0', 'change 03.000d CONFIG=0']);
    }));

  test('bus-E9: a queue that answers Q_NOT_AVAIL is removed, then the card', () => {
    const gone = new Set<number>();
    const status: ApStatus = {
      queueEmpty: false,
      repliesWaiting: false,
      queueFull: false,
      asyncError: false,
      irqEnabled: false,
      rc: Rc.Q_NOT_AVAIL,
    };
    return onMachine(
      kind,
      {
        wrap: (real) =>
          Object.assign(Object.create(real) as typeof real, {
            tapq: (...[task, apqn]: Parameters<typeof real.tapq>) => (gone.has(apqn) ? { status, info: null } : real.tapq(task, apqn)),
          }),
      },
      async (m, task) => {
        gone.add(0x030d);
        await m.bus.forceRescan(task);
        expect(m.sysfs.exists('/sys/devices/ap/card03/03.000d')).toBe(false);
        expect(m.bus.findQueue(0x030d)).toBe(null);
        expect(m.sysfs.exists('/sys/devices/ap/card03/03.0006')).toBe(true);
        gone.add(0x0306);
        await m.bus.forceRescan(task);
        expect(m.sysfs.exists('/sys/devices/ap/card03')).toBe(false);
        expect(m.bus.findCard(3)).toBe(null);
      },
    );
  });

  test('bus-E11: a rescan behind a running one waits for it and does not scan again', () =>
    onMachine(kind, {}, async (m, task) => {
      const scanning = m.layer.map(TEST_GATE, 'gate');
      const gate = m.layer.waitQueue(scanning);
      let open = false;
      let inside = false;
      m.vfio.onConfigChanged = async (t) => {
        inside = true;
        gate.wakeAll(t);
        await gate.wait(t, () => open);
      };
      m.hardware.setControlDomains(ApMask.of(2));
      const results: boolean[] = [];
      const a = m.rt.spawn('a', async (t) => void results.push(await m.bus.forceRescan(t)));
      await gate.wait(task, () => inside);
      const b = m.rt.spawn('b', async (t) => void results.push(await m.bus.forceRescan(t)));
      const { mutex } = m.bus.busScan;
      while (b.op !== mutex && b.blockedOn !== mutex) await m.rt.sleep(task, 1);
      open = true;
      gate.wakeAll(task);
      await m.rt.join(task, a);
      await m.rt.join(task, b);
      expect(results).toEqual([true, true]);
      expect(m.bus.busScan.count).toBe(2);
    }));

  test('bus-E15: the first scan tells once', () =>
    onMachine(kind, { scan: false }, async (m, task) => {
      await m.bus.forceRescan(task);
      expect(m.bus.busScan.count).toBe(0);
      await m.bus.scan(task);
      await m.bus.scan(task);
      const root = m.uevents().filter(({ path }) => path === '/devices/ap');
      expect(root.map(({ env: { SUBSYSTEM: _s, ...env } }) => env)).toEqual([
        { INITSCAN: 'done' },
        { BINDINGS: 'complete', COMPLETECOUNT: '1' },
      ]);
    }));
});

test('a write to config of a card asks the service element, the queues follow at the next scan', () =>
  onMachine('live', {}, async (m, task) => {
    m.uevents();
    const path = '/sys/devices/ap/card04/config';
    expect(await m.write(task, path, '2')).toBe(-22);
    expect(await m.write(task, path, '0')).toBe(1);
    expect(m.hardware.adapter(4)?.configured).toBe(false);
    expect(traced(m)).toEqual(['change card04 CONFIG=0']);
    expect(await m.read(task, '/sys/devices/ap/card04/04.0006/config')).toBe('1\n');
    await m.bus.forceRescan(task);
    expect(await m.read(task, '/sys/devices/ap/card04/04.0006/config')).toBe('0\n');
    expect(traced(m)).toEqual(['change 04.0006 CONFIG=0', 'change 04.000d CONFIG=0']);
    expect(m.hardware.configure(4, true)).toBe(OK);
  }));

test('another card in the same place is a new device', () =>
  onMachine('live', { hardware: M1 }, async (m, task) => {
    const before = m.bus.findCard(3);
    m.hardware.unplug(3);
    m.hardware.plug({ id: 3, type: typeOf('CEX7P') });
    await m.bus.forceRescan(task);
    expect(m.bus.findCard(3)).not.toBe(before);
    expect(await m.read(task, '/sys/devices/ap/card03/type')).toBe('CEX7P\n');
    expect(driverOf(m, '03.000d')).toBe('cex4queue');
  }));

test('bus-E13: the timer scans every config_time and gives up while a scan runs', () =>
  onMachine('controlled', {}, async (m, task) => {
    const scan = m.bus.busScan;
    await m.write(task, '/sys/bus/ap/config_time', '5');
    m.bus.startScanTimer();
    while (scan.count < 3) await m.rt.sleep(task, 1000);
    expect(m.rt.now()).toBeGreaterThanOrEqual(10_000);
    {
      using _scan = await scan.mutex.acquire(task);
      const before = scan.count;
      await m.rt.sleep(task, 60_000);
      expect(scan.count).toBe(before);
    }
    m.bus.stop();
  }));

test('bus-E13: the timer that fired during a forced scan is armed again by that scan, and one scan comes of it', () =>
  onMachine('controlled', {}, async (m, task) => {
    const scan = m.bus.busScan;
    await m.write(task, '/sys/bus/ap/config_time', '5');
    m.bus.startScanTimer();
    const gate = m.layer.waitQueue(m.layer.map(TEST_GATE, 'gate'));
    let [inside, open] = [false, false];
    m.vfio.onConfigChanged = async (t) => {
      inside = true;
      gate.wakeAll(t);
      await gate.wait(t, () => open);
    };
    m.hardware.setControlDomains(ApMask.of(2));
    const forced = m.rt.spawn('forced', async (t) => void (await m.bus.forceRescan(t)));
    await gate.wait(task, () => inside);
    const before = scan.count;
    // The timer fires once, and whoever it wakes gives up: nobody waits for the mutex.
    await m.rt.sleep(task, 60_000);
    expect([scan.count, [...m.rt.tasks].filter(({ blockedOn }) => blockedOn === scan.mutex)]).toEqual([before, []]);
    open = true;
    gate.wakeAll(task);
    await m.rt.join(task, forced);
    const [ended, count] = [m.rt.now(), scan.count];
    expect(count).toBe(before + 1);
    for (let n = 0; n < 60 && scan.count === count; n++) await m.rt.sleep(task, 500);
    expect(scan.count).toBe(count + 1);
    expect(m.rt.now() - ended).toBeGreaterThanOrEqual(4500);
    m.bus.stop();
  }));
