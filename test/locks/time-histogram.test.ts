/**
 * Goal: percentiles are right to one part in sixteen over any number of samples, and never outside what was seen.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimeHistogram } from '../../src/locks/time-histogram.ts';

function filled(samples: readonly number[]): TimeHistogram {
  const histogram = new TimeHistogram();
  for (const ms of samples) histogram.add(ms);
  return histogram;
}

test('without a sample everything is 0', () => {
  const { count, minMs, maxMs, totalMs } = new TimeHistogram();
  expect([count, minMs, maxMs, totalMs, new TimeHistogram().quantileMs(0.5)]).toEqual([0, 0, 0, 0, 0]);
});

test('one sample is every percentile', () => {
  for (const ms of [0, 0.0001, 0.37, 12, 250_000]) {
    const histogram = filled([ms]);
    expect([histogram.quantileMs(0.01), histogram.quantileMs(0.5), histogram.quantileMs(1)]).toEqual([ms, ms, ms]);
  }
});

test('random samples: within a sixteenth of the exact percentile, and between least and most', () => {
  const anyTime = fc.double({ min: 0, max: 38, noNaN: true }).map((exponent) => 2 ** exponent / 100);
  fc.assert(
    fc.property(fc.array(anyTime, { minLength: 1, maxLength: 200 }), fc.double({ min: 0.01, max: 1, noNaN: true }), (samples, share) => {
      const exact = samples.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * samples.length) - 1)]!;
      const histogram = filled(samples);
      const found = histogram.quantileMs(share);
      expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact / 16 + 1 / 16_000);
      expect(found).toBeGreaterThanOrEqual(histogram.minMs);
      expect(found).toBeLessThanOrEqual(histogram.maxMs);
      expect(histogram.totalMs).toBeCloseTo(
        samples.reduce((sum, ms) => sum + ms, 0),
        6,
      );
    }),
  );
});

test('what is beyond the scale stays between least and most', () => {
  const histogram = filled([1, 1e13, 1e14]);
  expect(histogram.quantileMs(0.99)).toBeGreaterThan(1e11);
  expect(histogram.quantileMs(0.99)).toBeLessThanOrEqual(1e14);
});
