/**
 * Goal: the tasklet polls all its queues, on one task at a time, and arms its one timer only when nothing else will bring it back.
 * Method: queues over scripted instructions in a controlled runtime.
 */
import { expect, test } from 'vitest';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import { ApTasklet } from '../../src/ap-driver/ap-tasklet.ts';
import type { ApWait } from '../../src/ap-driver/ap-wait.ts';
import { QueueUnderTest } from '../helpers/queue-under-test.ts';

function tasklet(t: QueueUnderTest, interrupts: boolean): { tasklet: ApTasklet; log: string[] } {
  const log: string[] = [];
  const options = { schedule: () => log.push('schedule'), useInterrupts: () => interrupts, clearNotification: () => log.push('clear') };
  return { tasklet: new ApTasklet(t.rt, options), log };
}

test.each<[ApWait, boolean, boolean]>([
  ['none', false, false],
  ['again', true, false],
  ['interrupt', true, false],
  ['interrupt', false, true],
  ['high-timeout', true, true],
  ['low-timeout', true, true],
])('wait %s with interrupts %s arms the timer: %s', (wait, interrupts, armed) => {
  const { tasklet: it } = tasklet(new QueueUnderTest(), interrupts);
  it.act(wait);
  expect(it.timerArmed).toBe(armed);
  it.stop();
  expect(it.timerArmed).toBe(false);
});

test('a pass clears the notification first, polls every member and acts on the most urgent wait', async () => {
  const t = new QueueUnderTest();
  const other = new QueueUnderTest({}, t.rt);
  const { tasklet: it, log } = tasklet(t, true);
  await t.run(async (task) => {
    await t.makeIdle(task);
    it.add(t.queue);
    it.add(other.queue);
    await t.send(task, 1);
    expect(it.timerArmed).toBe(false);
    t.ap.script('dqap', { rc: Rc.NO_PENDING_REPLY, queueEmpty: false, irqEnabled: false });
    await it.run(task);
    expect([log, it.timerArmed]).toEqual([['clear'], true]);
    await t.rt.sleep(task, 1);
    expect([log, it.timerArmed]).toEqual([['clear', 'schedule'], false]);
  });
});

test('a queue that was taken out is left alone', async () => {
  const t = new QueueUnderTest();
  const { tasklet: it } = tasklet(t, false);
  await t.run(async (task) => {
    await t.makeIdle(task);
    it.add(t.queue);
    it.remove(t.queue);
    await it.run(task);
    await t.send(task, 1);
    expect([t.ap.calls, it.timerArmed, it.queues.size]).toEqual([['nqap 1', 'dqap 12288'], false, 0]);
  });
});

test('two tasks never run it at once: the second call makes the first go round again', async () => {
  const t = new QueueUnderTest();
  const { tasklet: it, log } = tasklet(t, true);
  it.add(t.queue);
  t.rt.spawn('second', async (task) => {
    while (log.length === 0) await t.rt.sleep(task, 0.01);
    await it.run(task);
    log.push('second back');
  });
  await t.run(async (task) => {
    await t.queue.initState(task);
    // The instruction sleeps in the middle of the first pass, as one that is intercepted does.
    const { ap } = t;
    const tapq = ap.tapq.bind(ap);
    Object.assign(ap, {
      tapq: async (by: typeof task, apqn: number) => {
        if (!log.includes('second back')) await t.rt.sleep(by, 5);
        return tapq(by, apqn);
      },
    });
    await it.run(task);
    log.push('first back');
  });
  expect(log).toEqual(['clear', 'second back', 'clear', 'first back']);
});
