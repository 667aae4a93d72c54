/**
 * Goal: the checker of requests fires when a request ends never, twice or without its books, when a count is wrong, and when a message is
 * freed too early or never; and only then. Method: a queue over scripted instructions whose inside is spoilt by hand.
 */
import { describe, expect, test } from 'vitest';
import { RequestWatch } from '../../src/checkers/request-accounting.ts';
import { EAGAIN, OK } from '../../src/base/errno.ts';
import { QueueLedger } from '../../src/ap-driver/queue-ledger.ts';
import type { QueueState } from '../../src/ap-driver/queue-state.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import { Findings } from '../../src/locks/finding.ts';
import type { Task } from '../../src/runtime/task.ts';
import { QueueUnderTest } from '../helpers/queue-under-test.ts';

const END = 'invariant: requests end exactly once: ';
const COUNTS = 'invariant: counts of a queue are never negative: ';
const FREED = 'invariant: messages are freed, when no queue has them: ';

interface Spoiling {
  readonly t: QueueUnderTest;
  readonly task: Task;
  readonly state: QueueState;
  readonly ledger: QueueLedger;
}

/** Two requests are on the hardware, one waits; what the watch says of `spoil`, at a poll behind it, and at rest. */
async function watched(spoil: (spoiling: Spoiling) => unknown): Promise<string[]> {
  const t = new QueueUnderTest({ depth: 2 });
  const findings = new Findings();
  const watch = new RequestWatch(t.layer, findings);
  const { state } = t.queue as unknown as { state: QueueState };
  await t.run(async (task) => {
    await t.makeIdle(task);
    await t.send(task, 1, 2, 3);
    await spoil({ t, task, state, ledger: QueueLedger.of(t.rt) });
    await t.queue.poll(task);
    await t.queue.flush(task, EAGAIN);
    watch.atRest();
  });
  expect(watch.checks).toBeGreaterThan(5);
  return findings.list.map(({ title }) => title);
}

test('nothing is said of a queue that works, whose requests are answered, refused, taken back, sent again, or that is removed', async () => {
  const said = await watched(async ({ t, task, ledger }) => {
    t.ap.script('dqap', { psmid: 1n, queueEmpty: false }, { rc: Rc.NO_PENDING_REPLY, queueEmpty: true });
    await t.queue.poll(task);
    using message = ledger.allocate(9n, new Uint8Array(4), 100, () => undefined);
    await t.queue.queueMessage(task, message);
    expect(await t.queue.cancel(task, message)).toBe(true);
    t.ap.script('nqap', { rc: Rc.MESSAGE_TOO_BIG });
    await t.queue.poll(task);
    await t.queue.prepareRemove(task);
    await t.queue.remove(task);
    expect([...ledger.queues]).toEqual([]);
  });
  expect(said).toEqual([]);
});

describe('said is', () => {
  test('that a request was lost', async () => {
    expect(await watched(({ state }) => state.pendingq.pop())).toEqual([
      `${END}queue 05.0004: 3 accepted, 0 ended, 0 taken back, but 2 requests are on its lists`,
    ]);
  });

  test('that a request is on two lists', async () => {
    const said = await watched(({ state }) => {
      state.requestq.push(state.pendingq[0]!);
      return expect(() => state.flush()).toThrow('ends a second time');
    });
    expect(said).toEqual([`${END}queue 05.0004: request 1 ends a second time with -11, it had ended with -11`]);
  });

  test('that a request ended twice', async () => {
    const said = await watched(({ state }) => {
      const message = state.takePending(1n)!;
      message.complete(OK, new Uint8Array(1));
      expect(() => message.complete(EAGAIN, null)).toThrow('request 1 ends a second time with -11, it had ended with 0');
    });
    expect(said).toEqual([`${END}queue 05.0004: request 1 ends a second time with -11, it had ended with 0`]);
  });

  test('that a request was accepted again', async () => {
    const said = await watched(async ({ t, task, state }) => {
      await t.queue.queueMessage(task, state.pendingq[0]!).then(() => state.requestq.pop());
    });
    expect(said[0]).toBe(`${END}queue 05.0004: request 1 is accepted again`);
  });

  test('that a request has not ended at rest', async () => {
    const t = new QueueUnderTest();
    const findings = new Findings();
    const watch = new RequestWatch(t.layer, findings);
    await t.run(async (task) => {
      await t.makeIdle(task);
      await t.send(task, 1);
    });
    watch.atRest();
    expect(findings.list.map(({ title }) => title)).toEqual([`${END}queue 05.0004: 1 requests were accepted and have not ended`]);
  });

  test('that a count is negative', async () => {
    expect(await watched(({ state }) => void (state.totalRequests = -1))).toEqual([`${COUNTS}queue 05.0004: request_count is -1`]);
    expect(await watched(({ state }) => void (state.queueCount = Number.NaN))).toEqual([`${COUNTS}queue 05.0004: queue_count is NaN`]);
  });

  test('that a message is freed which the queue still has', async () => {
    const said = await watched(async ({ t, task, ledger }) => {
      using message = ledger.allocate(0xabn, new Uint8Array(4), 100, () => undefined);
      await t.queue.queueMessage(task, message);
    });
    expect(said).toEqual([`${FREED}message 0xab is freed while a queue has it`]);
  });

  test('that a message was never freed', async () => {
    const said = await watched(({ ledger }) => ledger.allocate(1n, new Uint8Array(4), 100, () => undefined));
    expect(said).toEqual([`${FREED}1 messages are left`]);
  });
});

test('queues that were there before the watch are watched, too', async () => {
  const t = new QueueUnderTest();
  const findings = new Findings();
  await t.run(async (task) => {
    await t.makeIdle(task);
    await t.send(task, 1);
    const watch = new RequestWatch(t.layer, findings);
    (t.queue as unknown as { state: QueueState }).state.pendingq.length = 0;
    await t.queue.poll(task);
    expect(watch.checks).toBe(1);
  });
  expect(findings.list).toHaveLength(1);
});
