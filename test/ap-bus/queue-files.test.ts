/**
 * Goal: the files that queues have in a debug build, counters that outlive a driver, and the generic files of bus and drivers.
 * Method: read and written through sysfs while the queue goes through its states.
 */
import { describe, expect, test } from 'vitest';
import { EAGAIN, EINVAL, ENOENT, OK } from '../../src/base/errno.ts';
import { ApMessage } from '../../src/ap-driver/ap-message.ts';
import { bareStatus } from '../../src/crypto-adapters/ap-status.ts';
import type { Task } from '../../src/runtime/task.ts';
import { RUNTIMES, onMachine, type Machine } from './machine.ts';

const CARD = '/sys/devices/ap/card03';
const QUEUE = `${CARD}/03.0006`;
const DRIVERS = '/sys/bus/ap/drivers';
const APQN = 0x0306;
const DEBUG = { parts: { debug: true }, slowTimers: true } as const;

async function until(m: Machine, task: Task, state: string): Promise<void> {
  while (m.bus.findQueue(APQN)!.queue!.smState !== state) await m.rt.sleep(task, 1);
}

async function send(m: Machine, task: Task, count: number): Promise<ApMessage[]> {
  const messages = Array.from({ length: count }, (_, i) => new ApMessage(BigInt(i + 1), new Uint8Array(400), 4096, () => undefined));
  for (const message of messages) expect(await m.bus.findQueue(APQN)!.queue!.queueMessage(task, message)).toBe(OK);
  return messages;
}

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('states names the state of the device and of the state machine, reset the same in its own words', () =>
    onMachine(kind, { ...DEBUG, hardware: { service: () => 1e6 } }, async (m, task) => {
      const shown = async (): Promise<unknown[]> => [await m.read(task, `${QUEUE}/states`), await m.read(task, `${QUEUE}/reset`)];
      await until(m, task, 'IDLE');
      expect(await shown()).toEqual(['OPERATING [IDLE]\n', 'No Reset Timer set.\n']);
      const messages = await send(m, task, 1);
      expect(await shown()).toEqual(['OPERATING [WORKING]\n', 'Reset Timer armed.\n']);
      messages.push(...(await send(m, task, 7)));
      expect(await shown()).toEqual(['OPERATING [FULL]\n', 'Reset Timer armed.\n']);
      expect(await m.write(task, `${QUEUE}/reset`, '\n')).toBe(1);
      expect(messages.map(({ rc }) => rc)).toEqual(messages.map(() => EAGAIN));
      expect(await shown()).toEqual(['OPERATING [RESET_WAIT]\n', 'Reset in progress.\n']);
      m.hardware.configure(3, false);
      await m.bus.forceRescan(task);
      expect((await shown())[0]).toMatch(/^ERROR \[/);
      await m.write(task, `${DRIVERS}/cex4queue/unbind`, '03.0006');
      expect((await shown())[0]).toBe('UNINITIATED\n');
    }));

  test.each([
    [1, 'Q_NOT_AVAIL'],
    [3, 'DECONFIGURED'],
    [4, 'CHECKSTOPPED'],
    [6, 'INVALID_ADDRESS'],
    [7, 'OTHERWISE_CHANGED'],
    [0x0b, 'response code 11'],
    [0x10, 'Q_FULL/NO_PENDING_REPLY'],
    [0x11, 'INDEX_TOO_BIG'],
    [0x13, 'NO_FIRST_PART'],
    [0x15, 'MESSAGE_TOO_BIG'],
    [0x16, 'REQ_FAC_NOT_INST'],
    [0x42, 'response code 66'],
  ])('last_err_rc of a queue that failed with %i is %s', (rc, text) => {
    let failing = false;
    const wrap = (real: Machine['bus']['instructions']) =>
      Object.assign(Object.create(real) as typeof real, {
        rapq: (...[task, apqn]: Parameters<typeof real.rapq>) => (failing && apqn === APQN ? bareStatus(rc) : real.rapq(task, apqn)),
      });
    return onMachine(kind, { ...DEBUG, wrap }, async (m, task) => {
      expect(await m.read(task, `${QUEUE}/last_err_rc`)).toBe('NORMAL\n');
      failing = true;
      await m.write(task, `${QUEUE}/reset`, '1');
      expect(await m.read(task, `${QUEUE}/last_err_rc`)).toBe(`${text}\n`);
      expect(await m.read(task, `${QUEUE}/states`)).toBe('ERROR [RESET_START]\n');
    });
  });

  test('a queue counts on under its next driver of the host, and its card never forgets', () =>
    onMachine(kind, { slowTimers: true }, async (m, task) => {
      const counts = async (): Promise<unknown[]> => [
        await m.read(task, `${QUEUE}/request_count`),
        await m.read(task, `${CARD}/request_count`),
      ];
      await until(m, task, 'IDLE');
      await send(m, task, 3);
      await m.write(task, `${DRIVERS}/cex4queue/unbind`, '03.0006');
      expect(await counts()).toEqual(['-\n', '3\n']);
      await m.write(task, `${DRIVERS}/cex4queue/bind`, '03.0006');
      expect(await counts()).toEqual(['3\n', '3\n']);
      await send(m, task, 2);
      expect(await counts()).toEqual(['5\n', '5\n']);
      expect(await m.write(task, `${QUEUE}/request_count`, 'none')).toBe(4);
      expect(await counts()).toEqual(['0\n', '5\n']);
      await send(m, task, 1);
      expect(await counts()).toEqual(['1\n', '6\n']);
      expect(await m.write(task, `${CARD}/request_count`, 'none')).toBe(4);
      expect(await counts()).toEqual(['0\n', '0\n']);
      // The card forgets what the active queues have done; what an unbound one has done comes back with it.
      await send(m, task, 2);
      await m.write(task, `${DRIVERS}/cex4queue/unbind`, '03.0006');
      await m.write(task, `${CARD}/request_count`, '0');
      await m.write(task, `${DRIVERS}/cex4queue/bind`, '03.0006');
      expect(await counts()).toEqual(['2\n', '0\n']);
    }));
});

test('a build that is for users shows no states', () =>
  onMachine('live', {}, async ({ read }, task) => {
    for (const name of ['states', 'last_err_rc']) expect(await read(task, `${QUEUE}/${name}`)).toBe(ENOENT);
  }));

test('a queue of another driver is not initiated: no counter, nothing to reset', () =>
  onMachine('live', { parts: { debug: true } }, async (m, task) => {
    await m.write(task, '/sys/bus/ap/apmask', '-3');
    const texts: (string | number)[] = [];
    for (const name of ['request_count', 'requestq_count', 'pendingq_count', 'states', 'last_err_rc', 'reset'])
      texts.push(await m.read(task, `${QUEUE}/${name}`));
    expect(texts).toEqual(['-\n', '0\n', '0\n', 'UNINITIATED\n', 'NORMAL\n', 'No Reset Timer set.\n']);
    expect(await m.write(task, `${QUEUE}/reset`, '1')).toBe(1);
    expect(await m.read(task, `${QUEUE}/ap_functions`)).toBe('0x92000000\n');
    m.hardware.unplug(3);
    expect(await m.read(task, `${QUEUE}/ap_functions`)).toBe('0x00000000\n');
  }));

test.each([
  ['/sys/bus/ap/uevent', '/bus/ap', 'bus'],
  [`${DRIVERS}/vfio_ap/uevent`, '/bus/ap/drivers/vfio_ap', 'drivers'],
])('a write to %s is a uevent of that, once more', (path, devpath, subsystem) =>
  onMachine('live', {}, async (m, task) => {
    m.uevents();
    expect(await m.write(task, path, 'add\n')).toBe(4);
    expect(m.uevents()).toEqual([{ action: 'add', path: devpath, env: { SUBSYSTEM: subsystem } }]);
    for (const bad of ['added', '\n', 'ADD']) expect(await m.write(task, path, bad)).toBe(EINVAL);
    expect(m.sysfs.stat(path)).toEqual({ kind: 'attribute', mode: 0o200 });
    expect(m.uevents()).toEqual([]);
  }),
);

test('drivers_autoprobe leaves new queues to drivers_probe', () =>
  onMachine('live', { vfioAp: false }, async (m, task) => {
    expect(await m.write(task, '/sys/bus/ap/drivers_autoprobe', '0')).toBe(1);
    const { type } = m.hardware.adapter(5)!;
    m.hardware.plug({ id: 6, type });
    await m.bus.forceRescan(task);
    expect(await m.read(task, '/sys/bus/ap/bindings')).toBe('6/8\n');
    expect(await m.write(task, '/sys/bus/ap/drivers_probe', 'card06\n')).toBe(7);
    expect(await m.write(task, '/sys/bus/ap/drivers_probe', '06.0006')).toBe(7);
    expect(await m.read(task, '/sys/bus/ap/bindings')).toBe('7/8\n');
    expect(await m.write(task, '/sys/bus/ap/drivers_autoprobe', '1')).toBe(1);
  }));
