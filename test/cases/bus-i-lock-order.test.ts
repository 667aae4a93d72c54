/**
 * Cases I of the AP bus: lock order and races, by the locking designs that stand for them.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadScenarioFile } from '../../src/scenario/load.ts';
import { ScenarioRun } from '../../src/scenario/run-scenario.ts';
import { designNames } from '../../src/vfio-ap/locking/designs.ts';
import { RUNTIMES, onMachine } from '../ap-bus/machine.ts';
import { ROOT } from '../tidy/tree.ts';

const CASES = { inversion: '25-apmask-against-assign', stolen: '26-stolen-queue' } as const;

/** The first findings in walks of the scenario under that design; none when the walks are clean. */
async function explore(name: string, design: string, seeds: number): Promise<readonly { kind: string; title: string }[]> {
  const scenario = loadScenarioFile(join(ROOT, 'scenarios', 'corpus', `${name}.yaml`), { designs: designNames() });
  for (let seed = 1; seed <= seeds; seed++) {
    const options = { scenario, design, seed, runtime: 'controlled', mode: 'run', logger: { level: 'silent' } } as const;
    const { findings } = await new ScenarioRun(options).start();
    if (findings.length > 0) return findings;
  }
  return [];
}

test('bus-I1: an ownership query that takes the mask mutex inside closes a circle with in_use', async () => {
  const [first] = await explore(CASES.inversion, 'perms-inside', 50);
  expect(first?.kind).toBe('lock-order');
  expect(first?.title).toMatch(/circular.*(ap_attr_mutex|mdevs_lock|guests_lock)/);
});

test('bus-I1: with the mutex taken first there is none', async () => {
  expect(await explore(CASES.inversion, 'guests-lock', 20)).toEqual([]);
});

test('bus-I3: an assignment without the mask mutex can leave a queue with an mdev and with the host', async () => {
  const [first] = await explore(CASES.stolen, 'trylock-perms', 600);
  expect(first?.kind).toBe('invariant');
});

test('bus-I3: an assignment that takes the mask mutex fails, or in_use sees it', async () => {
  expect(await explore(CASES.stolen, 'guests-lock', 20)).toEqual([]);
});

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('bus-I5: a rescan that is asked for inside a scan answers no, and does not take the scan mutex again', () =>
    onMachine(kind, {}, async (m, task) => {
      const answers: boolean[] = [];
      const inside = async (t: typeof task): Promise<void> => {
        expect(m.bus.busScan.mutex.heldBy(t)).toBe(true);
        answers.push(await m.bus.forceRescan(t));
      };
      m.vfio.onConfigChanged = inside;
      m.vfio.onScanComplete = inside;
      m.hardware.unplug(5);
      expect(await m.bus.forceRescan(task)).toBe(true);
      expect(answers).toEqual([false, false]);
      expect(m.bus.busScan.count).toBe(2);
      // Whoever holds nothing scans again, with nothing new.
      expect(await m.bus.forceRescan(task)).toBe(false);
      expect(m.bus.busScan.count).toBe(3);
    }));

  test('bus-I5: the same for a write to `scans` by whoever is inside a scan', () =>
    onMachine(kind, {}, async (m, task) => {
      m.vfio.onScanComplete = async (t) => void (await m.write(t, '/sys/bus/ap/scans', '1'));
      m.hardware.unplug(5);
      expect(await m.bus.forceRescan(task)).toBe(true);
      expect(await m.read(task, '/sys/bus/ap/scans')).toBe('2\n');
    }));
});
