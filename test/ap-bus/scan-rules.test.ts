/**
 * Goal: each scan makes one change of a queue, the first that applies; cards follow the first queue that answers; callbacks, completions
 * and results come in their order, and in the kernels that have them.
 * Method: hardware that is changed between scans, or whose answers are put in between; files, states and uevents compared.
 */
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { EINTR, EOPNOTSUPP, ETIME, OK } from '../../src/base/errno.ts';
import { KERNELS } from '../../src/base/kernel-profile.ts';
import type { TapqInfo } from '../../src/crypto-adapters/ap-instructions.ts';
import { bareStatus } from '../../src/crypto-adapters/ap-status.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import type { Task } from '../../src/runtime/task.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import { M1, RUNTIMES, driverOf, onMachine, typeOf, type Machine, type MachineOptions } from './machine.ts';

const CARD = '/sys/devices/ap/card03';
const QUEUE = `${CARD}/03.0006`;
const TEST_GATE = new LockClass('test gate');

/** What TAPQ answers for some queues. */
type Said = Map<number, { rc: number; asyncError?: boolean; info?: TapqInfo | null }>;

const saying = (said: Said): Pick<MachineOptions, 'wrap'> => ({
  wrap: (real) =>
    Object.assign(Object.create(real) as typeof real, {
      tapq: async (task: Task, apqn: number) => {
        const answer = await real.tapq(task, apqn);
        const instead = said.get(apqn);
        if (instead === undefined) return answer;
        const { rc, asyncError = false, info = answer.info } = instead;
        return { status: { ...bareStatus(rc), asyncError }, info };
      },
    }),
});

const tail = (path: string): string => path.split('/').at(-1)!;

/** CONFIG= of uevents, with the device. */
const changes = (m: Machine): string[] =>
  m.uevents().flatMap(({ path, env }) => (typeof env['CONFIG'] === 'string' ? [`${tail(path)} ${env['CONFIG']}`] : []));

const state = (m: Machine): unknown[] => {
  const it = m.bus.findQueue(0x0306)!;
  return [it.chkstop, it.config, it.queue!.deviceState, it.queue!.lastErrRc];
};

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('a checkstop comes and goes without a uevent, with an error in between', () =>
    onMachine(kind, {}, async (m, task) => {
      m.uevents();
      m.hardware.checkstop(3, true);
      await m.bus.forceRescan(task);
      expect(state(m)).toEqual([true, true, 'ERROR', Rc.CHECKSTOPPED]);
      m.hardware.checkstop(3, false);
      await m.bus.forceRescan(task);
      expect(state(m)).toEqual([false, true, 'OPERATING', Rc.NORMAL]);
      expect(m.uevents()).toEqual([]);
    }));

  test('a queue that is checkstopped for longer is begun anew at the next scan, and hears of nothing', () =>
    onMachine(kind, {}, async (m, task) => {
      m.hardware.checkstop(3, true);
      await m.bus.forceRescan(task);
      await m.bus.forceRescan(task);
      expect(state(m)).toEqual([true, true, 'OPERATING', Rc.NORMAL]);
      expect(m.bus.findQueue(0x0306)!.queue!.smState).toBe('RESET_START');
    }));

  test('from deconfigured to checkstopped the checkstop comes first, the configuration a scan later', () =>
    onMachine(kind, {}, async (m, task) => {
      m.hardware.configure(3, false);
      await m.bus.forceRescan(task);
      expect(changes(m).slice(-3)).toEqual(['card03 0', '03.0006 0', '03.000d 0']);
      m.hardware.configure(3, true);
      m.hardware.checkstop(3, true);
      await m.bus.forceRescan(task);
      // The card may change in both at once.
      expect([changes(m), m.bus.findCard(3)!.config, m.bus.findCard(3)!.chkstop]).toEqual([['card03 1'], true, true]);
      expect(state(m).slice(0, 3)).toEqual([true, false, 'ERROR']);
      await m.bus.forceRescan(task);
      expect([changes(m), state(m).slice(0, 2)]).toEqual([
        ['03.0006 1', '03.000d 1'],
        [true, true],
      ]);
    }));

  test('a queue that is broken for itself heals at the next scan', () => {
    const said: Said = new Map();
    return onMachine(kind, saying(said), async (m, task) => {
      const { queue } = m.bus.findQueue(0x0306)!;
      while (queue!.smState !== 'IDLE') await m.rt.sleep(task, 5);
      // The reset that is asked for finds a response code that it knows nothing to do about.
      said.set(0x0306, { rc: 0x0b });
      await m.write(task, `${QUEUE}/reset`, '1');
      while (queue!.deviceState !== 'ERROR') await m.rt.sleep(task, 5);
      expect(queue!.lastErrRc).toBe(0x0b);
      said.clear();
      m.uevents();
      expect(await m.bus.forceRescan(task)).toBe(false);
      expect([queue!.deviceState, queue!.lastErrRc, m.uevents()]).toEqual(['OPERATING', Rc.NORMAL, []]);
    });
  });

  test('what answers nothing is left as it is, and what is described in spite of an error is taken', () => {
    const blank: TapqInfo = { functions: 0, type: 0, domains: 0, ml: 0, depth: 0 };
    const said: Said = new Map([
      [0x0306, { rc: 0x42, asyncError: true }],
      [0x030d, { rc: 0, info: blank }],
    ]);
    return onMachine(kind, saying(said), async (m, task) => {
      expect([m.sysfs.exists(QUEUE), m.sysfs.exists(`${CARD}/03.000d`)]).toEqual([true, false]);
      said.set(0x0306, { rc: 0, info: blank });
      await m.bus.forceRescan(task);
      // No domain describes the card any more.
      expect(m.sysfs.exists(CARD)).toBe(false);
      said.delete(0x030d);
      await m.bus.forceRescan(task);
      expect([m.sysfs.exists(QUEUE), m.sysfs.exists(`${CARD}/03.000d`)]).toEqual([false, true]);
      said.set(0x030d, { rc: 0, info: { ...blank, functions: 0x92000000 } });
      await m.bus.forceRescan(task);
      expect(m.sysfs.exists(CARD)).toBe(false);
    });
  });

  test('a queue that is silent for one scan keeps its device and its requests', () => {
    const said: Said = new Map();
    return onMachine(kind, saying(said), async (m, task) => {
      const before = m.bus.findQueue(0x030d);
      said.set(0x030d, { rc: 0, info: { functions: 0, type: 0, domains: 0, ml: 0, depth: 0 } });
      await m.bus.forceRescan(task);
      expect(m.bus.findQueue(0x030d)).toBe(before);
    });
  });

  test('a card with other functions is another card, one with another bind state or depth is not', () => {
    const info = { functions: 0x92000000, type: 14, domains: 84, ml: 0, depth: 7 };
    const said: Said = new Map([[0x0306, { rc: 0, info }]]);
    return onMachine(kind, saying(said), async (m, task) => {
      const card = m.bus.findCard(3);
      said.set(0x0306, { rc: 0, info: { ...info, functions: 0x9200c000, depth: 3 } });
      await m.bus.forceRescan(task);
      expect(m.bus.findCard(3)).toBe(card);
      said.set(0x0306, { rc: 0, info: { ...info, functions: 0x92800000 } });
      await m.bus.forceRescan(task);
      expect(m.bus.findCard(3)).not.toBe(card);
      expect(await m.read(task, `${CARD}/ap_functions`)).toBe('0x92800000\n');
    });
  });

  test('a queue that is found deconfigured is not initiated until it is configured', () =>
    onMachine(kind, { scan: false, vfioAp: false }, async (m, task) => {
      m.hardware.configure(4, false);
      await m.bus.scan(task);
      expect(await m.read(task, '/sys/devices/ap/card04/04.0006/config')).toBe('0\n');
      expect(await m.read(task, '/sys/devices/ap/card04/config')).toBe('0\n');
      expect(driverOf(m, '04.0006')).toBe('cex4queue');
      m.hardware.configure(4, true);
      await m.bus.forceRescan(task);
      const { queue } = m.bus.findQueue(0x0406)!;
      while (queue!.smState !== 'IDLE') await m.rt.sleep(task, 5);
      expect(queue!.deviceState).toBe('OPERATING');
    }));

  test('whoever waits for the bindings goes on when they are complete, or is told that they are not', () =>
    onMachine(kind, { vfioAp: false }, async (m, task) => {
      expect(await m.bus.bindings.waitComplete(task, 10)).toBe(OK);
      await m.write(task, '/sys/bus/ap/aqmask', '-13');
      // A queue that nobody has does not spoil what is complete, one that somebody gets does; nobody got one.
      expect(await m.bus.bindings.waitComplete(task, 10)).toBe(OK);
      await m.write(task, '/sys/bus/ap/drivers/cex4queue/unbind', '03.0006');
      await m.write(task, '/sys/bus/ap/drivers/cex4queue/bind', '03.0006');
      expect(await m.bus.bindings.waitComplete(task, 10)).toBe(ETIME);
      const results: number[] = [];
      const waiting = [0, 1].map((n) => m.rt.spawn(`waiter ${n}`, async (t) => void results.push(await m.bus.bindings.waitComplete(t))));
      for (const waiter of waiting) while (waiter.op?.opName !== 'sleep-on' && waiter.blockedOn === null) await m.rt.sleep(task, 1);
      m.layer.interrupt(task, waiting[0]!);
      await m.rt.join(task, waiting[0]!);
      expect(results).toEqual([EINTR]);
      await m.bus.registerDriver(task, m.vfio);
      await m.rt.join(task, waiting[1]!);
      expect(results).toEqual([EINTR, OK]);
    }));

  test('new adapters and domains make the bindings incomplete, lost ones and control domains do not', () =>
    onMachine(kind, {}, async (m, task) => {
      const count = (): number => m.bus.bindings.completeCount;
      m.hardware.unplug(5);
      await m.bus.forceRescan(task);
      m.hardware.setControlDomains(ApMask.of(1));
      await m.bus.forceRescan(task);
      expect(count()).toBe(1);
      m.hardware.setUsageDomains(ApMask.of(6, 13, 20));
      await m.bus.forceRescan(task);
      expect(count()).toBe(2);
      // An adapter without a device of a driver is one, too: nothing is bound anew.
      m.hardware.plug({ id: 9, type: { ...typeOf('CEX8C'), rawType: 9 } });
      await m.bus.forceRescan(task);
      expect([count(), m.bus.findCard(9)]).toEqual([3, null]);
    }));

  test('a signal ends the wait for a running scan, whose result is then not known', () =>
    onMachine(kind, {}, async (m, task) => {
      const gate = m.layer.waitQueue(m.layer.map(TEST_GATE, 'gate'));
      let [inside, open] = [false, false];
      m.vfio.onConfigChanged = async (t) => {
        inside = true;
        gate.wakeAll(t);
        await gate.wait(t, () => open);
      };
      m.hardware.unplug(5);
      const results: boolean[] = [];
      const scanner = m.rt.spawn('scanner', async (t) => void results.push(await m.bus.forceRescan(t)));
      await gate.wait(task, () => inside);
      const waiter = m.rt.spawn('waiter', async (t) => void results.push(await m.bus.forceRescan(t)));
      const { mutex } = m.bus.busScan;
      while (waiter.op !== mutex && waiter.blockedOn !== mutex) await m.rt.sleep(task, 1);
      m.layer.interrupt(task, waiter);
      await m.rt.join(task, waiter);
      expect(results).toEqual([false]);
      open = true;
      gate.wakeAll(task);
      await m.rt.join(task, scanner);
      expect([results, m.bus.busScan.count]).toEqual([[false, true], 2]);
    }));

  test('a default domain that was chosen stays, whatever becomes of it', () =>
    onMachine(kind, {}, async (m, task) => {
      expect(await m.read(task, '/sys/bus/ap/ap_domain')).toBe('6\n');
      m.hardware.setUsageDomains(ApMask.of(13));
      await m.bus.forceRescan(task);
      expect(await m.read(task, '/sys/bus/ap/ap_domain')).toBe('6\n');
      expect(m.log.some((line) => line.includes('no queue in the default domain'))).toBe(true);
    }));

  test('where no domain answers none is chosen, until a later scan finds one', () =>
    onMachine(kind, { hardware: { adapters: [] } }, async (m, task) => {
      expect(await m.read(task, '/sys/bus/ap/ap_domain')).toBe('-1\n');
      m.hardware.plug(M1.adapters[0]!);
      await m.bus.forceRescan(task);
      expect(await m.read(task, '/sys/bus/ap/ap_domain')).toBe('6\n');
    }));
});

test('a machine without an SCLP cannot configure, but a write of what is there succeeds and says so', () =>
  onMachine('live', { parts: { sclp: null } }, async (m, task) => {
    m.uevents();
    expect(await m.write(task, `${CARD}/config`, '0')).toBe(EOPNOTSUPP);
    expect([await m.read(task, `${CARD}/config`), changes(m)]).toEqual(['1\n', []]);
    expect(await m.write(task, `${CARD}/config`, '1 and more')).toBe(10);
    expect(changes(m)).toEqual(['card03 1']);
  }));

describe('kernels', () => {
  const under = (name: 'current' | '6.0' | '5.15', body: (m: Machine, task: Task) => Promise<void>): Promise<void> =>
    onMachine('live', { parts: { kernel: KERNELS[name] }, hardware: { adapters: [{ id: 3, type: { ...typeOf('CEX8C'), ml: 2 } }] } }, body);

  test.each([
    ['current', '8\n', '12288\n'],
    ['6.0', '7\n', '8192\n'],
    ['5.15', '7\n', '8192\n'],
  ] as const)('%s: depth and the limit of messages', (name, depth, limit) =>
    under(name, async ({ read, bus }, task) => {
      expect([await read(task, `${CARD}/depth`), await read(task, `${CARD}/max_msg_size`)]).toEqual([depth, limit]);
      expect(bus.findCard(3)!.depth).toBe(8);
    }),
  );

  test.each([
    ['current', true, ['config changed', 'scan complete'], 1, ['APMASK']],
    ['6.0', false, ['config changed', 'scan complete'], 1, ['APMASK']],
    ['5.15', false, [], 0, []],
  ] as const)('%s: result of a forced scan, callbacks, uevents of masks', (name, result, calls, asked, uevents) =>
    under(name, async (m, task) => {
      m.hardware.setControlDomains(ApMask.of(1));
      expect(await m.bus.forceRescan(task)).toBe(result);
      expect(m.vfio.calls).toEqual(calls);
      await m.write(task, '/sys/bus/ap/apmask', '-9');
      m.uevents();
      expect(await m.write(task, '/sys/bus/ap/apmask', '+9')).toBe(2);
      expect(m.vfio.asked).toHaveLength(asked);
      expect(m.uevents().flatMap(({ env }) => Object.keys(env).filter((key) => key.endsWith('MASK')))).toEqual(uevents);
    }),
  );
});
