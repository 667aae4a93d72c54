/**
 * Goal: the queue state machine does what the cases F1 to F19 of the AP bus say. Method: a queue object over scripted instructions; each
 * test scripts the response codes of its case and looks at states, calls and ends of requests.
 */
import { expect, test } from 'vitest';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import { ApTasklet } from '../../src/ap-driver/ap-tasklet.ts';
import { QueueUnderTest } from '../helpers/queue-under-test.ts';

const reply = (psmid: number, bytes = 10): { rc: number; psmid: bigint; reply: Uint8Array } => ({
  rc: Rc.NORMAL,
  psmid: BigInt(psmid),
  reply: new Uint8Array(bytes),
});

test('bus-F1 a new queue goes by way of SETIRQ_WAIT to IDLE with interrupts', async () => {
  const t = new QueueUnderTest();
  await t.run(async (task) => {
    expect([t.queue.deviceState, t.queue.smState]).toEqual(['UNINITIATED', 'RESET_START']);
    expect(await t.queue.initState(task)).toBe('low-timeout');
    expect([t.queue.deviceState, t.queue.smState]).toEqual(['OPERATING', 'RESET_WAIT']);
    expect(await t.queue.poll(task)).toBe('low-timeout');
    expect(t.queue.smState).toBe('SETIRQ_WAIT');
    t.ap.irqEnabled = true;
    expect(await t.queue.poll(task)).toBe('low-timeout');
    expect(t.queue.smState).toBe('IDLE');
  });
  expect(t.ap.calls).toEqual(['rapq', 'tapq', 'aqic on', 'tapq', 'tapq']);
});

test('bus-F1 a new queue goes directly to IDLE without interrupts', async () => {
  const t = new QueueUnderTest();
  t.interrupts = false;
  await t.run(async (task) => {
    await t.queue.initState(task);
    expect(await t.queue.poll(task)).toBe('none');
    expect(t.queue.smState).toBe('IDLE');
  });
  expect(t.ap.calls).toEqual(['rapq', 'tapq']);
});

test('bus-F3 a running reset is polled at the low rate', async () => {
  const t = new QueueUnderTest();
  t.ap.script('tapq', { rc: Rc.RESET_IN_PROGRESS }, { rc: Rc.RESET_IN_PROGRESS }, { rc: Rc.BUSY });
  await t.run(async (task) => {
    await t.queue.initState(task);
    for (let n = 0; n < 3; n++) {
      expect(await t.queue.poll(task)).toBe('low-timeout');
      expect(t.queue.smState).toBe('RESET_WAIT');
    }
    await t.queue.poll(task);
    expect(t.queue.smState).toBe('SETIRQ_WAIT');
  });
});

test('bus-F5 ten requests at once: eight are sent, after one reply the ninth', async () => {
  const t = new QueueUnderTest();
  await t.run(async (task) => {
    await t.makeIdle(task);
    await t.send(task, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    expect([t.queue.smState, t.queue.requestqCount, t.queue.pendingqCount, t.queue.totalRequests]).toEqual(['QUEUE_FULL', 2, 8, 10]);
    t.ap.script('dqap', { ...reply(1), queueEmpty: false });
    t.ap.calls.length = 0;
    expect(await t.queue.poll(task)).toBe('interrupt');
    expect(t.ap.calls.filter((call) => call.startsWith('nqap'))).toEqual(['nqap 9']);
    expect([t.queue.requestqCount, t.queue.pendingqCount]).toEqual([1, 8]);
  });
  expect(t.ends).toEqual(['1: ok']);
});

test('bus-F5 the state after a reply is WORKING, and the hardware may be full before its depth is reached', async () => {
  const t = new QueueUnderTest();
  await t.run(async (task) => {
    await t.makeIdle(task);
    t.ap.script('nqap', {}, {}, { rc: Rc.Q_FULL });
    await t.send(task, 1, 2, 3);
    expect([t.queue.smState, t.queue.requestqCount, t.queue.pendingqCount]).toEqual(['QUEUE_FULL', 1, 2]);
    t.ap.script('dqap', { ...reply(1), queueEmpty: false });
    t.ap.script('nqap', { rc: Rc.RESET_IN_PROGRESS });
    expect(await t.queue.poll(task)).toBe('low-timeout');
    expect([t.queue.smState, t.queue.requestqCount]).toEqual(['RESET_WAIT', 1]);
  });
});

test.each([Rc.MESSAGE_TOO_BIG, Rc.REQ_FAC_NOT_INST, Rc.INVALID_DOMAIN])('bus-F7 NQAP code %i ends that request only', async (rc) => {
  const t = new QueueUnderTest();
  await t.run(async (task) => {
    await t.makeIdle(task);
    t.ap.script('nqap', { rc: Rc.RESET_IN_PROGRESS }, { rc });
    await t.send(task, 1, 2);
    await t.queue.poll(task);
    await t.queue.poll(task);
    expect([t.queue.smState, t.queue.pendingqCount, t.queue.deviceState]).toEqual(['WORKING', 1, 'OPERATING']);
  });
  expect(t.ap.calls.filter((call) => call.startsWith('nqap'))).toEqual(['nqap 1', 'nqap 1', 'nqap 2']);
  expect(t.ends).toEqual(['1: EINVAL']);
});

test('bus-F9 a reply nobody waits for is discarded with a warning', async () => {
  const t = new QueueUnderTest();
  await t.run(async (task) => {
    await t.makeIdle(task);
    await t.send(task, 1, 2);
    t.ap.script('dqap', { ...reply(0x77), queueEmpty: false });
    await t.queue.poll(task);
    expect([t.queue.queueCount, t.queue.pendingqCount]).toEqual([1, 2]);
    t.ap.script('dqap', { ...reply(2), queueEmpty: false }, { ...reply(1), queueEmpty: true });
    await t.queue.poll(task);
    expect([t.queue.queueCount, t.queue.pendingqCount, t.queue.smState]).toEqual([0, 0, 'IDLE']);
  });
  expect(t.warnings).toEqual(['05.0004: reply with unknown psmid 0x77 discarded']);
  expect(t.ends).toEqual(['2: ok', '1: ok']);
});

test('bus-F9 the late reply to a cancelled request is such a reply', async () => {
  const t = new QueueUnderTest();
  await t.run(async (task) => {
    await t.makeIdle(task);
    const message = t.message(5);
    await t.queue.queueMessage(task, message);
    expect(await t.queue.cancel(task, message)).toBe(true);
    expect(await t.queue.cancel(task, message)).toBe(false);
    t.ap.script('dqap', reply(5));
    await t.queue.poll(task);
    expect(message.rc).toBeNull();
  });
  expect(t.warnings).toHaveLength(1);
});

test('bus-F11 requests that the hardware has forgotten are sent again in order', async () => {
  const t = new QueueUnderTest();
  await t.run(async (task) => {
    await t.makeIdle(task);
    await t.send(task, 1, 2, 3);
    t.ap.calls.length = 0;
    t.ap.script('dqap', { rc: Rc.NO_PENDING_REPLY, queueEmpty: true });
    await t.queue.poll(task);
    expect(t.ap.calls.filter((call) => call.startsWith('nqap'))).toEqual(['nqap 1', 'nqap 2', 'nqap 3']);
    expect([t.queue.requestqCount, t.queue.pendingqCount, t.queue.queueCount]).toEqual([0, 3, 3]);
  });
  expect(t.ends).toEqual([]);
});

test('bus-F11 they come before requests that wait, and interrupts lost on the way are enabled again', async () => {
  const t = new QueueUnderTest({ depth: 2 });
  await t.run(async (task) => {
    await t.makeIdle(task);
    await t.send(task, 1, 2, 3);
    t.ap.calls.length = 0;
    t.ap.script('dqap', { rc: Rc.NO_PENDING_REPLY, queueEmpty: true, irqEnabled: false });
    await t.queue.poll(task);
    await t.queue.poll(task);
  });
  expect(t.ap.calls.slice(0, 3)).toEqual(['dqap 12288', 'aqic on', 'tapq']);
  expect(t.ap.calls.filter((call) => call.startsWith('nqap'))).toEqual(['nqap 1', 'nqap 2']);
  expect(t.queue.requestqCount).toBe(1);
});

test('bus-F13 a reply larger than the buffer of the queue ends with EMSGSIZE', async () => {
  const t = new QueueUnderTest({ replyBuffer: 64 });
  await t.run(async (task) => {
    await t.makeIdle(task);
    await t.send(task, 1);
    t.ap.script('dqap', { rc: Rc.PARTIAL, psmid: 1n, reply: new Uint8Array(64), residual: 30 }, reply(1, 30));
    await t.queue.poll(task);
  });
  expect(t.ap.calls.filter((call) => call === 'dqap 64')).toHaveLength(3);
  expect(t.ends).toEqual(['1: EMSGSIZE']);
});

test('bus-F13 so does one larger than the buffer of the request', async () => {
  const t = new QueueUnderTest();
  await t.run(async (task) => {
    await t.makeIdle(task);
    const [small, fitting] = [t.message(1, 9), t.message(2, 10)];
    await t.queue.queueMessage(task, small);
    await t.queue.queueMessage(task, fitting);
    t.ap.script('dqap', { ...reply(1), queueEmpty: false }, { ...reply(2), queueEmpty: true });
    await t.queue.poll(task);
    expect([small.reply, fitting.reply?.length]).toEqual([null, 10]);
  });
  expect(t.ends).toEqual(['1: EMSGSIZE', '2: ok']);
});

test('bus-F15 no instruction is issued while the queue is deconfigured', async () => {
  const t = new QueueUnderTest();
  await t.run(async (task) => {
    await t.makeIdle(task);
    expect(await t.queue.setConfig(task, false)).toBe(true);
    expect([t.queue.deviceState, t.queue.lastErrRc, t.queue.usable()]).toEqual(['ERROR', Rc.DECONFIGURED, false]);
    expect(await t.queue.poll(task)).toBe('none');
    expect(await t.queue.timeout(task)).toBe('none');
    expect(await t.queue.reset(task)).toBe('none');
    expect(t.ap.calls).toEqual([]);
    await t.queue.setConfig(task, true);
    expect([t.queue.deviceState, t.queue.smState]).toEqual(['OPERATING', 'RESET_WAIT']);
    expect(t.ap.calls).toEqual(['rapq']);
  });
});

test('bus-F19 a running low-rate timer is not shortened by a high-rate wait', async () => {
  const t = new QueueUnderTest();
  const fired: number[] = [];
  const tasklet = new ApTasklet(t.rt, { schedule: () => fired.push(t.rt.now()), useInterrupts: () => false });
  await t.run(async (task) => {
    tasklet.act('low-timeout');
    tasklet.act('high-timeout');
    await t.rt.sleep(task, 39);
    expect(fired).toEqual([]);
    await t.rt.sleep(task, 2);
    expect(fired).toEqual([40]);
    tasklet.act('high-timeout');
    await t.rt.sleep(task, 1);
  });
  expect(fired).toEqual([40, 41.25]);
});
