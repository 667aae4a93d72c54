/**
 * Goal: a host stays up until it is stopped, does what it is told, shows its state, and ends with the report of a run. Method: small hosts on
 * the live runtime; a design that deadlocks.
 */
import { describe, expect, test } from 'vitest';
import { LockClass } from '../../src/locks/lock-class.ts';
import { BootError } from '../../src/machine/machine.ts';
import { judge } from '../../src/report/verdict.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { LiveHost } from '../../src/session/live-host.ts';
import { endSessionsAfterEach, liveHost, smallScenario, UUID } from '../helpers/sessions.ts';

endSessionsAfterEach();

test('it stays up when its work is done, and its end is clean', async () => {
  const host = await liveHost();
  await host.event('write /sys/devices/vfio_ap/matrix/m1/assign_adapter 5');
  expect(host.status()).toMatchObject({
    guests: [{ name: 'guest1', mdev: 'm1', attached: true }],
    mdevs: [
      { name: 'm1', uuid: UUID, guest: 'guest1', matrix: { queues: ['05.0004'] }, guestMatrix: { adapters: [5], domains: [4] } },
      { name: 'm2', guest: null, matrix: { adapters: [], domains: [], queues: [] } },
    ],
    queues: [
      { queue: '05.0004', driver: 'vfio_ap', owner: 'guest1' },
      { queue: '05.00ab', driver: 'vfio_ap', owner: 'unassigned' },
      { queue: '06.0004', driver: 'vfio_ap', owner: 'unassigned' },
      { queue: '06.00ab', driver: 'vfio_ap', owner: 'unassigned' },
    ],
    findings: [],
  });
  host.stop();
  const report = await host.ended;
  expect(report).toMatchObject({ command: 'mount', ok: true, outcome: 'stopped', quiescence: { clean: true }, findings: [] });
  expect(judge(report, []).passed).toBe(true);
});

test('guests work while it is up, and an endless workload ends with it', async () => {
  const scenario = loadScenario(
    `host: { adapters: [{ id: 5, type: CEX8C }], domains: [4], apmask: "-5", serviceScale: 0 }
mdevs: [{ name: m1, adapters: [5], domains: [4] }]
guests: [{ name: guest1, mdev: m1, workload: { rsa: { operations: 3, bits: [1024] } } }]
events: [{ at: 100%, task: admin, read: /sys/bus/ap/apmask, expect: ok }]`,
    'work.yaml',
  );
  let operations = 0;
  let enough: () => void = () => undefined;
  const worked = new Promise<void>((resolve) => (enough = resolve));
  const host = await liveHost(scenario, {
    endless: true,
    onEvent: ({ kind }) => {
      if (kind === 'scenario.event' && ++operations === 1) enough();
    },
  });
  // The event begins when the whole workload of the file would be done.
  await worked;
  host.stop();
  const report = await host.ended;
  expect(report.ok).toBe(true);
  expect(report.guests[0]!.operations).toBeGreaterThanOrEqual(3);
  expect(report.guests[0]!.expected).toBe(report.guests[0]!.operations);
});

describe('an event', () => {
  test('answers what a read has read, and the errno of a refusal', async () => {
    const host = await liveHost();
    await host.event('write /sys/devices/vfio_ap/matrix/m1/assign_adapter 5');
    expect(await host.event('read /sys/devices/vfio_ap/matrix/m1/matrix')).toMatchObject({ result: 'ok', ok: true, text: '05.0004\n' });
    await host.event('write /sys/devices/vfio_ap/matrix/m2/assign_domain 4');
    const refused = await host.event('write /sys/devices/vfio_ap/matrix/m2/assign_adapter 5');
    expect(refused).toMatchObject({ result: 'EADDRINUSE', expected: null, ok: true });
    expect(await host.event('read /sys/no/such/file')).toMatchObject({ result: 'ENOENT' });
  });

  test('that ends otherwise than expected is a finding, as in a scenario', async () => {
    const found: string[] = [];
    const host = await liveHost(smallScenario(), { onFinding: ({ title }) => void found.push(title) });
    expect(await host.event('unbind 05.0004 expect=EBUSY')).toMatchObject({ result: 'ok', ok: false });
    expect(found).toEqual([expect.stringContaining('unbind 05.0004: expected EBUSY, got ok')]);
    host.stop();
    const report = await host.ended;
    expect(judge(report, []).passed).toBe(false);
    expect(report.events).toHaveLength(1);
  });

  test('that is none changes nothing', async () => {
    const host = await liveHost();
    await expect(async () => host.event('unbindd 05.0004')).rejects.toThrow(/did you mean "unbind"/);
    host.stop();
    expect((await host.ended).events).toEqual([]);
  });
});

test('of tasks that wait for each other the status says who waits for what, the host stays up, and the end is reported as stuck', async () => {
  const host = await liveHost();
  const { layer, machine } = host;
  const other = layer.mutex(new LockClass('other mutex'), 'other mutex');
  const { attrMutex } = machine.bus;
  let hold: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (hold = resolve));
  layer.rt.spawn('mdevctl[4711]', async (task) => {
    using _outer = await attrMutex.acquire(task);
    await held;
    using _inner = await other.acquire(task);
  });
  const deadlocked = new Promise<void>((resolve) => {
    layer.findings.onFinding(({ kind }) => {
      if (kind === 'deadlock') resolve();
    });
  });
  layer.rt.spawn('chzdev[4712]', async (task) => {
    using _outer = await other.acquire(task);
    hold();
    using _inner = await attrMutex.acquire(task);
  });
  await deadlocked;
  const stuck = host.event('write /sys/bus/ap/aqmask -4');
  // It still answers; when it has, the write has come to its lock.
  expect(await host.event('read /sys/bus/ap/config_time')).toMatchObject({ result: 'ok' });
  const { tasks, findings, foreground } = host.status();
  expect(findings.map(({ kind }) => kind)).toContain('deadlock');
  expect(Object.fromEntries(tasks.map(({ task, waitsFor, behind }) => [task, { waitsFor, behind }]))).toEqual({
    'mdevctl[4711]': { waitsFor: 'other mutex', behind: ['chzdev[4712]'] },
    'chzdev[4712]': { waitsFor: 'ap_attr_mutex', behind: ['mdevctl[4711]'] },
    event1: { waitsFor: 'ap_attr_mutex', behind: ['mdevctl[4711]'] },
  });
  expect(foreground).toContain('event1');
  host.stop();
  const report = await host.ended;
  expect(report).toMatchObject({ outcome: 'stuck', ok: false, quiescence: null });
  expect(await Promise.race([stuck, 'blocked'])).toBe('blocked');
});

test('a host that cannot be brought up says so at once', async () => {
  const scenario = smallScenario();
  const broken = { ...scenario, host: { ...scenario.host, apmask: '0xnonsense' } };
  const host = new LiveHost({ scenario: broken, design: 'guests-lock', seed: 1, mode: 'mount', logger: { level: 'silent' } });
  await expect(host.ready()).rejects.toThrow(BootError);
  await expect(host.ended).rejects.toThrow(BootError);
});

test('the scan timer of the bus runs, and does not keep the host from resting', async () => {
  const host = await liveHost();
  expect(await host.event('write /sys/bus/ap/config_time 5')).toMatchObject({ result: 'ok' });
  host.stop();
  expect((await host.ended).quiescence?.clean).toBe(true);
});
