/**
 * Goal: a campaign ends with the verdict that is true of its scenario, and takes a broken lock order as far as the deadlock it predicts.
 * Method: small scenarios under designs whose fate is known.
 */
import { describe, expect, test } from 'vitest';
import { runCampaign, type CampaignPlan, type CampaignResult } from '../../src/campaign/campaign.ts';
import { shrinkFailures } from '../../src/campaign/shrunk.ts';
import type { CampaignUnit } from '../../src/campaign/unit.ts';
import { LEAVING, scenarioText, THREE_WAYS, TINY, unit } from './small-scenario.ts';

const campaign = (what: CampaignUnit, more: Partial<CampaignPlan> = {}): Promise<CampaignResult> =>
  runCampaign({ unit: what, budget: { schedules: 200 }, workers: 1, ...more });

const WRITE_ASSIGN = '{ task: admin, write: [/sys/devices/vfio_ap/matrix/m1/unassign_domain, "4"] }';
const WRITE_APMASK = '{ task: admin, write: [/sys/bus/ap/apmask, "+5"] }';

const kinds = ({ result }: CampaignResult): string[] => result.failures.map(({ finding }) => finding.kind);

test('nothing found within the budget is clean, with what was seen', async () => {
  const found = await campaign(unit(THREE_WAYS), { budget: { schedules: 200 } });
  expect(found).toMatchObject({ predicted: [], confirmation: null, interrupted: false });
  expect(found.result).toMatchObject({ verdict: 'clean', schedules: 200, failures: [], unstable: [] });
  expect(found.result.coverage.traces).toBeGreaterThan(5);
  expect(found.result.coverage.lockEdges).toBeGreaterThan(5);
});

test('a search that comes to its end is exhausted, one that is cut short undecided', async () => {
  const whole = await campaign(unit(TINY, { strategy: 'dfs' }), { budget: {} });
  expect(whole.result).toMatchObject({ verdict: 'exhausted', failures: [] });
  expect(whole.result.schedules).toBeGreaterThan(1);
  const cut = await campaign(unit(TINY, { strategy: 'dfs' }), { budget: { schedules: whole.result.schedules - 1 } });
  expect(cut.result).toMatchObject({ verdict: 'undecided', failures: [] });
});

describe('a broken lock order', () => {
  test('is followed by the deadlock that it predicts, and both are graded as confirmed', async () => {
    const found = await campaign(unit(THREE_WAYS, { design: 'global-mutex' }), { budget: { schedules: 3000 } });
    expect(kinds(found)).toEqual(['deadlock']);
    expect(found.result.failures[0]!.finding).toMatchObject({ grade: 'CONFIRMED', kind: 'deadlock' });
    expect(found.predicted.map(({ finding: { kind, grade } }) => ({ kind, grade }))).toEqual([{ kind: 'lock-order', grade: 'CONFIRMED' }]);
    expect(found.confirmation?.outcome).toBe('confirmed');
    expect(found.result.failures[0]!.execution).toBe(found.result.schedules);
  });

  test('stays alone when the schedules that are left do not meet the deadlock', async () => {
    // One task takes the locks in either order, one after the other: nobody is there to take them at the same time.
    const text = scenarioText({ guests: '', events: `${WRITE_ASSIGN}, ${WRITE_APMASK}` });
    const alone = unit(text, { design: 'perms-inside' });
    const found = await campaign(alone, { confirm: 50 });
    expect(kinds(found)).toEqual(['lock-order']);
    expect(found.predicted).toEqual([]);
    expect(found.confirmation).toEqual({ outcome: 'open', schedules: 50 });
    const exhausted = await campaign({ ...alone, strategy: 'dpor' }, { budget: {} });
    expect(exhausted.confirmation?.outcome).toBe('refuted');
  });

  test("is all that Linux's validator would say, and of a wait that is made by hand it says nothing", async () => {
    const whole = await campaign(unit(THREE_WAYS, { design: 'global-mutex', wanted: 'lockdep' }));
    expect(kinds(whole)).toEqual(['lock-order']);
    expect(whole.confirmation).toBeNull();
    const flag = await campaign(unit(LEAVING, { design: 'kvm-busy', wanted: 'lockdep' }));
    expect(flag.result).toMatchObject({ verdict: 'clean', failures: [] });
    expect(kinds(await campaign(unit(LEAVING, { design: 'kvm-busy' }), { budget: { schedules: 3000 } }))).toEqual(['deadlock']);
  });
});

test('collecting goes on behind what is known, and finds each thing once', async () => {
  const text = scenarioText({ events: '{ task: admin, do: unbind, queue: "05.0004" }' });
  const found = await campaign(unit(text, { design: 'pqap-rwsem', collect: true }), { budget: { schedules: 300 } });
  expect(found.result.schedules).toBe(300);
  expect(new Set(kinds(found)).size).toBeGreaterThan(1);
  const keys = found.result.failures.map(({ finding }) => finding.key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(found.result.unstable).toEqual([]);
  const first = await campaign(unit(text, { design: 'pqap-rwsem' }), { budget: { schedules: 300 } });
  expect(first.result.failures).toHaveLength(1);
  expect(first.result.failures[0]!.finding.key).toBe(keys[0]);
});

test('the same seed gives the same result, another one another', async () => {
  const figures = async (seed: number): Promise<unknown> => {
    const { result } = await campaign(unit(THREE_WAYS, { strategy: 'portfolio', seed, searchSeed: seed }), { budget: { schedules: 150 } });
    const { schedules, steps, coverage, estimate } = result;
    return { schedules, steps, coverage, estimate };
  };
  expect(await figures(3)).toEqual(await figures(3));
  expect(await figures(3)).not.toEqual(await figures(4));
});

test('an interrupted campaign reports what was explored so far, and confirms nothing', async () => {
  let asked = 0;
  const plan = { unit: unit(THREE_WAYS), budget: {}, workers: 1 };
  const { result, interrupted, confirmation } = await runCampaign(plan, { interrupted: () => ++asked > 2 });
  expect({ interrupted, confirmation, verdict: result.verdict }).toEqual({ interrupted: true, confirmation: null, verdict: 'clean' });
  expect(result.schedules).toBeGreaterThan(0);
});

test('progress tells of schedules as they are made', async () => {
  const told: number[] = [];
  const plan = { unit: unit(THREE_WAYS), budget: { ms: 600 }, workers: 1 };
  await runCampaign(plan, { onProgress: ({ schedules }) => told.push(schedules) });
  expect(told.length).toBeGreaterThan(1);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
});

test('failures are shrunk, stay what they are, and come with the orders that they need', async () => {
  const what = unit(THREE_WAYS, { design: 'global-mutex' });
  const found = await campaign(what, { budget: { schedules: 3000 } });
  const { campaign: shrunk, constraints } = await shrinkFailures(found, what, () => false);
  const [before, after] = [found.result.failures[0]!, shrunk.result.failures[0]!];
  expect(after.finding).toMatchObject({ kind: 'deadlock', grade: 'CONFIRMED', title: expect.any(String) as string });
  expect(after.choices.length).toBeLessThanOrEqual(before.choices.length);
  expect(after.switches).toBeLessThanOrEqual(3);
  expect(after.shrunk).toMatchObject({ from: before.choices.length });
  expect(constraints.get(after)!.length).toBeGreaterThan(0);
  expect(shrunk.predicted[0]!.finding).toMatchObject({ kind: 'lock-order', grade: 'CONFIRMED' });
  expect(shrunk.predicted[0]!.finding.notes ?? []).not.toContainEqual(expect.stringMatching(/^not graded/));
});
