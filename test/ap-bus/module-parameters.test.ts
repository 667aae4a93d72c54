/**
 * Goal: what is given at boot takes effect and can be read, and text that is wrong leaves the host without what it names.
 * Method: buses built with parameters, their files read through sysfs.
 */
import { expect, test } from 'vitest';
import { EACCES } from '../../src/base/errno.ts';
import type { ApParameters } from '../../src/ap-bus/module-parameters.ts';
import type { Task } from '../../src/runtime/task.ts';
import { RUNTIMES, driverOf, onMachine, type Machine } from './machine.ts';

const PARAMETERS = '/sys/module/ap/parameters';
const NAMES = ['domain', 'poll_thread', 'apmask', 'aqmask', 'useirq', 'msgpool_min_items'] as const;

const onBus = (parameters: ApParameters, body: (m: Machine, task: Task) => Promise<void>): Promise<void> =>
  onMachine('live', { parts: { parameters } }, body);

async function shown(m: Machine, task: Task): Promise<(string | number)[]> {
  const texts: (string | number)[] = [];
  for (const name of NAMES) texts.push(await m.read(task, `${PARAMETERS}/${name}`));
  return texts;
}

test('without parameters there are the defaults, which nobody can change', () =>
  onBus({}, async (m, task) => {
    // The domain is the one that the first scan has chosen: parameter and attribute are one variable.
    expect(await shown(m, task)).toEqual(['6\n', '0\n', '(null)\n', '(null)\n', '1\n', '8\n']);
    for (const name of NAMES) expect(await m.write(task, `${PARAMETERS}/${name}`, '1')).toBe(EACCES);
    expect(m.sysfs.stat(`${PARAMETERS}/msgpool_min_items`)).toEqual({ kind: 'attribute', mode: 0o400 });
    expect(m.sysfs.stat(`${PARAMETERS}/domain`)).toEqual({ kind: 'attribute', mode: 0o444 });
  }));

test('they are shown as they were given', () =>
  onBus({ domain: 13, pollThread: 1, apmask: '+3,+4', aqmask: '0xffff', useirq: 0, msgpoolMinItems: 20 }, async (m, task) => {
    expect(await shown(m, task)).toEqual(['13\n', '1\n', '+3,+4\n', '0xffff\n', '0\n', '20\n']);
  }));

test.each([
  // Relative text adds to nothing, not to everything as a later write does.
  ['+3', `0x1${'0'.repeat(63)}`],
  ['-3', `0x${'0'.repeat(64)}`],
  ['0x18', `0x18${'0'.repeat(62)}`],
  ['rubbish', `0x${'0'.repeat(64)}`],
  ['', `0x${'0'.repeat(64)}`],
])('apmask=%s at boot', (apmask, mask) =>
  onBus({ apmask }, async (m, task) => {
    expect(await m.read(task, '/sys/bus/ap/apmask')).toBe(`${mask}\n`);
    expect(await m.read(task, '/sys/bus/ap/aqmask')).toBe(`0x${'f'.repeat(64)}\n`);
    const hosts = [...m.bus.queues()].filter(({ device }) => driverOf(m, device.name) === 'cex4queue').map(({ card }) => card.id);
    expect([...new Set(hosts)]).toEqual([3, 4, 5].filter((id) => m.bus.permissions.inspect().apm.has(id)));
  }),
);

test('masks at boot forbid a driver_override, as masks that are written later do', () =>
  onBus({ aqmask: '+6' }, async (m, task) => {
    expect(await m.write(task, '/sys/devices/ap/card03/03.0006/driver_override', 'vfio_ap')).toBe(-22);
  }));

test.each([
  ['one that aqmask does not leave to the host', { domain: 13, aqmask: '+6' }],
  ['one beyond the last', { domain: 85 }],
  ['a negative one', { domain: -2 }],
])('a domain is replaced by none, with a warning, when it is %s; the scan chooses then', (_what, parameters) =>
  onBus(parameters, async (m, task) => {
    expect(m.log.filter((line) => line.includes('no domain of the host'))).toHaveLength(1);
    expect(await m.read(task, '/sys/bus/ap/ap_domain')).toBe('6\n');
  }),
);

test('a domain that is the host by aqmask is kept, also where the machine has no such domain', () =>
  onBus({ domain: 84 }, async (m, task) => {
    expect(await m.read(task, '/sys/bus/ap/ap_domain')).toBe('84\n');
    expect(m.log.some((line) => line.includes('no queue in the default domain'))).toBe(true);
  }));

test.each(RUNTIMES)('useirq=0 polls although there are interrupts (%s runtime)', (kind) =>
  onMachine(kind, { parts: { parameters: { useirq: 0, pollThread: 1 } } }, async (m, task) => {
    expect(await m.read(task, '/sys/bus/ap/ap_interrupts')).toBe('0\n');
    expect(await m.read(task, '/sys/bus/ap/poll_thread')).toBe('1\n');
    while (m.bus.findQueue(0x0306)!.queue!.smState !== 'IDLE') await m.rt.sleep(task, 5);
    expect(await m.read(task, '/sys/devices/ap/card03/03.0006/interrupt')).toBe('Interrupts disabled.\n');
  }),
);

test('with interrupts the poll thread is not started at boot either', () =>
  onBus({ pollThread: 1 }, async (m, task) => {
    expect(await m.read(task, '/sys/bus/ap/poll_thread')).toBe('0\n');
  }));

test('under z/VM the bus polls as often as z/VM does', () =>
  onMachine('live', { parts: { zvm: true } }, async (m, task) => {
    expect(await m.read(task, '/sys/bus/ap/poll_timeout')).toBe('1500000\n');
  }));
