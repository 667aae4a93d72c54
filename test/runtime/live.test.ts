/**
 * Goal: the live runtime keeps the contract, really runs tasks side by side, and can be ended from outside.
 */
import { expect, test } from 'vitest';
import { hostAfter, hostEvery, hostNow, hostSeed, hostTurn } from '../../src/runtime/host-clock.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import { runtimeContract } from '../contract/runtime.suite.ts';

runtimeContract('live', () => {
  const rt = new LiveRuntime(1);
  const finish = async (): Promise<string> => {
    const outcome = await rt.settled();
    rt.shutdown();
    return outcome;
  };
  return { rt, finish };
});

test('tasks interleave at every await', async () => {
  const rt = new LiveRuntime(1);
  const log: string[] = [];
  for (const name of ['a', 'b']) {
    rt.spawn(name, async () => {
      for (let i = 0; i < 3; i++) {
        log.push(name);
        await Promise.resolve();
      }
    });
  }
  await rt.settled();
  expect(log.join('')).toBe('ababab');
});

test('everybody who waits for the end is told how it came, also afterwards', async () => {
  const rt = new LiveRuntime(1);
  rt.spawn('endless', async (task) => rt.park(task));
  const both = Promise.all([rt.settled(), rt.settled()]);
  rt.finishAs('interrupted');
  rt.finishAs('stuck');
  expect(await both).toEqual(['interrupted', 'interrupted']);
  expect(await rt.settled()).toBe('interrupted');
});

test('after shutdown no timer fires and none can be armed', async () => {
  const rt = new LiveRuntime(1);
  let fired = 0;
  rt.timer('before', 0, () => fired++);
  rt.timer('before', 1, () => fired++);
  rt.shutdown();
  rt.timer('after', 0, () => fired++).cancel();
  rt.timer('after', 0, () => fired++);
  await new Promise((resolve) => hostAfter(5, () => resolve(undefined)));
  expect(fired).toBe(0);
});

test('joining is told to those who look for cycles', async () => {
  const rt = new LiveRuntime(1);
  const seen: (string | undefined)[] = [];
  rt.onTaskBlock((task) => seen.push(`${task.name} waits for ${task.blockedOn?.name}`));
  const other = rt.spawn('other', async (task) => rt.sleep(task, 1));
  const main = rt.spawn('main', async (task) => rt.join(task, other));
  await rt.settled();
  expect(seen).toEqual(['main waits for end of other']);
  expect(main.blockedOn).toBeNull();
});

test('host clock: ticks until stopped, and its seeds differ', async () => {
  let ticks = 0;
  const start = hostNow();
  await new Promise<void>((resolve) => {
    const every = hostEvery(1, () => {
      if (++ticks === 3) {
        every.stop();
        resolve();
      }
    });
  });
  hostAfter(1, () => (ticks += 100)).stop();
  await new Promise((resolve) => hostAfter(4, () => resolve(undefined)));
  await hostTurn();
  expect(ticks).toBe(3);
  expect(hostNow()).toBeGreaterThan(start);
  expect(new Set([hostSeed(), hostSeed(), hostSeed()]).size).toBeGreaterThan(1);
});
