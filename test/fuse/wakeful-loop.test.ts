/**
 * Goal: after quick requests the loop turns for a moment, and then sleeps; after slow ones it does not turn at all.
 * Method: a clock of the test's own, which each turn moves.
 */
import { expect, test } from 'vitest';
import { WakefulLoop } from '../../src/fuse/wakeful-loop.ts';

class Clock {
  time = 0;
  turns = 0;
  private go: () => void = () => undefined;

  now(): number {
    return this.time;
  }

  turn(): Promise<void> {
    this.turns++;
    return new Promise((resolve) => (this.go = resolve));
  }

  /** The turn that is asked for ends after so many milliseconds. */
  async after(ms: number): Promise<void> {
    this.time += ms;
    this.go();
    await Promise.resolve();
  }
}

function request(loop: WakefulLoop): void {
  loop.asked();
  loop.answered();
}

test('one request is no reason to turn, nor is one that comes late', async () => {
  const clock = new Clock();
  const loop = new WakefulLoop(clock);
  request(loop);
  await clock.after(50);
  request(loop);
  expect(clock.turns).toBe(0);
});

test('behind requests in quick succession it turns until nobody has come for a moment, once at a time', async () => {
  const clock = new Clock();
  const loop = new WakefulLoop(clock);
  request(loop);
  request(loop);
  expect(clock.turns).toBe(1);
  request(loop);
  expect(clock.turns).toBe(1);
  await clock.after(0.01);
  expect(clock.turns).toBe(2);
  await clock.after(10);
  expect(clock.turns).toBe(2);
});
