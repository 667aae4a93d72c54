/**
 * A controlled run in which foreground tasks wait for each other ends, although daemons could go on for ever.
 */
import { expect, test } from 'vitest';
import { loadScenario } from '../../src/scenario/load.ts';
import { ScenarioRun } from '../../src/scenario/run-scenario.ts';

const SCENARIO = `
host: { adapters: [{ id: 5, type: CEX8C }], domains: [4], apmask: "-5", serviceScale: 0 }
mdevs:
  - { name: m1, adapters: [], domains: [4] }
guests:
  - { name: guest1, mdev: m1 }
events:
  - { task: host, write: [/sys/bus/ap/apmask, "+5"] }
  - { task: admin, write: [/sys/devices/vfio_ap/matrix/m1/assign_adapter, "5"] }
`;

test('a deadlock ends a controlled run beside a guest that polls', async () => {
  const scenario = loadScenario(SCENARIO, 'stuck.yaml');
  const run = new ScenarioRun({
    ...{ scenario, design: 'perms-inside', seed: 1, runtime: 'controlled', mode: 'run' },
    logger: { level: 'silent' },
  });
  const { outcome, findings } = await run.start();
  expect(outcome).toBe('stuck');
  expect(findings.map(({ kind }) => kind)).toContain('deadlock');
});
