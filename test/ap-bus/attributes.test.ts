/**
 * Goal: each file of the bus, of a card and of a queue shows what the machine and the driver have, those without a case of their own too.
 * Method: the texts are read through sysfs while hardware and requests are brought into the states that make them differ.
 */
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { EIO, OK } from '../../src/base/errno.ts';
import { ApMessage } from '../../src/ap-driver/ap-message.ts';
import { bareStatus } from '../../src/crypto-adapters/ap-status.ts';
import { QciFlag } from '../../src/crypto-adapters/qci.ts';
import type { Task } from '../../src/runtime/task.ts';
import { RUNTIMES, onMachine, type Machine } from './machine.ts';

const BUS = '/sys/bus/ap';
const CARD = '/sys/devices/ap/card03';
const QUEUE = `${CARD}/03.0006`;
const APQN = 0x0306;

const texts = async (m: Machine, task: Task, paths: readonly string[]): Promise<(string | number)[]> => {
  const shown: (string | number)[] = [];
  for (const path of paths) shown.push(await m.read(task, path));
  return shown;
};

/** Response codes of TAPQ for the one queue, while `codes` has some left. */
const answers = (codes: number[]) => ({
  wrap: (real: Machine['bus']['instructions']) =>
    Object.assign(Object.create(real) as typeof real, {
      tapq: (...[task, apqn]: Parameters<typeof real.tapq>) => {
        const rc = apqn === APQN ? codes.shift() : undefined;
        return rc === undefined ? real.tapq(task, apqn) : Promise.resolve({ status: bareStatus(rc), info: null });
      },
    }),
});

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  const MASKS = ['ap_adapter_mask', 'ap_usage_domain_mask', 'ap_control_domain_mask'].map((name) => `${BUS}/${name}`);
  const LIMITS = ['ap_max_adapter_id', 'ap_max_domain_id'].map((name) => `${BUS}/${name}`);

  test('the bus shows what QCI says of adapters, domains and highest ids, and follows it with the next scan', () =>
    onMachine(kind, {}, async (m, task) => {
      const masks = (...of: string[]): string[] => of.map((digits) => `0x${digits.padEnd(64, '0')}\n`);
      expect(await texts(m, task, MASKS)).toEqual(masks('1c', '0204', '0a04'));
      expect(await texts(m, task, LIMITS)).toEqual(['255\n', '84\n']);
      m.hardware.unplug(5);
      m.hardware.setUsageDomains(ApMask.of(6));
      expect(await texts(m, task, MASKS)).toEqual(masks('1c', '0204', '0a04'));
      await m.bus.scan(task);
      expect(await texts(m, task, MASKS)).toEqual(masks('18', '02', '0a04'));
    }));

  test('without QCI no mask is supported, and there are 64 adapters and 16 domains', () =>
    onMachine(kind, { hardware: { facilities: { qci: false } } }, async (m, task) => {
      expect(new Set(await texts(m, task, MASKS))).toEqual(new Set(['not supported\n']));
      expect(await texts(m, task, LIMITS)).toEqual(['63\n', '15\n']);
    }));

  test.each([
    [
      'all of them, in the order of the kernel',
      QciFlag.APSB | QciFlag.RC8A | QciFlag.QACT | QciFlag.APXA | QciFlag.APSC,
      'APSC APXA QACT RC8A APSB\n',
    ],
    ['some', QciFlag.APSB | QciFlag.APXA, 'APXA APSB\n'],
    ['none that has a name: the read ends at once', 0x01000000, ''],
    ['none at all, as a machine without QCI', 0, '-\n'],
  ])('features of the bus: %s', (_which, flags, text) =>
    onMachine(kind, { scan: false }, async (m, task) => {
      const real = m.hardware.currentQci();
      m.hardware.currentQci = () => ({ ...real, flags: flags >>> 0 });
      await m.bus.scan(task);
      expect(await m.read(task, `${BUS}/features`)).toBe(text);
    }),
  );

  test('scans counts the scans that have ended, and any text asks for one more, but not for the first', () =>
    onMachine(kind, { scan: false }, async (m, task) => {
      expect(await m.read(task, `${BUS}/scans`)).toBe('0\n');
      expect(await m.write(task, `${BUS}/scans`, 'now, please\n')).toBe(12);
      expect([await m.read(task, `${BUS}/scans`), m.sysfs.exists(QUEUE)]).toEqual(['0\n', false]);
      await m.bus.scan(task);
      m.hardware.unplug(3);
      expect(await m.write(task, `${BUS}/scans`, 'now, please\n')).toBe(12);
      expect([await m.read(task, `${BUS}/scans`), m.sysfs.exists(QUEUE)]).toEqual(['2\n', false]);
    }));

  test('a card and its queues are shown as configured and checkstopped when a scan has seen it', () =>
    onMachine(kind, {}, async (m, task) => {
      const state = [CARD, QUEUE].flatMap((of) => [`${of}/config`, `${of}/chkstop`]);
      expect(await texts(m, task, state)).toEqual(['1\n', '0\n', '1\n', '0\n']);
      m.hardware.checkstop(3, true);
      expect(await texts(m, task, state)).toEqual(['1\n', '0\n', '1\n', '0\n']);
      await m.bus.scan(task);
      expect(await texts(m, task, state)).toEqual(['1\n', '1\n', '1\n', '1\n']);
      m.hardware.checkstop(3, false);
      await m.bus.scan(task);
      m.hardware.configure(3, false);
      await m.bus.scan(task);
      expect(await texts(m, task, state)).toEqual(['0\n', '0\n', '0\n', '0\n']);
    }));

  test('the functions of a queue are asked for each time: codes up to 05 have them, any other is -EIO', () => {
    const codes: number[] = [];
    return onMachine(kind, { ...answers(codes) }, async (m, task) => {
      const path = `${QUEUE}/ap_functions`;
      expect(await m.read(task, path)).toBe('0x92000000\n');
      for (const rc of [6, 7, 0x0a, 0x42]) {
        codes.push(rc);
        expect([rc, await m.read(task, path)]).toEqual([rc, EIO]);
      }
      m.hardware.configure(3, false);
      expect(await m.read(task, path)).toBe('0x92000000\n');
    });
  });
});

test('requests that wait and requests that were sent are counted for the queue, and for its card over all queues', () =>
  onMachine('live', { hardware: { service: () => 1e4 } }, async (m, task) => {
    for (const apqn of [APQN, 0x030d]) while (m.bus.findQueue(apqn)!.queue!.smState !== 'IDLE') await m.rt.sleep(task, 1);
    const counters = ['requestq_count', 'pendingq_count', 'request_count'];
    const shown = async (): Promise<(string | number)[]> =>
      await texts(
        m,
        task,
        [QUEUE, CARD].flatMap((of) => counters.map((name) => `${of}/${name}`)),
      );
    expect(await shown()).toEqual(['0\n', '0\n', '0\n', '0\n', '0\n', '0\n']);
    for (const [apqn, messages] of [
      [APQN, 10],
      [0x030d, 1],
    ] as const)
      for (let i = 0; i < messages; i++) {
        const message = new ApMessage(BigInt(i + 1), new Uint8Array(400), 4096, () => undefined);
        expect(await m.bus.findQueue(apqn)!.queue!.queueMessage(task, message)).toBe(OK);
      }
    // A card has room for eight a queue.
    const sent = (apqn: number): number => m.bus.findQueue(apqn)!.queue!.pendingqCount;
    while (sent(APQN) < 8 || sent(0x030d) < 1) await m.rt.sleep(task, 1);
    expect(await shown()).toEqual(['2\n', '8\n', '10\n', '2\n', '9\n', '11\n']);
  }));

test('a queue whose interrupts are on their way says so', () => {
  let delivered = false;
  const wrap = (real: Machine['bus']['instructions']) =>
    Object.assign(Object.create(real) as typeof real, {
      tapq: async (...[task, apqn]: Parameters<typeof real.tapq>) => {
        const { status, info } = await real.tapq(task, apqn);
        return { status: { ...status, irqEnabled: status.irqEnabled && delivered }, info };
      },
    });
  return onMachine('live', { wrap }, async (m, task) => {
    const state = (): string => m.bus.findQueue(APQN)!.queue!.smState;
    while (state() !== 'SETIRQ_WAIT') await m.rt.sleep(task, 1);
    expect(await m.read(task, `${QUEUE}/interrupt`)).toBe('Enable Interrupt pending.\n');
    delivered = true;
    while (state() !== 'IDLE') await m.rt.sleep(task, 1);
    expect(await m.read(task, `${QUEUE}/interrupt`)).toBe('Interrupts enabled.\n');
  });
});
