/**
 * Goal: whoever opens and closes mdevs for one VM at the same time, the hook is left to the mdev that the VM has.
 * Method: the orders that matter step by step; then every trace of a scenario under the design that uses it.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCampaign } from '../../../src/campaign/campaign.ts';
import type { Task } from '../../../src/runtime/task.ts';
import { loadScenarioFile } from '../../../src/scenario/load.ts';
import type { ApMatrixMdev } from '../../../src/vfio-ap/ap-matrix-mdev.ts';
import { PqapHooks } from '../../../src/vfio-ap/locking/pqap-hooks.ts';
import { M1, M2, M3, onHost } from '../../helpers/host.ts';
import { ROOT } from '../../tidy/tree.ts';

const UUIDS = { m1: M1, m2: M2, m3: M3 } as const;
type Name = keyof typeof UUIDS;

/** `+m1` publishes, `-m1` withdraws. Answers whose the hook is after each. */
async function after(...steps: readonly `${'+' | '-'}${Name}`[]): Promise<(Name | null)[]> {
  const seen: (Name | null)[] = [];
  await onHost('controlled', { watch: false, leftovers: true }, async (host, task: Task) => {
    const mdevs = new Map<Name, ApMatrixMdev>();
    for (const [name, uuid] of Object.entries(UUIDS)) mdevs.set(name as Name, await host.create(task, uuid));
    const { kvm } = host.vm('guest1');
    const hooks = new PqapHooks(host.layer);
    hooks.adopt(kvm).guardedBy([kvm.pqapHookRwsem]);
    for (const step of steps) {
      using _hook = await kvm.pqapHookRwsem.write(task);
      const mdev = mdevs.get(step.slice(1) as Name)!;
      if (step.startsWith('+')) hooks.publish(task, kvm, mdev);
      else hooks.withdraw(task, kvm, mdev);
      const owner = kvm.pqapHook.get(task);
      seen.push([...mdevs].find(([, candidate]) => candidate === owner)?.[0] ?? null);
    }
  });
  return seen;
}

describe('the hook', () => {
  test('is that of the mdev that is open', async () => {
    expect(await after('+m1', '-m1', '+m1')).toEqual(['m1', null, 'm1']);
  });

  test('goes back to the mdev that the guest has when another one is refused', async () => {
    expect(await after('+m1', '+m2', '-m2', '-m1')).toEqual(['m1', 'm2', 'm1', null]);
  });

  test('goes to nobody when the one that was in the way has been closed meanwhile', async () => {
    expect(await after('+m1', '+m2', '-m1', '-m2')).toEqual(['m1', 'm2', 'm2', null]);
  });

  test('is left to an mdev that was overtaken by one that has been opened and closed', async () => {
    expect(await after('+m1', '+m2', '-m2', '+m3', '-m1')).toEqual(['m1', 'm2', 'm1', 'm3', 'm3']);
  });

  test('stays where it is when one that does not have it goes', async () => {
    expect(await after('+m1', '+m2', '+m3', '-m2', '-m3')).toEqual(['m1', 'm2', 'm3', 'm3', 'm1']);
  });
});

describe('in every trace of one mdev that is closed while another one is opened', () => {
  const { text, source } = loadScenarioFile(join(ROOT, 'scenarios', 'history', '000-handover.yaml'));
  const explored = async (quirks: readonly 'Q11'[]) => {
    const search = { strategy: 'dpor', seed: 1, searchSeed: 1 };
    const unit = { scenario: { text, source }, design: 'guests-lock', quirks, ...search, wanted: 'all' as const, collect: false };
    return (await runCampaign({ unit, budget: {}, workers: 1, confirm: 0 })).result;
  };

  test('the hook is that of the mdev that the guest has', async () => {
    expect(await explored([])).toMatchObject({ verdict: 'exhausted', failures: [] });
  });

  test('as the kernel does it, it is not', async () => {
    const { failures } = await explored(['Q11']);
    expect(failures.map(({ finding }) => finding.title)).toEqual([expect.stringMatching(/^invariant g: the PQAP hook leads to/)]);
  });
});
