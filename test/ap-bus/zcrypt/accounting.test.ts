/**
 * Property: whatever happens to cards, masks and tasks meanwhile, every request ends exactly once, with a right result or an errno that
 * the interface has; afterwards no load, no request and no counter is left over.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EAGAIN, EINVAL, EIO, ENODEV, ERESTARTSYS } from '../../../src/base/errno.ts';
import type { ApQueue } from '../../../src/ap-driver/ap-queue.ts';
import { encodeErrorReply } from '../../../src/crypto-adapters/messages/error-reply.ts';
import { clearSignal } from '../../../src/locks/signal.ts';
import type { Task } from '../../../src/runtime/task.ts';
import { Puppet, cube, eight, errnoOf } from './puppet.ts';
import { RUNTIMES, onMachine, typeOf, type Machine, type RuntimeKind } from '../machine.ts';

const ADAPTERS = [3, 4, 5] as const;
const TYPES = ['CEX8C', 'CEX8A', 'CEX7A'] as const;
const LENGTHS = [64, 128, 256, 512] as const;

type Disturbance = readonly [what: number, adapter: number, value: number];

const disturbances: readonly ((m: Machine, task: Task, adapter: number, value: number) => unknown)[] = [
  (m, task, adapter, value) => m.write(task, `/sys/devices/ap/card0${adapter}/online`, `${value & 1}`),
  (m, task, adapter, value) =>
    m.write(task, `/sys/devices/ap/card0${adapter}/0${adapter}.000${value & 1 ? 'd' : '6'}/online`, `${(value >> 1) & 1}`),
  (m, task, adapter) => m.write(task, `/sys/devices/ap/card0${adapter}/0${adapter}.0006/reset`, '1'),
  (m, task, adapter) => m.write(task, `/sys/devices/ap/card0${adapter}/request_count`, '0'),
  (m, task, adapter, value) => m.write(task, '/sys/bus/ap/apmask', `${value & 1 ? '+' : '-'}${adapter}`),
  (m, _task, adapter, value) => m.hardware.configure(adapter, (value & 1) === 1),
  (m, _task, adapter, value) => m.hardware.checkstop(adapter, (value & 1) === 1),
  (m, _task, adapter) => m.hardware.unplug(adapter),
  (m, _task, adapter) => m.hardware.adapter(adapter) ?? m.hardware.plug({ id: adapter, type: typeOf(TYPES[adapter - 3]!) }),
  (m, task) => m.bus.forceRescan(task),
  (m, task, _adapter, value) => m.rt.sleep(task, value),
];

/** Everybody can be served again, so that whoever still waits gets an answer. */
async function repair(m: Machine, task: Task): Promise<void> {
  await m.write(task, '/sys/bus/ap/apmask', `0x${'f'.repeat(64)}`);
  for (const adapter of ADAPTERS) {
    if (m.hardware.adapter(adapter) === undefined) m.hardware.plug({ id: adapter, type: typeOf(TYPES[adapter - 3]!) });
    m.hardware.configure(adapter, true);
    m.hardware.checkstop(adapter, false);
  }
  // One change of a queue a scan.
  for (let scan = 0; scan < 4; scan++) await m.bus.forceRescan(task);
}

interface Plan {
  readonly users: readonly (readonly number[])[];
  readonly disturbances: readonly Disturbance[];
  readonly errorEvery: number;
  readonly signals: boolean;
}

async function play(kind: RuntimeKind, plan: Plan): Promise<void> {
  const puppet = new Puppet();
  let replies = 0;
  puppet.answer = (reply) => (++replies % plan.errorEvery === 0 ? encodeErrorReply(0x82, replies & 1 ? 0x10 : 0x84) : reply);
  const hardware = { adapters: ADAPTERS.map((id) => ({ id, type: typeOf(TYPES[id - 3]!) })), service: () => 0.3 };
  await onMachine(kind, { wrap: puppet.wrap, hardware }, async (m, task) => {
    const file = m.bus.zcrypt.open();
    let asked = 0;
    let answered = 0;
    const queues = new Set<ApQueue>();
    const see = (): void => {
      for (const { queue } of m.bus.queues()) if (queue !== null) queues.add(queue);
    };
    const users = plan.users.map((lengths, index) =>
      m.rt.spawn(`user ${index}`, async (own) => {
        for (const choice of lengths) {
          const length = LENGTHS[choice % LENGTHS.length]!;
          asked++;
          const answer = await file.rsaModExpo(own, cube(length));
          answered++;
          clearSignal(own);
          const errno = errnoOf(answer);
          if (errno === 0) expect(answer).toEqual({ output: eight(length) });
          else expect([EINVAL, EIO, ENODEV, ERESTARTSYS]).toContain(errno);
          expect(errno).not.toBe(EAGAIN);
          for (const card of m.bus.zcrypt.cards.cards) expect(card.load.value).toBeGreaterThanOrEqual(0);
          expect([...m.bus.zcrypt.loadProblems()]).toEqual([]);
        }
      }),
    );
    for (const [what, adapter, value] of plan.disturbances) {
      see();
      await disturbances[what % disturbances.length]!(m, task, ADAPTERS[adapter % 3]!, value);
      if (plan.signals && value % 5 === 0) m.layer.interrupt(task, users[value % users.length]!);
    }
    await repair(m, task);
    for (const user of users) await m.rt.join(task, user);
    see();
    expect(answered).toBe(asked);
    expect([...m.bus.zcrypt.loadProblems()]).toEqual([]);
    for (const card of m.bus.zcrypt.cards.cards) expect(card.load.value).toBe(0);
    for (const queue of queues) {
      expect([queue.requestqCount, queue.pendingqCount]).toEqual([0, 0]);
      expect(queue.queueCount).toBeGreaterThanOrEqual(0);
      expect(queue.totalRequests).toBeGreaterThanOrEqual(0);
      expect(queue.account.open).toBe(0);
    }
  });
}

const plans: fc.Arbitrary<Plan> = fc.record({
  users: fc.array(fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
  disturbances: fc.array(fc.tuple(fc.nat(10), fc.nat(2), fc.nat(9)), { maxLength: 16 }),
  errorEvery: fc.integer({ min: 2, max: 50 }),
  signals: fc.boolean(),
});

test.each(RUNTIMES)('every request ends once, and nothing is left over (%s runtime)', (kind) =>
  fc.assert(
    fc.asyncProperty(plans, (plan) => play(kind, plan)),
    { numRuns: kind === 'live' ? 25 : 60, seed: 20260 },
  ),
);
