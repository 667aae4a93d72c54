/**
 * Goal: the state machine of a queue is that of the specification: every state, event, response code and count, one step at a time; and any
 * sequence of events, requests and things that happen to the queue. Method: the same answers to the product's machine and to a reference
 * that was written from the tables; compared after each step are states, counts, lists, ends, instructions and the wait.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EAGAIN, ENODEV } from '../../src/base/errno.ts';
import type { QueueMachine } from '../../src/ap-driver/queue-machine.ts';
import type { DeviceState, QueueState } from '../../src/ap-driver/queue-state.ts';
import type { ApMessage } from '../../src/ap-driver/ap-message.ts';
import type { ApQueue } from '../../src/ap-driver/ap-queue.ts';
import type { TapqResult } from '../../src/crypto-adapters/ap-instructions.ts';
import type { Task } from '../../src/runtime/task.ts';
import { QueueReference, SM_STATES, type RefSm, type RefWait } from '../helpers/queue-reference.ts';
import { QueueUnderTest } from '../helpers/queue-under-test.ts';
import type { Answer, Instruction } from '../helpers/scripted-instructions.ts';

const DEPTH = 3;
const BUFFER = 64;
const CODES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0a, 0x0b, 0x10, 0x11, 0x13, 0x15, 0x16, 0x30, 0x36, 0x42, 0x77, 0xff];

type BoundAnswer = Answer & { readonly bindState: number };
/** Nobody gets it. */
const NEVER: BoundAnswer = { rc: 0x77, bindState: 0 };

/** The product's queue with its inside in the open, and the reference; both get what `answers` says, in the order in which they ask. */
class Pair {
  readonly t: QueueUnderTest;
  readonly ref: QueueReference;
  readonly asked: string[] = [];
  readonly expected: string[] = [];
  answers: (n: number, instruction: Instruction) => BoundAnswer;
  private readonly count = { product: 0, reference: 0 };

  constructor(answers: (n: number, instruction: Instruction) => BoundAnswer, interrupts: boolean) {
    this.answers = answers;
    this.t = new QueueUnderTest({ depth: DEPTH, replyBuffer: 0 });
    this.t.interrupts = interrupts;
    this.ref = new QueueReference({
      depth: DEPTH,
      interrupts: () => interrupts,
      ask: (instruction, detail) => {
        this.expected.push(`${instruction} ${detail}`);
        return this.answers(this.count.reference++, instruction);
      },
    });
    const next = (instruction: Instruction, detail: number): { status: never; answer: BoundAnswer } => {
      this.asked.push(`${instruction} ${detail}`);
      const answer = this.answers(this.count.product++, instruction);
      const status = { queueEmpty: true, repliesWaiting: false, queueFull: false, asyncError: false, irqEnabled: false, rc: 0, ...answer };
      return { status: status as never, answer };
    };
    Object.assign(this.t.ap, {
      tapq: (): TapqResult => {
        const { status, answer } = next('tapq', 0);
        return { status, info: { functions: (answer.bindState << 14) | 0x92000000, type: 14, domains: 255, ml: 3, depth: DEPTH - 1 } };
      },
      rapq: (_task: Task, _apqn: number, unbinds = false) => next('rapq', unbinds ? 1 : 0).status,
      zapq: () => ({ rc: 0 }),
      aqic: () => next('aqic', 0).status,
      nqap: (_task: Task, _apqn: number, { psmid }: { psmid: bigint }) => next('nqap', Number(psmid)).status,
      dqap: (_task: Task, _apqn: number, capacity: number) => {
        const { status, answer } = next('dqap', capacity);
        return { status, psmid: answer.psmid ?? 0n, reply: new Uint8Array(4), residual: answer.residual ?? 0 };
      },
    });
  }

  get queue(): ApQueue {
    return this.t.queue;
  }

  get inside(): { state: QueueState; machine: QueueMachine } {
    return this.queue as unknown as { state: QueueState; machine: QueueMachine };
  }

  /** Everything that can be compared, of the product. */
  get product(): unknown {
    const { state, machine } = this.inside;
    const psmids = (list: readonly ApMessage[]): number[] => list.map(({ psmid }) => Number(psmid));
    const { deviceState, smState, lastErrRc, config, chkstop, queueCount, totalRequests, bindState, unbinds, associationIndex } = state;
    return {
      ...{ device: deviceState, sm: smState, lastErr: lastErrRc, config, chkstop, count: queueCount, total: totalRequests },
      ...{ bindState, unbinds, association: associationIndex, buffer: machine.replyBuffer },
      ...{ requestq: psmids(state.requestq), pendingq: psmids(state.pendingq), ends: [...this.t.ends], asked: [...this.asked] },
    };
  }

  get reference(): unknown {
    const { device, sm, lastErr, config, chkstop, count, total, bindState, unbinds, association, buffer } = this.ref;
    const { requestq, pendingq, ends } = this.ref;
    return {
      ...{ device, sm, lastErr, config, chkstop, count, total, bindState, unbinds, association, buffer },
      ...{ requestq, pendingq, ends: [...ends], asked: [...this.expected] },
    };
  }

  /** Puts both into one state; requests 1, 2, ... are sent, those behind them wait. */
  place(sm: RefSm, at: { device: DeviceState; count: number; waiting: number; buffer: number }): void {
    const { state, machine } = this.inside;
    const sent = Array.from({ length: at.count }, (_, i) => i + 1);
    const waiting = Array.from({ length: at.waiting }, (_, i) => at.count + i + 1);
    Object.assign(this.ref, {
      sm,
      device: at.device,
      count: at.count,
      buffer: at.buffer,
      pendingq: sent,
      requestq: waiting,
      association: 9,
    });
    Object.assign(state, { smState: sm, deviceState: at.device, queueCount: at.count, associationIndex: 9 });
    machine.replyBuffer = at.buffer;
    for (const list of [state.pendingq, state.requestq, this.ref.ends, this.t.ends, this.asked, this.expected]) list.length = 0;
    for (const one of [state, this.ref]) Object.assign(one, { bindState: 0, unbinds: false });
    this.ref.lastErr = state.lastErrRc = 0;
    this.count.product = this.count.reference = 0;
    for (const [list, psmids] of [[state.pendingq, sent] as const, [state.requestq, waiting] as const]) {
      for (const psmid of psmids) {
        const message = this.t.message(psmid);
        message.enter(this.queue.account);
        list.push(message);
      }
    }
  }
}

const BITS = [false, true];
const DEVICES = ['OPERATING', 'SHUTDOWN', 'ERROR', 'UNINITIATED'] as const;
const LISTS = [
  [0, BUFFER],
  [1, BUFFER],
  [2, 0],
] as const;

/** Every answer to the first instruction of a step. Where the code is NORMAL the bind state counts, too. */
function* firstAnswers(): IterableIterator<BoundAnswer> {
  for (const rc of CODES) {
    for (const bindState of rc === 0 ? [0, 1, 2, 3] : [1]) {
      for (const queueEmpty of BITS) {
        for (const irqEnabled of BITS) {
          for (const asyncError of BITS)
            yield { rc, bindState, queueEmpty, irqEnabled, asyncError, psmid: 1n, residual: rc === 0xff ? 5 : 0 };
        }
      }
    }
  }
}

/** One step with this answer to the first instruction, and to those after it an answer with which a queue goes on. */
async function oneStep(task: Task, pair: Pair, sm: RefSm, event: 'POLL' | 'TIMEOUT', first: BoundAnswer): Promise<number> {
  const later: BoundAnswer = { rc: 0, queueEmpty: false, irqEnabled: false, bindState: 0, psmid: 2n };
  let steps = 0;
  pair.answers = (n) => (n === 0 ? first : later);
  for (const device of first.rc === 0 ? DEVICES : DEVICES.slice(0, 1)) {
    for (const count of [0, 1, DEPTH - 1, DEPTH]) {
      for (const [waiting, buffer] of LISTS) {
        pair.place(sm, { device, count, waiting, buffer });
        const wait = await pair.inside.machine.event(task, event);
        const expected = pair.ref.event(event);
        const [got, wanted] = [JSON.stringify([wait, pair.product]), JSON.stringify([expected, pair.reference])];
        // Plain comparisons of texts: there are tens of thousands of them.
        if (got !== wanted)
          expect(got, JSON.stringify({ sm, event, first: { ...first, psmid: 1 }, device, count, waiting, buffer })).toBe(wanted);
        steps++;
      }
    }
  }
  return steps;
}

describe.each(SM_STATES)('one step in %s is that of the table', (sm) => {
  test.each(['POLL', 'TIMEOUT'] as const)('%s, with every response code, status bit, count and device state', async (event) => {
    let steps = 0;
    for (const interrupts of BITS) {
      const pair = new Pair(() => NEVER, interrupts);
      await pair.t.run(async (task) => {
        for (const first of firstAnswers()) steps += await oneStep(task, pair, sm, event, first);
      });
    }
    expect(steps).toBe(2 * 8 * 4 * 3 * (4 * 4 + CODES.length - 1));
  });
});

const answer = fc.record({
  rc: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(0, 0, 0, 0x10, 2) }, { weight: 1, arbitrary: fc.constantFrom(...CODES) }),
  queueEmpty: fc.boolean(),
  irqEnabled: fc.boolean(),
  asyncError: fc.constantFrom(false, false, false, false, false, false, true),
  psmid: fc.integer({ min: 0, max: 12 }).map(BigInt),
  residual: fc.constantFrom(0, 7),
  bindState: fc.constantFrom(0, 0, 1, 2, 3),
});
const action = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'poll' as const }) },
  { weight: 6, arbitrary: fc.constant({ kind: 'send' as const }) },
  fc.constantFrom('timeout', 'flush', 'reset', 'heal', 'init', 'unbind', 'associate').map((kind) => ({ kind })),
  fc.constantFrom('config', 'chkstop').chain((kind) => fc.boolean().map((on) => ({ kind, on }))),
  fc.integer({ min: 1, max: 12 }).map((psmid) => ({ kind: 'cancel' as const, psmid })),
  fc.constantFrom({ kind: 'remove' }),
);
type Action = { readonly kind: string; readonly on?: boolean; readonly psmid?: number };

/** What an action answers by the specification; its wait, or whether there was something to do. */
function byReference(ref: QueueReference, { kind, on = false, psmid = 0 }: Action, next: number): RefWait | boolean | null {
  switch (kind) {
    case 'poll':
      return ref.loop();
    case 'timeout':
      return ref.event('TIMEOUT');
    case 'send':
      return ref.send(next);
    case 'cancel':
      return ref.cancel(psmid);
    case 'flush':
      ref.flush();
      return null;
    case 'init':
      return ref.init();
    case 'unbind':
      ref.flush();
      ref.unbinds = true;
      return ref.init();
    case 'associate':
      ref.association = 7;
      ref.sm = 'ASSOC_WAIT';
      return ref.event('POLL');
    case 'reset':
      ref.flush();
      ref.sm = 'RESET_START';
      return ref.event('POLL');
    case 'heal':
      if (ref.device !== 'ERROR' || !ref.config) return false;
      ref.flush();
      ref.init();
      return true;
    case 'remove':
      ref.flush();
      ref.device = 'UNINITIATED';
      return null;
    default:
      return flags(ref, kind, on);
  }
}

/** 4.4: a queue follows its adapter. */
function flags(ref: QueueReference, kind: string, on: boolean): boolean {
  if ((kind === 'config' ? ref.config : ref.chkstop) === on) return false;
  if (kind === 'config') ref.config = on;
  else ref.chkstop = on;
  if (ref.device === 'UNINITIATED') return true;
  if (on === (kind === 'config')) ref.init();
  else {
    ref.fail(kind === 'config' ? 3 : 4);
    ref.flush();
  }
  return true;
}

async function byProduct(task: Task, pair: Pair, action: Action, messages: Map<number, ApMessage>): Promise<unknown> {
  const { queue, t } = pair;
  switch (action.kind) {
    case 'send': {
      const message = t.message(messages.size + 1);
      messages.set(messages.size + 1, message);
      const rc = await queue.queueMessage(task, message);
      expect([0, ENODEV]).toContain(rc);
      return rc === 0;
    }
    case 'cancel': {
      const message = messages.get(action.psmid!);
      return message === undefined ? false : await queue.cancel(task, message);
    }
    case 'flush':
      await queue.flush(task, EAGAIN);
      return null;
    case 'remove':
      await queue.prepareRemove(task);
      expect(queue.deviceState).toBe('SHUTDOWN');
      await queue.remove(task);
      return null;
    case 'config':
      return await queue.setConfig(task, action.on!);
    case 'chkstop':
      return await queue.setCheckstop(task, action.on!);
    case 'associate':
      return await queue.awaitAssociation(task, 7);
    case 'init':
      return await queue.initState(task);
    default:
      return await (queue as unknown as Record<string, (task: Task) => Promise<unknown>>)[action.kind]!(task);
  }
}

test('any sequence of what can happen to a queue leads where the reference leads, and every request ends once at most', async () => {
  const program = fc.record({
    interrupts: fc.boolean(),
    answers: fc.array(answer, { minLength: 40, maxLength: 80 }),
    actions: fc.array(action, { maxLength: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(program, async ({ interrupts, answers, actions }) => {
      // Behind the list nothing is pending any more, so that no loop goes on for ever.
      const empty: BoundAnswer = { rc: 0x10, queueEmpty: true, irqEnabled: true, bindState: 0 };
      const pair = new Pair(
        (n, instruction) => answers[n] ?? (instruction === 'nqap' || instruction === 'dqap' ? empty : { ...empty, rc: 0 }),
        interrupts,
      );
      await pair.t.run(async (task) => {
        const messages = new Map<number, ApMessage>();
        await pair.queue.initState(task);
        pair.ref.init();
        await pair.queue.installReplyBuffer(task, BUFFER);
        pair.ref.buffer = BUFFER;
        pair.ref.event('POLL');
        for (const action of actions) {
          const expected = byReference(pair.ref, action, messages.size + 1);
          expect(await byProduct(task, pair, action, messages)).toEqual(expected);
          expect(pair.product).toEqual(pair.reference);
          const { open } = pair.queue.account;
          expect(open).toBe(pair.queue.requestqCount + pair.queue.pendingqCount);
        }
        const ended = pair.t.ends.map((end) => end.split(':')[0]);
        expect(new Set(ended).size).toBe(ended.length);
      });
    }),
    { numRuns: 400 },
  );
});
