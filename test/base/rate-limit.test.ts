/**
 * Goal: a message that could be written many times a second is written as often as printk would, and what is left out is told.
 * Method: a made-up clock.
 */
import { expect, test } from 'vitest';
import { RateLimit } from '../../src/base/rate-limit.ts';

test('ten messages in five seconds are written, the others are counted and told with the next that is written', () => {
  const limit = new RateLimit();
  for (let i = 0; i < 10; i++) expect(limit.admit(100 + i)).toEqual({ suppressed: 0 });
  for (let i = 0; i < 7; i++) expect(limit.admit(200 + i)).toBe(null);
  expect(limit.admit(5100)).toBe(null);
  expect(limit.admit(5101)).toEqual({ suppressed: 8 });
  expect(limit.admit(5102)).toEqual({ suppressed: 0 });
});

test('the interval begins with the first message in it, not with the clock', () => {
  const limit = new RateLimit({ intervalMs: 10, burst: 1 });
  expect(limit.admit(0)).not.toBe(null);
  expect(limit.admit(10)).toBe(null);
  expect(limit.admit(1000)).toEqual({ suppressed: 1 });
  expect(limit.admit(1010)).toBe(null);
  expect(limit.admit(1011)).toEqual({ suppressed: 1 });
});
