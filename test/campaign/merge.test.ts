/**
 * Goal: batches add up to what one campaign over all of them would have said.
 */
import { expect, test } from 'vitest';
import { exploreUnit, type UnitResult } from '../../src/campaign/explore-unit.ts';
import { Merged, pooled } from '../../src/campaign/merge.ts';
import { Estimator } from '../../src/explore/estimate.ts';
import { THREE_WAYS, unit } from './small-scenario.ts';

const batch = (searchSeed: number, more = {}): Promise<UnitResult> =>
  exploreUnit(unit(THREE_WAYS, { searchSeed, ...more }), { schedules: 60 });

test('figures are summed, what was seen is united', async () => {
  const [a, b] = [await batch(1), await batch(2)];
  const merged = new Merged();
  merged.add(a);
  merged.add(b);
  const result = merged.result(12)!;
  expect(result).toMatchObject({ verdict: 'clean', schedules: 120, steps: a.result.steps + b.result.steps, elapsedMs: 12 });
  expect(result.coverage.traces).toBe(new Set([...a.seen.traces, ...b.seen.traces]).size);
  expect(result.coverage.traces).toBeLessThan(a.seen.traces.length + b.seen.traces.length);
  expect(result.coverage.lockEdges).toBe(new Set([...a.seen.lockEdges, ...b.seen.lockEdges]).size);
  expect(result.estimate).toEqual(pooled(a.result.estimate, b.result.estimate));
});

test('a batch that comes twice is seen once', async () => {
  const a = await batch(1);
  const merged = new Merged();
  merged.add(a);
  merged.add(a);
  expect(merged.result(1)!.coverage).toEqual(a.result.coverage);
});

test('of equal failures the first is kept, counted from the beginning of the campaign', async () => {
  const [a, b] = [await batch(1), await batch(2, { design: 'global-mutex' })];
  const merged = new Merged();
  merged.add(a);
  merged.add(b);
  merged.add(b);
  const { failures, verdict } = merged.result(1)!;
  expect(verdict).toBe('finding');
  expect(failures).toHaveLength(1);
  expect(failures[0]!.execution).toBe(60 + b.result.failures[0]!.execution);
});

test('nothing is there before the first batch', () => {
  expect(new Merged().result(1)).toBeNull();
});

test('pooled estimates are those of all walks together', () => {
  const walk = (estimator: Estimator, widths: readonly number[]): void => {
    const probe = estimator.probe({ choose: () => 0, chooseValue: () => 0 }, true);
    for (const n of widths) probe.chooseValue('site', n);
    estimator.ended();
  };
  const walks = [[2, 3], [4], [2, 2, 2], [5, 3], [7]];
  const [first, second, whole] = [new Estimator(), new Estimator(), new Estimator()];
  for (const [i, widths] of walks.entries()) {
    walk(i < 2 ? first : second, widths);
    walk(whole, widths);
  }
  const together = pooled(first.result(), second.result())!;
  expect(together.walks).toBe(5);
  expect(together.schedules).toBeCloseTo(whole.result()!.schedules, 9);
  expect(together.error).toBeCloseTo(whole.result()!.error, 9);
  expect(pooled(null, first.result())).toEqual(first.result());
  expect(pooled(null, null)).toBeNull();
});
