/**
 * Goal: the poll thread of a host without interrupts polls while the hardware has requests, and sleeps otherwise; the poll timer is armed
 * only where it is not there; a new poll_timeout counts at once. Method: queues over scripted instructions, time that moves when it must.
 */
import { expect, test } from 'vitest';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import { makeHostTasklet, type HostInterrupts } from '../../src/ap-bus/poll-tasklet.ts';
import { QueueUnderTest } from '../helpers/queue-under-test.ts';
import { onMachine, typeOf } from './machine.ts';
import { cube, eight } from './zcrypt/puppet.ts';

const INTERRUPTS: HostInterrupts = { aqic: { ir: true, isc: 6, nib: 8 }, clearNotification: () => undefined };

test('it polls as long as the hardware has a request, then it sleeps', async () => {
  const t = new QueueUnderTest();
  t.interrupts = false;
  const { tasklet, pollThread } = makeHostTasklet(t.rt, null);
  await t.run(async (task) => {
    await t.makeIdle(task);
    tasklet.add(t.queue);
    pollThread.start();
    expect(pollThread.running).toBe(true);
    await t.rt.sleep(task, 10);
    expect(t.ap.calls).toEqual([]);
    // The hardware takes five looks.
    const nothing = { rc: Rc.NO_PENDING_REPLY, queueEmpty: false };
    t.ap.script('dqap', nothing, nothing, nothing, nothing, { psmid: 1n, reply: new Uint8Array(1), queueEmpty: true });
    await t.send(task, 1);
    tasklet.act('interrupt');
    while (t.ends.length === 0) await t.rt.sleep(task, 0.01);
    expect([t.ap.left, t.ends]).toEqual([0, ['1: ok']]);
    t.ap.calls.length = 0;
    await t.rt.sleep(task, 100);
    expect(t.ap.calls).toEqual([]);
    pollThread.stop();
    expect(pollThread.running).toBe(false);
  });
});

test('where it runs, a wait for an answer wakes it and arms no timer; a time-out arms the timer all the same', async () => {
  const t = new QueueUnderTest();
  const { tasklet, pollThread } = makeHostTasklet(t.rt, null);
  await t.run(async (task) => {
    tasklet.act('again');
    expect(tasklet.timerArmed).toBe(true);
    tasklet.stop();
    pollThread.start();
    pollThread.start();
    tasklet.act('again');
    tasklet.act('interrupt');
    expect(tasklet.timerArmed).toBe(false);
    tasklet.act('high-timeout');
    expect(tasklet.timerArmed).toBe(true);
    tasklet.stop();
    pollThread.stop();
    expect(pollThread.wake()).toBe(false);
    tasklet.act('interrupt');
    expect(tasklet.timerArmed).toBe(true);
    tasklet.stop();
    await t.rt.sleep(task, 1);
  });
});

test('it is never made while interrupts are used', () => {
  const t = new QueueUnderTest();
  const { pollThread } = makeHostTasklet(t.rt, INTERRUPTS);
  pollThread.start();
  expect(pollThread.running).toBe(false);
  expect(pollThread.wake()).toBe(false);
});

test('a new poll_timeout starts the timer afresh, and counts for those to come', async () => {
  const t = new QueueUnderTest();
  const { tasklet } = makeHostTasklet(t.rt, null);
  await t.run(async (task) => {
    expect(tasklet.highTimeoutMs).toBe(0.25);
    tasklet.act('low-timeout');
    tasklet.setHighTimeout(5);
    expect([tasklet.highTimeoutMs, tasklet.timerArmed]).toEqual([5, true]);
    await t.rt.sleep(task, 4.9);
    expect(tasklet.timerArmed).toBe(true);
    await t.rt.sleep(task, 0.2);
    expect(tasklet.timerArmed).toBe(false);
    tasklet.act('high-timeout');
    await t.rt.sleep(task, 4.9);
    expect(tasklet.timerArmed).toBe(true);
    await t.rt.sleep(task, 0.2);
    expect(tasklet.timerArmed).toBe(false);
  });
});

test('a poll_timeout of nothing lets the hardware go on, and an answer comes', () => {
  const hardware = { adapters: [{ id: 3, type: typeOf('CEX8A') }], service: () => 1 };
  return onMachine('controlled', { interrupts: false, slowTimers: true, hardware }, async (m, task) => {
    expect(await m.write(task, '/sys/bus/ap/poll_timeout', '0')).toBe(1);
    expect(await m.read(task, '/sys/bus/ap/poll_timeout')).toBe('0\n');
    expect(await m.bus.zcrypt.open().rsaModExpo(task, cube(128))).toEqual({ output: eight(128) });
  });
});

test.each([
  [true, 40],
  [false, 0.25],
])('slow polling %s: a reset is looked at again after %d ms', async (slow, ms) => {
  const t = new QueueUnderTest();
  const { tasklet } = makeHostTasklet(t.rt, null, { slow });
  await t.run(async (task) => {
    tasklet.act('low-timeout');
    await t.rt.sleep(task, ms * 0.9);
    expect(tasklet.timerArmed).toBe(true);
    await t.rt.sleep(task, ms * 0.2);
    expect(tasklet.timerArmed).toBe(false);
  });
});
