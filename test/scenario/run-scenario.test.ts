/**
 * Goal: a scenario becomes a run - events at their time, expectations, limits, what is left - under both runtimes.
 * Method: small scenarios played in this process; the controlled runtime's virtual time makes a thousand lives of an mdev cheap.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadDefaultScenario, loadScenario, loadScenarioFile } from '../../src/scenario/load.ts';
import { ScenarioRun, type RunOptions } from '../../src/scenario/run-scenario.ts';
import type { RunReport } from '../../src/scenario/run-report.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { ROOT } from '../tidy/tree.ts';

function play(scenario: Scenario, options: Partial<RunOptions> = {}): Promise<RunReport> {
  const defaults = { design: 'guests-lock', seed: 1, runtime: 'controlled', mode: 'run', logger: { level: 'silent' } } as const;
  return new ScenarioRun({ ...defaults, scenario, ...options }).start();
}

const HOST = `
host: { adapters: [{ id: 5, type: CEX8A }], domains: [4], apmask: "-5", serviceScale: 0 }
mdevs: [{ name: m1, adapters: [5], domains: [4] }]
`;
const small = (guests: string, events = ''): Scenario => loadScenario(`${HOST}guests:\n${guests}\n${events}`, 'small.yaml');
const WORKER = '  - { name: g, mdev: m1, vcpus: 2, workload: { rsa: { operations: 6, bits: [512, 1024] } } }';

describe.each(['live', 'controlled'] as const)('%s runtime', (runtime) => {
  test('a guest does all its operations, each verified', async () => {
    const report = await play(small(WORKER), { runtime });
    expect(report).toMatchObject({ ok: true, outcome: 'done', findings: [], quiescence: { clean: true } });
    expect(report.guests[0]).toMatchObject({ operations: 12, expected: 12, errors: 0, queues: ['05.0004'] });
  });

  test('an event that does not end as expected is a finding with its place', async () => {
    const events = 'events:\n  - { task: admin, write: [/sys/devices/vfio_ap/matrix/m1/assign_adapter, "999"], expect: ok }';
    const report = await play(small(WORKER, events), { runtime });
    expect(report.ok).toBe(false);
    expect(report.events[0]).toMatchObject({ result: 'ENODEV', expected: 'ok', ok: false });
    expect(report.findings[0]!.title).toMatch(/^small\.yaml:7:5: write 999 > .*assign_adapter: expected ok, got ENODEV$/);
  });

  test('a limit stops the workloads and is no error', async () => {
    const endless = small(WORKER.replace('operations: 6', 'operations: 1000000'));
    // Cards that need time: without it the virtual clock would stand still.
    const report = await play({ ...endless, host: { ...endless.host, serviceScale: 1 } }, { runtime, limitMs: 50 });
    expect(report).toMatchObject({ outcome: 'limit', findings: [], quiescence: { clean: true } });
    expect(report.guests[0]!.operations).toBeLessThan(2_000_000);
  });

  test('a card that goes away for a while costs retries, not results', async () => {
    const events = `events:
  - { at: 25%, task: admin, write: [/sys/devices/ap/card05/config, "0"], expect: ok }
  - { task: admin, do: pause, for: 100ms }
  - { task: admin, write: [/sys/devices/ap/card05/config, "1"], expect: ok }`;
    const report = await play(small(WORKER, events), { runtime });
    expect(report).toMatchObject({ ok: true, findings: [] });
    expect(report.guests[0]).toMatchObject({ operations: 12, errors: 0 });
    expect(report.guests[0]!.retries).toBeGreaterThan(0);
  });
});

test('events begin at their share of the operations, in the order of their task', async () => {
  const events: { kind: string; what?: unknown }[] = [];
  const log = `events:
  - { at: 50%, task: admin, read: /sys/bus/ap/apmask, expect: ok }
  - { task: admin, read: /sys/bus/ap/aqmask, expect: ok }
  - { at: { op: 2 }, task: other, read: /sys/bus/ap/features, expect: ok }`;
  const run = new ScenarioRun({
    ...{ scenario: small(WORKER, log), design: 'guests-lock', seed: 3, runtime: 'controlled', mode: 'run' },
    logger: { level: 'silent' },
    onEvent: ({ kind, data }) => events.push({ kind, what: data['what'] }),
  });
  const report = await run.start();
  expect(report.ok).toBe(true);
  const played = events.filter(({ kind }) => kind === 'scenario.event').map(({ what }) => what as string);
  expect(played.toSorted()).toEqual(['read /sys/bus/ap/apmask', 'read /sys/bus/ap/aqmask', 'read /sys/bus/ap/features']);
  expect(played.indexOf('read /sys/bus/ap/apmask')).toBeLessThan(played.indexOf('read /sys/bus/ap/aqmask'));
});

test('a thousand lives of an mdev leave nothing behind', async () => {
  const scenario = loadScenarioFile(join(ROOT, 'scenarios', 'thousand-lives.yaml'));
  const report = await play(scenario);
  expect(report.findings).toEqual([]);
  expect(report.quiescence).toEqual({
    ...{ clean: true, pins: 0, iscReferences: 0, kvmReferences: 0, eventfds: 0, locksHeld: 0, foregroundTasks: 0, requests: 0 },
  });
  expect(report.events.at(-1)).toMatchObject({ what: 'repeat 1000 times 6 events', result: 'ok' });
});

test('the default scenario with fewer operations under the controlled runtime, ten schedules: clean, and repeatable', async () => {
  const whole = loadDefaultScenario();
  const guests = whole.host.guests.map((guest) => ({ ...guest, workload: { ...guest.workload!, operations: 15, bits: [512, 1024] } }));
  const scenario = { ...whole, host: { ...whole.host, guests } };
  const summary = async (seed: number): Promise<unknown> => {
    const { ok, findings, durationMs, guests } = await play(scenario, { seed });
    return { ok, findings, durationMs, guests };
  };
  for (let seed = 1; seed <= 10; seed++) expect(await summary(seed)).toMatchObject({ ok: true, findings: [] });
  expect(await summary(4)).toEqual(await summary(4));
});

test('a host that cannot come up says which step was refused', async () => {
  const reserved = { ...small(WORKER), host: { ...small(WORKER).host, apmask: null } };
  await expect(play(reserved)).rejects.toThrow(/assign_domain: expected success, got EADDRNOTAVAIL$/);
});
