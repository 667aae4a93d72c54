/**
 * Cases D of the AP bus: what a change of the masks does.
 */
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { EADDRINUSE, EAGAIN, EBUSY, OK } from '../../src/base/errno.ts';
import { ApMessage } from '../../src/ap-driver/ap-message.ts';
import { RUNTIMES, driverOf, onMachine, type Machine } from '../ap-bus/machine.ts';

const APMASK = '/sys/bus/ap/apmask';
const AQMASK = '/sys/bus/ap/aqmask';

const owners = (m: Machine): Record<string, string | null> =>
  Object.fromEntries([...m.bus.queues()].map(({ device: { name } }) => [name, driverOf(m, name)]));

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('bus-D1: queues move to vfio_ap, the card stays, requests end with -EAGAIN', () =>
    onMachine(kind, { slowTimers: true, hardware: { service: () => 1e6 } }, async (m, task) => {
      const queue = m.bus.findQueue(0x0306)!.queue!;
      const done: ApMessage[] = [];
      const message = new ApMessage(1n, new Uint8Array(400), 400, (ended) => done.push(ended));
      // The queue is reset first; a request may be queued meanwhile.
      expect(await queue.queueMessage(task, message)).toBe(OK);
      m.uevents();
      expect(await m.write(task, APMASK, '-0x3')).toBe(4);
      expect(done).toEqual([message]);
      expect(message.rc).toBe(EAGAIN);
      expect(queue.deviceState).toBe('UNINITIATED');
      expect(driverOf(m, '03.0006')).toBe('vfio_ap');
      expect(driverOf(m, '03.000d')).toBe('vfio_ap');
      expect(driverOf(m, '04.0006')).toBe('cex4queue');
      expect(driverOf(m, 'card03')).toBe('cex4card');
      expect(m.vfio.asked).toEqual([]);
      const changed = m.uevents().filter(({ action }) => action === 'change');
      expect(changed).toEqual([{ action: 'change', path: '/devices/ap', env: { SUBSYSTEM: 'ap', APMASK: `0xef${'f'.repeat(62)}\n` } }]);
      expect(m.sysfs.exists('/sys/bus/ap/devices/03.0006/online')).toBe(false);
      expect(await m.read(task, '/sys/bus/ap/devices/03.0006/request_count')).toBe('-\n');
      expect(await m.read(task, '/sys/bus/ap/devices/card03/request_count')).toBe('1\n');
    }));

  test('bus-D3: a driver that uses the queue keeps it', () =>
    onMachine(kind, {}, async (m, task) => {
      await m.write(task, APMASK, '-3');
      m.vfio.answer = EADDRINUSE;
      const before = { mask: await m.read(task, APMASK), owners: owners(m), calls: [...m.vfio.calls] };
      m.uevents();
      expect(await m.write(task, APMASK, '+3')).toBe(EBUSY);
      expect(m.vfio.asked.map(({ apm, aqm }) => [apm.toString(), aqm.toString()])).toEqual([
        [ApMask.of(3).toString(), ApMask.FULL.toString()],
      ]);
      expect({ mask: await m.read(task, APMASK), owners: owners(m), calls: m.vfio.calls }).toEqual(before);
      expect(m.uevents()).toEqual([]);
    }));

  test('bus-D5: aqmask asks with all adapters', () =>
    onMachine(kind, {}, async (m, task) => {
      await m.write(task, AQMASK, '-13');
      expect(owners(m)['05.000d']).toBe('vfio_ap');
      expect(await m.write(task, AQMASK, '+13')).toBe(3);
      expect(m.vfio.asked.map(({ apm, aqm }) => [apm.toString(), aqm.toString()])).toEqual([
        [ApMask.FULL.toString(), ApMask.of(13).toString()],
      ]);
      expect(new Set(Object.values(owners(m)))).toEqual(new Set(['cex4queue']));
    }));

  test('bus-D7: without vfio_ap the queue is unbound and the bindings are not complete', () =>
    onMachine(kind, { vfioAp: false }, async (m, task) => {
      await m.write(task, AQMASK, '-13');
      expect(owners(m)['03.000d']).toBe(null);
      expect(await m.read(task, '/sys/bus/ap/bindings')).toBe('3/6\n');
      m.uevents();
      await m.write(task, '/sys/bus/ap/scans', '1');
      expect(m.uevents().filter(({ env }) => 'BINDINGS' in env)).toEqual([]);
      await m.bus.registerDriver(task, m.vfio);
      expect(m.uevents().filter(({ env }) => 'BINDINGS' in env)).toHaveLength(1);
      expect(await m.read(task, '/sys/bus/ap/bindings')).toBe('6/6 (complete)\n');
    }));

  test('bus-D9: complete again at the next scan, not at the write', () =>
    onMachine(kind, {}, async (m, task) => {
      m.uevents();
      await m.write(task, APMASK, '-4');
      expect(m.uevents().filter(({ env }) => 'BINDINGS' in env)).toEqual([]);
      await m.write(task, '/sys/bus/ap/scans', 'now');
      const complete = m.uevents().filter(({ env }) => 'BINDINGS' in env);
      expect(complete.map(({ path, env }) => [path, env['BINDINGS'], env['COMPLETECOUNT']])).toEqual([['/devices/ap', 'complete', '2']]);
      expect(await m.read(task, '/sys/bus/ap/bindings_complete_count')).toBe('2\n');
    }));

  test('bus-D11: two writers at once leave drivers and masks in agreement', () =>
    onMachine(kind, {}, async (m, task) => {
      const a = m.rt.spawn('a', async (t) => void (await m.write(t, APMASK, '-3')));
      const b = m.rt.spawn('b', async (t) => void (await m.write(t, AQMASK, '-6')));
      await m.rt.join(task, a);
      await m.rt.join(task, b);
      for (const [name, driver] of Object.entries(owners(m))) {
        expect([name, driver]).toEqual([name, name.startsWith('03') || name.endsWith('0006') ? 'vfio_ap' : 'cex4queue']);
      }
    }));

  test('bus-D15: the ownership query', () =>
    onMachine(kind, {}, async ({ bus, write }, task) => {
      await write(task, APMASK, '-4');
      using _attr = await bus.attrMutex.acquire(task);
      expect(bus.ownsAny(task, ApMask.of(3, 4), ApMask.of(6))).toBe(true);
      expect(bus.ownsAny(task, ApMask.of(4), ApMask.of(6))).toBe(false);
      expect(bus.ownership.owns(task, 3, 6)).toBe(1);
      expect(bus.ownership.owns(task, 4, 6)).toBe(0);
      expect(bus.ownership.owns(task, 256, 6)).toBe(-22);
    }));
});

test('bus-D15: without the mutex the query is reported', () =>
  onMachine('live', { findings: true }, async ({ bus, layer }, task) => {
    bus.ownsAny(task, ApMask.of(3), ApMask.of(6));
    expect(layer.findings.list.map(({ kind }) => kind)).toContain('assertion');
  }));

test('a write of the same mask does nothing at all', () =>
  onMachine('live', {}, async (m, task) => {
    m.uevents();
    expect(await m.write(task, APMASK, '+3')).toBe(2);
    expect(m.vfio.asked).toEqual([]);
    expect(m.uevents()).toEqual([]);
  }));
