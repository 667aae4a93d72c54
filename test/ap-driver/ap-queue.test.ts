/**
 * Goal: what the cases do not cover of queue and messages: errors and healing, flush, removal, time-outs, ends exactly once.
 * Method: a queue object over scripted instructions.
 */
import { describe, expect, test } from 'vitest';
import { EAGAIN, EIO, ENODEV, OK } from '../../src/base/errno.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import { moreUrgent } from '../../src/ap-driver/ap-wait.ts';
import { QueueUnderTest } from '../helpers/queue-under-test.ts';

describe('a message', () => {
  test('ends exactly once', () => {
    const t = new QueueUnderTest();
    const message = t.message(3);
    expect(message.rc).toBeNull();
    message.complete(OK, new Uint8Array(2));
    expect([message.rc, message.reply?.length]).toEqual([OK, 2]);
    expect(() => message.complete(EIO, null)).toThrow('request 3 ends a second time with -5, it had ended with 0');
    expect(t.ends).toEqual(['3: ok']);
  });
});

test('of two waits the more urgent one counts', () => {
  expect(moreUrgent('none', 'interrupt')).toBe('interrupt');
  expect(moreUrgent('high-timeout', 'low-timeout')).toBe('high-timeout');
  expect(moreUrgent('low-timeout', 'again')).toBe('again');
});

describe('an operation that fails', () => {
  test('leads to ERROR, the request stays until a scan heals the queue', async () => {
    const t = new QueueUnderTest();
    await t.run(async (task) => {
      await t.makeIdle(task);
      t.ap.script('nqap', { rc: Rc.Q_NOT_AVAIL });
      await t.send(task, 1);
      expect([t.queue.deviceState, t.queue.lastErrRc, t.queue.requestqCount]).toEqual(['ERROR', Rc.Q_NOT_AVAIL, 1]);
      expect(await t.queue.queueMessage(task, t.message(2))).toBe(ENODEV);
      expect(t.ends).toEqual([]);
      expect(await t.queue.heal(task)).toBe(true);
      expect(await t.queue.heal(task)).toBe(false);
      expect([t.queue.deviceState, t.queue.lastErrRc]).toEqual(['OPERATING', 0]);
    });
    expect(t.ends).toEqual(['1: EAGAIN']);
  });

  test.each(['rapq', 'tapq'] as const)('leads to ERROR in the reset (%s), too', async (instruction) => {
    const t = new QueueUnderTest();
    t.ap.script(instruction, { rc: Rc.CHECKSTOPPED });
    await t.run(async (task) => {
      await t.queue.initState(task);
      await t.queue.poll(task);
    });
    expect([t.queue.deviceState, t.queue.lastErrRc]).toEqual(['ERROR', Rc.CHECKSTOPPED]);
  });

  test('asynchronously changes nothing', async () => {
    const t = new QueueUnderTest();
    await t.run(async (task) => {
      await t.makeIdle(task);
      await t.send(task, 1);
      t.ap.script('dqap', { rc: Rc.ASSOC_FAILED, asyncError: true, queueEmpty: true });
      expect(await t.queue.poll(task)).toBe('none');
      expect([t.queue.deviceState, t.queue.smState, t.queue.pendingqCount]).toEqual(['OPERATING', 'WORKING', 1]);
    });
  });
});

test('AQIC refused means polling', async () => {
  const t = new QueueUnderTest();
  t.ap.script('aqic', { rc: Rc.INVALID_ADDRESS });
  await t.run(async (task) => {
    await t.queue.initState(task);
    await t.queue.poll(task);
    expect(t.queue.smState).toBe('IDLE');
    await t.send(task, 1);
    expect(t.waits.at(-1)).toBe('high-timeout');
  });
});

test('interrupts that got lost before they were enabled are asked for again', async () => {
  const t = new QueueUnderTest();
  await t.run(async (task) => {
    await t.queue.initState(task);
    await t.queue.poll(task);
    await t.queue.poll(task);
    expect(t.queue.smState).toBe('SETIRQ_WAIT');
    t.ap.calls.length = 0;
    t.ap.script('aqic', { rc: Rc.BUSY }, {}, { rc: Rc.INVALID_ADDRESS });
    for (const state of ['SETIRQ_WAIT', 'SETIRQ_WAIT', 'IDLE', 'IDLE']) {
      await t.queue.renewInterrupts(task);
      expect(t.queue.smState).toBe(state);
    }
  });
  expect(t.ap.calls).toEqual(['aqic on', 'aqic on', 'aqic on']);
});

test('requests queued during a reset are sent after it', async () => {
  const t = new QueueUnderTest();
  t.interrupts = false;
  t.ap.script('tapq', { rc: Rc.RESET_IN_PROGRESS });
  await t.run(async (task) => {
    await t.queue.initState(task);
    expect(t.queue.usable()).toBe(true);
    await t.send(task, 1);
    expect([t.queue.smState, t.queue.requestqCount]).toEqual(['RESET_WAIT', 1]);
    await t.queue.poll(task);
    expect([t.queue.smState, t.queue.pendingqCount]).toEqual(['WORKING', 1]);
  });
});

test('the request timer resets the queue; nothing is failed, all is sent again', async () => {
  const t = new QueueUnderTest({ requestTimeoutMs: 100 });
  let due = 0;
  t.queue.onTimeout = () => due++;
  await t.run(async (task) => {
    await t.makeIdle(task);
    await t.send(task, 1, 2);
    await t.rt.sleep(task, 101);
    expect(due).toBe(1);
    t.ap.calls.length = 0;
    t.ap.script('tapq', { rc: Rc.RESET_IN_PROGRESS });
    expect(await t.queue.poll(task)).toBe('low-timeout');
    expect([t.queue.smState, t.ap.calls]).toEqual(['RESET_WAIT', ['rapq', 'tapq']]);
    t.ap.script('dqap', { rc: Rc.NO_PENDING_REPLY, queueEmpty: true });
    await t.queue.poll(task);
    expect([t.queue.smState, t.queue.requestqCount, t.queue.pendingqCount]).toEqual(['IDLE', 2, 0]);
    await t.queue.poll(task);
    expect(t.ap.calls.filter((call) => call.startsWith('nqap'))).toEqual(['nqap 1', 'nqap 2']);
  });
  expect(t.ends).toEqual([]);
});

test('the request timer runs only while the hardware has requests', async () => {
  const t = new QueueUnderTest({ requestTimeoutMs: 100 });
  let due = 0;
  t.queue.onTimeout = () => due++;
  await t.run(async (task) => {
    await t.makeIdle(task);
    await t.send(task, 1);
    await t.rt.sleep(task, 60);
    t.ap.script('dqap', { psmid: 1n, reply: new Uint8Array(1), queueEmpty: true });
    await t.queue.poll(task);
    await t.rt.sleep(task, 200);
  });
  expect(due).toBe(0);
});

test('a checkstop ends the requests, recovery begins with a reset', async () => {
  const t = new QueueUnderTest();
  await t.run(async (task) => {
    await t.makeIdle(task);
    await t.send(task, 1);
    expect(await t.queue.setCheckstop(task, true)).toBe(true);
    expect(await t.queue.setCheckstop(task, true)).toBe(false);
    expect([t.queue.deviceState, t.queue.lastErrRc]).toEqual(['ERROR', Rc.CHECKSTOPPED]);
    await t.queue.setCheckstop(task, false);
    expect([t.queue.deviceState, t.queue.smState]).toEqual(['OPERATING', 'RESET_WAIT']);
  });
  expect(t.ends).toEqual(['1: EAGAIN']);
});

test('a queue that was never initiated only remembers the flags', async () => {
  const t = new QueueUnderTest({ config: false });
  await t.run(async (task) => {
    await t.queue.setConfig(task, true);
    expect([t.queue.deviceState, t.queue.config]).toEqual(['UNINITIATED', true]);
    expect(await t.queue.queueMessage(task, t.message(1))).toBe(ENODEV);
  });
  expect(t.ap.calls).toEqual([]);
});

test('removal: requests end, then ZAPQ, then nothing any more', async () => {
  const t = new QueueUnderTest({ depth: 1 });
  await t.run(async (task) => {
    await t.makeIdle(task);
    await t.send(task, 1, 2);
    t.ap.calls.length = 0;
    await t.queue.prepareRemove(task);
    expect([t.queue.deviceState, t.ends]).toEqual(['SHUTDOWN', ['1: EAGAIN', '2: EAGAIN']]);
    await t.queue.remove(task);
    expect([t.queue.deviceState, t.ap.calls]).toEqual(['UNINITIATED', ['zapq']]);
    expect(await t.queue.poll(task)).toBe('none');
  });
  expect(t.ap.calls).toEqual(['zapq']);
});

test('a reset by hand ends the requests and does not leave ERROR', async () => {
  const t = new QueueUnderTest();
  await t.run(async (task) => {
    await t.makeIdle(task);
    await t.send(task, 1);
    await t.queue.reset(task);
    expect([t.queue.smState, t.ends]).toEqual(['RESET_WAIT', ['1: EAGAIN']]);
    t.ap.script('tapq', { rc: Rc.Q_NOT_AVAIL });
    await t.queue.poll(task);
    await t.queue.reset(task);
    expect([t.queue.deviceState, t.queue.smState]).toEqual(['ERROR', 'RESET_WAIT']);
  });
});

test('flush names the errno; the counter is cleared by hand', async () => {
  const t = new QueueUnderTest({ depth: 1 });
  await t.run(async (task) => {
    await t.makeIdle(task);
    await t.send(task, 1, 2);
    await t.queue.flush(task, EAGAIN);
    expect([t.queue.queueCount, t.queue.requestqCount, t.queue.pendingqCount, t.queue.totalRequests]).toEqual([0, 0, 0, 2]);
    t.queue.clearTotalRequests();
    expect(t.queue.totalRequests).toBe(0);
  });
  expect(t.ends).toEqual(['1: EAGAIN', '2: EAGAIN']);
});

test('without a reply buffer nothing is received', async () => {
  const t = new QueueUnderTest({ replyBuffer: 0 });
  await t.run(async (task) => {
    await t.makeIdle(task);
    await t.send(task, 1);
    expect(await t.queue.poll(task)).toBe('none');
    expect(t.ap.calls).toEqual(['nqap 1']);
    t.ap.script('dqap', { psmid: 1n, reply: new Uint8Array(4), queueEmpty: true });
    await t.queue.installReplyBuffer(task, 4096);
    expect(t.ends).toEqual(['1: ok']);
  });
});

describe('association', () => {
  test('ends in IDLE when the queue is usable', async () => {
    const t = new QueueUnderTest();
    await t.run(async (task) => {
      await t.makeIdle(task);
      expect(await t.queue.awaitAssociation(task, 7)).toBe('none');
      expect(t.queue.smState).toBe('IDLE');
    });
  });

  test('ends in ERROR when it failed', async () => {
    const t = new QueueUnderTest();
    await t.run(async (task) => {
      await t.makeIdle(task);
      t.ap.script('tapq', { rc: Rc.ASSOC_FAILED, asyncError: true });
      await t.queue.awaitAssociation(task, 7);
      expect([t.queue.deviceState, t.queue.lastErrRc]).toEqual(['ERROR', Rc.ASSOC_FAILED]);
    });
  });
});
