/**
 * Goal: the verbs do to the host what they say, and answer as the interface behind them does.
 * Method: scenarios without guests at work, or with a few instructions, under the controlled runtime.
 */
import { expect, test } from 'vitest';
import { loadScenario } from '../../src/scenario/load.ts';
import { ScenarioRun } from '../../src/scenario/run-scenario.ts';
import type { RunReport } from '../../src/scenario/run-report.ts';

const HOST = `
host: { adapters: [{ id: 5, type: CEX8A }], domains: [4, 5], apmask: "-5", serviceScale: 0 }
mdevs:
  - { name: m1, adapters: [5], domains: [4], controlDomains: [4, 5] }
  - { name: m2, adapters: [5], domains: [5] }
`;

function play(rest: string, seed = 1): Promise<RunReport> {
  const scenario = loadScenario(`${HOST}${rest}`, 'verbs.yaml');
  const options = { design: 'guests-lock', runtime: 'controlled', mode: 'run', logger: { level: 'silent' } } as const;
  return new ScenarioRun({ ...options, scenario, seed }).start();
}

const guest = (instructions: string): string => `guests: [{ name: g, mdev: m1, workload: { instructions: [${instructions}] } }]`;

test('Secure Execution starts and ends once each, and AQIC is refused in between', async () => {
  const report = await play(`${guest('')}
events:
  - { task: pv, do: pv-start, guest: g, expect: ok }
  - { task: pv, do: pv-start, guest: g, expect: EINVAL }
  - { task: pv, do: pv-stop, guest: g, expect: ok }
  - { task: pv, do: pv-stop, guest: g, expect: EINVAL }`);
  expect(report).toMatchObject({ ok: true, findings: [] });
  expect(report.events.map(({ what }) => what)).toEqual(['pv-start g', 'pv-start g', 'pv-stop g', 'pv-stop g']);
  const answers = new Set<string>();
  const start = 'events: [{ task: pv, do: pv-start, guest: g, expect: ok }]';
  for (let seed = 1; seed <= 20; seed++) {
    const { ok, guests } = await play(`${guest('aqic 05.0004')}\n${start}`, seed);
    expect(ok).toBe(true);
    for (const answer of Object.keys(guests[0]!.answers!)) answers.add(answer);
  }
  expect([...answers].toSorted()).toEqual(['aqic 00', 'aqic exception']);
});

test('a second mdev opens for a guest without one, and is refused to a guest that has one', async () => {
  const report = await play(`guests: [{ name: g, mdev: m1, attach: false, workload: { instructions: [] } }]
events:
  - { task: admin, do: open, guest: g, mdev: m2, expect: ok }
  - { task: admin, do: attach, guest: g, expect: ok }
  - { task: admin, do: open, guest: g, mdev: m2, expect: EPERM }
  - { task: admin, write: [/sys/devices/vfio_ap/matrix/m2/remove, "1"], expect: ok }
  - { task: admin, do: open, guest: g, mdev: m2, expect: ENODEV }`);
  expect(report).toMatchObject({ ok: true, findings: [], quiescence: { clean: true } });
  expect(report.events[0]!.what).toBe('open m2 for g');
});

test('another user of vfio may keep a device open: it is in the way of the guest, and closed when the run ends', async () => {
  const report = await play(`guests: [{ name: g, mdev: m1, attach: false, workload: { instructions: [] } }]
events:
  - { task: admin, do: open, guest: g, mdev: m2, keep: true, expect: ok }
  - { task: admin, do: attach, guest: g, expect: EPERM }`);
  expect(report).toMatchObject({ ok: true, findings: [], quiescence: { clean: true } });
  expect(report.events[0]!.what).toBe('open m2 for g and keep it');
});

test('the host loses a usage domain with its queues, and a control domain, and gets them back', async () => {
  const report = await play(`${guest('')}
events:
  - { task: firmware, do: host-config, domains: [5], expect: ok }
  - { task: firmware, read: /sys/bus/ap/devices/05.0004/status, expect: ENOENT }
  - { task: firmware, do: host-config, domains: [4, 5], expect: ok }
  - { task: firmware, read: /sys/bus/ap/devices/05.0004/status, expect: ok }
  - { task: firmware, do: host-config, controlDomains: [4], expect: ok }
  - { task: firmware, do: host-config, controlDomains: [4, 5], expect: ok }`);
  expect(report).toMatchObject({ ok: true, findings: [] });
  expect(report.events[0]!.what).toBe('set usage domains 5');
  expect(report.events.at(-1)!.what).toBe('set control domains 4, 5');
  expect(report.topology.domains).toEqual([4, 5]);
});

test('instructions are operations: events may begin at their share, and a wrong answer is an error of the guest', async () => {
  const report =
    await play(`guests: [{ name: g, mdev: m1, vcpus: 2, workload: { cpus: [[qci, tapq 05.0005 expect 00], [tapq 05.0004 expect 00]] } }]
events: [{ at: 100%, task: admin, read: /sys/bus/ap/apmask, expect: ok }]`);
  expect(report.guests[0]).toMatchObject({
    operations: 2,
    expected: 3,
    errors: 1,
    queues: [],
    answers: { 'qci 00': 1, 'tapq 01': 1, 'tapq 00': 1 },
  });
  expect(report.findings).toMatchObject([{ kind: 'guest-error', notes: ['tapq 05.0005 expect 00, got 01'] }]);
});

test('a probe that runs out of memory leaves no trace, and the next one may succeed', async () => {
  const results = new Set<string>();
  for (let seed = 1; seed <= 20; seed++) {
    const report = await play(
      `events:
  - { task: admin, do: unbind, queue: "05.0004" }
  - { task: admin, do: bind, queue: "05.0004", driver: vfio_ap }
  - { task: admin, read: /sys/bus/ap/devices/05.0004/status }
faults: [probe-allocation]`,
      seed,
    );
    expect(report).toMatchObject({ ok: true, findings: [] });
    const [, bind, read] = report.events.map(({ result }) => result);
    results.add(`${bind}, then ${read}`);
  }
  expect([...results].toSorted()).toEqual(['ENOMEM, then ENOENT', 'ok, then ok']);
});

test('defects that are switched on are named in the report, and may be chosen anew for a run', async () => {
  const scenario = loadScenario(`${HOST}quirks: [Q2, stale-hook]`, 'verbs.yaml');
  const options = { design: 'guests-lock', runtime: 'controlled', mode: 'run', seed: 1, logger: { level: 'silent' } } as const;
  expect((await new ScenarioRun({ ...options, scenario }).start()).quirks).toEqual(['Q2', 'stale-hook']);
  expect((await new ScenarioRun({ ...options, scenario, quirks: ['Q3'] }).start()).quirks).toEqual(['Q3']);
  expect((await new ScenarioRun({ ...options, scenario, quirks: [] }).start()).quirks).toBeUndefined();
});
