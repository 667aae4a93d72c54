/**
 * Goal: a guest's clock goes with the run's, never back, and ahead of it for a program that waits by looking. Method: a clock of the run that
 * the test moves.
 */
import { expect, test } from 'vitest';
import { TodClock, todHigh, todLow, usOf } from '../../../../src/guest/s390x/machine/tod-clock.ts';

function setUp(): { clock: TodClock; run: { ms: number } } {
  const run = { ms: 0 };
  return { run, clock: new TodClock('guest', { now: () => run.ms, touch: () => undefined }) };
}

test('it follows the clock of the run', () => {
  const { clock, run } = setUp();
  const begun = clock.now();
  run.ms = 7.5;
  expect(clock.now() - begun).toBe(7500);
});

test('each look is later than the one before, although the run stands still', () => {
  const { clock } = setUp();
  const looks = Array.from({ length: 1000 }, () => clock.look());
  expect(looks.every((look, i) => i === 0 || look > looks[i - 1]!)).toBe(true);
});

test('a wait of 20 ms by looking ends after some hundreds of looks, and is then slept for in part', () => {
  const { clock, run } = setUp();
  const until = clock.look() + 20_000;
  let looks = 0;
  while (clock.look() < until) looks++;
  expect(looks).toBeLessThan(2000);
  expect(clock.looked).toBe(true);
  const ms = clock.takeDebt();
  expect(ms).toBe(1);
  const before = clock.now();
  run.ms += ms;
  // Nothing is owed twice, and nothing goes back.
  expect([clock.takeDebt(), clock.now(), clock.looked]).toEqual([0, before, false]);
  run.ms += 3;
  expect(clock.now()).toBe(before + 3000);
});

test('what a program does takes time, but not more than the run took for it', () => {
  const { clock, run } = setUp();
  const begun = clock.now();
  clock.spent(400);
  expect(clock.now() - begun).toBe(400);
  run.ms = 1;
  expect(clock.now() - begun).toBe(1000);
});

test('SET CLOCK moves it, either way', () => {
  const { clock, run } = setUp();
  clock.set(5_000_000);
  expect(clock.now()).toBe(5_000_000);
  run.ms = 2;
  expect(clock.now()).toBe(5_002_000);
});

test('bit 51 is a microsecond', () => {
  expect([todHigh(1), todLow(1)]).toEqual([0, 4096]);
  expect([todHigh(0x100000), todLow(0x100000)]).toEqual([1, 0]);
  expect(usOf(todHigh(3_913_056_000_000_001), todLow(3_913_056_000_000_001))).toBe(3_913_056_000_000_001);
});
