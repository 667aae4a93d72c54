/**
 * Goal: several threads find what one would, and the same whoever is faster.
 */
import { expect, test } from 'vitest';
import { runCampaign } from '../../src/campaign/campaign.ts';
import { exploreInPool } from '../../src/campaign/pool.ts';
import { THREE_WAYS, unit } from './small-scenario.ts';

test('the number of threads changes nothing in the result', async () => {
  const figures = async (workers: number): Promise<unknown> => {
    const found = await exploreInPool(unit(THREE_WAYS), { schedules: 250 }, { workers, batch: 60 });
    const { schedules, steps, coverage, estimate, verdict } = found!.result;
    return { schedules, steps, coverage, estimate, verdict };
  };
  const two = await figures(2);
  expect(two).toMatchObject({ schedules: 250, verdict: 'clean' });
  expect(await figures(3)).toEqual(two);
});

test('what a batch finds ends the campaign with the batches before it, whatever others were at work', async () => {
  const what = unit(THREE_WAYS, { design: 'global-mutex', wanted: 'deadlocks' });
  const found = await exploreInPool(what, { schedules: 500 }, { workers: 2, batch: 1 });
  const again = await exploreInPool(what, { schedules: 500 }, { workers: 3, batch: 1 });
  const { failures, schedules } = found!.result;
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatchObject({ finding: { kind: 'deadlock' }, execution: schedules });
  expect(failures[0]!.timeline.length).toBe(failures[0]!.steps);
  expect(again!.result.schedules).toBe(schedules);
  expect(again!.result.failures[0]!.choices).toEqual(failures[0]!.choices);
});

test('a campaign on threads confirms what it predicts, too', async () => {
  const plan = { unit: unit(THREE_WAYS, { design: 'global-mutex' }), budget: { schedules: 4000 }, workers: 2 };
  const { result, confirmation } = await runCampaign(plan);
  expect(result.failures[0]!.finding).toMatchObject({ kind: 'deadlock', grade: 'CONFIRMED' });
  expect(confirmation?.outcome).toBe('confirmed');
});

test('a campaign on threads ends when it is interrupted, also before anything was found out', async () => {
  const plan = { unit: unit(THREE_WAYS), budget: {}, workers: 2 };
  const { result, interrupted } = await runCampaign(plan, { interrupted: () => true });
  expect({ interrupted, failures: result.failures }).toEqual({ interrupted: true, failures: [] });
});

test('an error in a thread is told', async () => {
  await expect(exploreInPool(unit('host: ['), { schedules: 10 }, { workers: 2 })).rejects.toThrow(/small\.yaml:1/);
});
