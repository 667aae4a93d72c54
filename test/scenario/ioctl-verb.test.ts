/**
 * The verbs `ioctl` and `signal`: what they do to a host, what they answer, and that they are written as they were read.
 */
import { expect, test } from 'vitest';
import { EBADF, EFAULT, EINVAL, EIO, EOPNOTSUPP, ESRCH, OK } from '../../src/base/errno.ts';
import { signalPending } from '../../src/locks/signal.ts';
import { perform } from '../../src/scenario/verb-actions.ts';
import type { IoctlArgument, IoctlVerb } from '../../src/scenario/ioctl-verb.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { ScenarioRun } from '../../src/scenario/run-scenario.ts';
import { scenarioText } from '../../src/scenario/scenario-text.ts';
import { withoutTask } from '../../src/scenario/smaller-events.ts';
import { M1, onHost } from '../helpers/host.ts';

const HOST = `
host: { adapters: [{ id: 5, type: CEX8A }], domains: [4], apmask: "-5", serviceScale: 0 }
mdevs: [{ name: m1, adapters: [5], domains: [4] }]
guests: [{ name: g, mdev: m1, workload: { instructions: [] } }]
events:
`;

test.each<[string, IoctlVerb['request'], IoctlArgument, IoctlVerb['memory'], number]>([
  ['get-info', 'get-info', {}, 'whole', OK],
  ['get-info, too small', 'get-info', { argsz: 15 }, 'whole', EINVAL],
  ['get-info, read-only', 'get-info', {}, 'read-only', EFAULT],
  ['get-info, short', 'get-info', {}, 'short', EFAULT],
  ['get-info, too small and nowhere', 'get-info', { argsz: 1 }, 'none', EFAULT],
  ['get-irq-info', 'get-irq-info', { index: 1 }, 'whole', OK],
  ['get-irq-info, third', 'get-irq-info', { index: 2 }, 'whole', EINVAL],
  ['set-irqs of its own', 'set-irqs', {}, 'whole', OK],
  ['set-irqs of its own for the other', 'set-irqs', { index: 1, fd: 'own' }, 'read-only', OK],
  ['set-irqs, not open', 'set-irqs', { fd: 99 }, 'whole', EBADF],
  ['set-irqs, no eventfd', 'set-irqs', { fd: 0 }, 'whole', EINVAL],
  ['set-irqs, no descriptor to be read', 'set-irqs', {}, 'short', EFAULT],
  ['set-irqs, no trigger', 'set-irqs', { flags: 4 }, 'short', EINVAL],
  ['set-irqs, start', 'set-irqs', { start: 1 }, 'whole', EINVAL],
  ['set-irqs, count', 'set-irqs', { count: 2 }, 'whole', EINVAL],
  ['set-irqs, index', 'set-irqs', { index: 2 }, 'whole', EINVAL],
  ['set-irqs, argsz', 'set-irqs', { argsz: 20 }, 'whole', EINVAL],
  ['reset', 'reset', {}, 'none', OK],
  ['get-info by its number, all zeroes', 0x3b6b, {}, 'whole', EINVAL],
  ['a number that there is not', 0x3b6c, {}, 'whole', EOPNOTSUPP],
])('%s', (_name, request, argument, memory, errno) =>
  onHost('controlled', {}, async (host, task) => {
    const mdev = await host.create(task, M1, { adapters: [5], domains: [4] });
    const verb: IoctlVerb = { kind: 'ioctl', guest: 'guest1', request, argument, memory };
    expect(await perform(task, host.machine, verb)).toBe(EBADF);
    await host.attach(task, 'guest1', M1);
    expect(await perform(task, host.machine, verb)).toBe(errno);
    const { requestFd, configFd } = host.vm('guest1').qemu;
    expect([mdev.reqTrigger.inspect(), mdev.cfgChgTrigger.inspect()]).toEqual([requestFd, configFd]);
    expect([requestFd.referenceCount, configFd.referenceCount]).toEqual([2, 2]);
  }),
);

test('a descriptor of -1 takes back what is registered, own registers it again, and RESET tells of a queue that is off', () =>
  onHost('controlled', {}, async (host, task) => {
    const mdev = await host.create(task, M1, { adapters: [5], domains: [4] });
    await host.attach(task, 'guest1', M1);
    const { requestFd } = host.vm('guest1').qemu;
    const set = (fd: number | 'own'): IoctlVerb => ({
      kind: 'ioctl',
      guest: 'guest1',
      request: 'set-irqs',
      argument: { fd },
      memory: 'whole',
    });
    expect([await perform(task, host.machine, set(-1)), mdev.reqTrigger.inspect(), requestFd.referenceCount]).toEqual([OK, null, 1]);
    expect([await perform(task, host.machine, set('own')), mdev.reqTrigger.inspect(), requestFd.referenceCount]).toEqual([
      OK,
      requestFd,
      2,
    ]);
    host.hardware.configure(5, false);
    const reset: IoctlVerb = { kind: 'ioctl', guest: 'guest1', request: 'reset', argument: {}, memory: 'whole' };
    expect(await perform(task, host.machine, reset)).toBe(EIO);
  }));

test('a signal reaches a task that is there, and is over with its next system call', () =>
  onHost('controlled', {}, async (host, task) => {
    const signal = { kind: 'signal', to: 'other' } as const;
    expect(await perform(task, host.machine, signal)).toBe(ESRCH);
    const other = host.rt.spawn('other', async (t) => {
      await host.rt.park(t);
      expect(signalPending(t)).toBe(true);
      await perform(t, host.machine, { kind: 'read', path: '/sys/bus/ap/apmask' });
      expect(signalPending(t)).toBe(false);
    });
    expect([await perform(task, host.machine, signal), signalPending(task)]).toEqual([OK, false]);
    host.rt.wake(other);
    await host.rt.join(task, other);
    expect(await perform(task, host.machine, signal)).toBe(ESRCH);
  }));

/** The removal may take the device first. */
const EVENTS = `  - { task: user, do: ioctl, guest: g, request: set-irqs, fd: -1 }
  - { task: user, do: ioctl, guest: g, request: set-irqs, argsz: 20, flags: 36, index: 1, start: 0, count: 0, memory: short }
  - { task: user, do: ioctl, guest: g, request: 1 }
  - { task: user, do: signal, to: admin }
  - { task: user, do: detach, guest: g }
  - { task: admin, write: [/sys/devices/vfio_ap/matrix/m1/remove, "1"], expect: ok }
`;

test('a scenario says what was done, ends clean over many schedules, and its text is read as the same again', async () => {
  const scenario = loadScenario(`${HOST}${EVENTS}`, 'ioctl.yaml');
  const options = { design: 'guests-lock', runtime: 'controlled', mode: 'run', logger: { level: 'silent' } } as const;
  for (let seed = 1; seed <= 20; seed++) {
    const report = await new ScenarioRun({ ...options, scenario, seed }).start();
    expect(report.findings).toEqual([]);
    expect(report.ok).toBe(true);
    if (seed > 1) continue;
    expect(report.events.filter(({ task }) => task === 'user').map(({ what }) => what)).toEqual([
      'ioctl set-irqs of g (fd -1)',
      'ioctl set-irqs of g (argsz 20, flags 36, index 1, start 0, count 0, memory short)',
      'ioctl 1 of g',
      'signal admin',
      'detach g',
    ]);
  }
  const again = loadScenario(scenarioText(scenario), 'ioctl.yaml');
  expect(again.events.map(({ verb, task, expect: expected }) => [verb, task, expected])).toEqual(
    scenario.events.map(({ verb, task, expect: expected }) => [verb, task, expected]),
  );
});

test('without a task nobody signals it', () => {
  const scenario = loadScenario(`${HOST}${EVENTS}`, 'ioctl.yaml');
  const [, withoutAdmin] = [...withoutTask(scenario)];
  expect(withoutAdmin!.scenario.events.map(({ verb }) => verb.kind)).toEqual(['ioctl', 'ioctl', 'ioctl', 'detach']);
});
