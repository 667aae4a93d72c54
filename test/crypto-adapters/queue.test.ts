/** Goal: a queue answers each AP instruction as hardware does, in every state, under both runtimes. Method: instructions issued by one task. */
import { expect } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { apqnOf, type Apqn } from '../../src/base/apqn.ts';
import { SpecificationException } from '../../src/crypto-adapters/ap-instructions.ts';
import type { CryptoAdapters } from '../../src/crypto-adapters/crypto-adapters.ts';
import { writeCprbx } from '../../src/crypto-adapters/messages/cprbx.ts';
import { Ep11Flag } from '../../src/crypto-adapters/messages/ep11-cprb.ts';
import { encodeEp11Payload } from '../../src/crypto-adapters/messages/ep11-payload.ts';
import { encodeEp11Block } from '../../src/crypto-adapters/messages/ep11-query.ts';
import { encodeEp11Request } from '../../src/crypto-adapters/messages/ep11-request.ts';
import { decodeRsaReply, encodeRsaRequest } from '../../src/crypto-adapters/messages/rsa-request.ts';
import { encodeType6 } from '../../src/crypto-adapters/messages/type6.ts';
import { TYPE6_HEADER } from '../../src/crypto-adapters/messages/type6-header.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import { QciFlag } from '../../src/crypto-adapters/qci.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Task } from '../../src/runtime/task.ts';
import { card, inputOf, machine, rsaKey } from './hardware.ts';
import { inAnyOrder, onBothRuntimes } from './on-both-runtimes.ts';

const CCA = apqnOf(5, 4);
const ACCEL = apqnOf(6, 0x47);
const MAX = 12288;
/** Longer than any test waits: what is armed with it does not happen by itself. */
const NEVER_MS = 1e6;

const slow = (): number => NEVER_MS;

interface Bench {
  readonly rt: Runtime;
  readonly task: Task;
  readonly hw: CryptoAdapters;
}

const key = rsaKey(512);
const request = (apqn: Apqn, seed: number): Uint8Array => encodeRsaRequest(apqn === CCA ? 'C' : 'A', key.mex(inputOf(512, seed)), apqn);

async function send({ task, hw }: Bench, apqn: Apqn, seed: number): Promise<number> {
  return (await hw.nqap(task, apqn, { psmid: BigInt(seed), message: request(apqn, seed) })).rc;
}

/** Waits until the condition holds; the runtime ends the test when it never does. */
async function until({ rt, task }: Bench, condition: () => unknown): Promise<void> {
  while (!(await condition())) await rt.sleep(task, 0.05);
}

async function receive(bench: Bench, apqn: Apqn): Promise<{ psmid: bigint; reply: Uint8Array }> {
  for (;;) {
    const { status, psmid, reply } = await bench.hw.dqap(bench.task, apqn, MAX);
    if (status.rc === Rc.NORMAL) return { psmid, reply: reply! };
    expect(status).toMatchObject({ rc: Rc.NO_PENDING_REPLY, queueEmpty: false });
    await bench.rt.sleep(bench.task, 0.05);
  }
}

inAnyOrder('replies come in the order of the requests, each with its psmid and its own result', async ({ rt, task }) => {
  const bench = { rt, task, hw: machine(rt) };
  for (const apqn of [CCA, ACCEL]) {
    for (let seed = 1; seed <= 4; seed++) expect(await send(bench, apqn, seed)).toBe(Rc.NORMAL);
    for (let seed = 1; seed <= 4; seed++) {
      const { psmid, reply } = await receive(bench, apqn);
      expect(psmid).toBe(BigInt(seed));
      const result = decodeRsaReply(apqn === CCA ? 'C' : 'A', reply, 64);
      if (!('output' in result)) throw new Error(`expected a result, got errno ${result.errno}`);
      const back = await bench.hw.nqap(task, apqn, {
        psmid: 99n,
        message: encodeRsaRequest(apqn === CCA ? 'C' : 'A', key.crt(result.output), apqn),
      });
      expect(back.rc).toBe(Rc.NORMAL);
    }
    for (let seed = 1; seed <= 4; seed++) {
      const { reply } = await receive(bench, apqn);
      expect(decodeRsaReply(apqn === CCA ? 'C' : 'A', reply, 64)).toEqual({ output: inputOf(512, seed) });
    }
    expect((await bench.hw.dqap(task, apqn, MAX)).status).toMatchObject({
      rc: Rc.NO_PENDING_REPLY,
      queueEmpty: true,
      repliesWaiting: false,
    });
  }
  expect(bench.hw.counters(5)).toEqual({ requests: 8, replies: 8, resets: 0, irqs: 0 });
});

inAnyOrder('a queue takes messages up to its depth, fetched replies make room', async ({ rt, task }) => {
  let ms = 0;
  const bench = { rt, task, hw: machine(rt, { service: () => ms }) };
  const { hw } = bench;
  for (let seed = 0; seed < 7; seed++) {
    const status = await hw.nqap(task, CCA, { psmid: BigInt(seed), message: request(CCA, seed) });
    expect(status).toMatchObject({ rc: Rc.NORMAL, queueEmpty: false, queueFull: false });
  }
  expect(await hw.nqap(task, CCA, { psmid: 7n, message: request(CCA, 7) })).toMatchObject({ rc: Rc.NORMAL, queueFull: true });
  expect(await hw.nqap(task, CCA, { psmid: 8n, message: request(CCA, 8) })).toMatchObject({ rc: Rc.Q_FULL, queueFull: true });
  await until(bench, async () => (await hw.tapq(task, CCA)).status.repliesWaiting);
  ms = NEVER_MS;
  expect((await hw.tapq(task, CCA)).status.queueFull).toBe(true);
  expect((await receive(bench, CCA)).psmid).toBe(0n);
  expect(await send(bench, CCA, 8)).toBe(Rc.NORMAL);
  hw.unplug(5);
});

inAnyOrder('the sender may reuse its buffer', async ({ rt, task }) => {
  const bench = { rt, task, hw: machine(rt) };
  const message = Buffer.from(encodeRsaRequest('C', key.crt(inputOf(512, 1)), CCA));
  expect((await bench.hw.nqap(task, CCA, { psmid: 1n, message })).rc).toBe(Rc.NORMAL);
  message.fill(0);
  expect(decodeRsaReply('C', (await receive(bench, CCA)).reply, 64)).toHaveProperty('output');
});

inAnyOrder('a message that is too long, special or for another domain is refused', async ({ rt, task }) => {
  const hw = machine(rt);
  const rc = async (apqn: Apqn, message: Uint8Array, special = false): Promise<number> =>
    (await hw.nqap(task, apqn, { psmid: 1n, message, special })).rc;
  expect(await rc(CCA, new Uint8Array(MAX + 1))).toBe(Rc.MESSAGE_TOO_BIG);
  expect(await rc(CCA, new Uint8Array(MAX))).toBe(Rc.NORMAL);
  expect(await rc(ACCEL, request(ACCEL, 1), true)).toBe(Rc.REQ_FAC_NOT_INST);
  expect(await rc(CCA, request(CCA, 1), true)).toBe(Rc.NORMAL);
  expect(await rc(CCA, encodeRsaRequest('C', key.mex(inputOf(512, 1)), apqnOf(5, 9)))).toBe(Rc.INVALID_DOMAIN);
  expect(() => hw.nqap(task, CCA, { psmid: 1n, message: new Uint8Array(0) })).toThrow(SpecificationException);
  expect(() => hw.dqap(task, CCA, 0)).toThrow(SpecificationException);
});

inAnyOrder('with RC8A a wrong domain is told by the reply', async ({ rt, task }) => {
  const bench = { rt, task, hw: machine(rt, { flags: QciFlag.APSC | QciFlag.RC8A }) };
  const message = encodeRsaRequest('C', key.mex(inputOf(512, 1)), apqnOf(5, 9));
  expect((await bench.hw.nqap(task, CCA, { psmid: 1n, message })).rc).toBe(Rc.NORMAL);
  expect([...(await receive(bench, CCA)).reply]).toEqual([0, 0x88, 0, 0, 0x8a, 0, 0, 0]);
});

const EP11 = apqnOf(7, 4);

/** A command for the administration of a domain. */
function administration(mode: 'C' | 'P', domain: number): Uint8Array {
  if (mode === 'C') {
    const message = encodeType6({ agent: 'CA', functionCode: 'XX', domain, parameters: new Uint8Array(4) });
    writeCprbx(message, TYPE6_HEADER, { functionId: 'T5', domain, requestParameters: 4 });
    return message;
  }
  const payload = encodeEp11Payload({ functionId: 1, api: 1, domain, fields: [] });
  const encoded = encodeEp11Request(encodeEp11Block(payload, Ep11Flag.ADMIN), MAX, MAX);
  if (typeof encoded === 'number') throw new Error(`expected a message, got errno ${encoded}`);
  new DataView(encoded.message.buffer).setUint32(TYPE6_HEADER + 12, domain);
  return encoded.message;
}

inAnyOrder(
  'administration goes to the domains only that the sender controls, to all of them unless it says which',
  async ({ rt, task }) => {
    const adapters = [
      { id: 5, type: card('CEX5C') },
      { id: 6, type: card('CEX5A') },
      { id: 7, type: card('CEX5P') },
    ];
    const bench = { rt, task, hw: machine(rt, { adapters }) };
    const controls = ApMask.of(9);
    const rc = async (apqn: Apqn, message: Uint8Array, limit: { controls?: ApMask } = { controls }): Promise<number> =>
      (await bench.hw.nqap(task, apqn, { psmid: 1n, message, ...limit })).rc;
    for (const [apqn, mode] of [
      [CCA, 'C'],
      [EP11, 'P'],
    ] as const) {
      expect(await rc(apqn, administration(mode, 9))).toBe(Rc.NORMAL);
      expect(await rc(apqn, administration(mode, 4))).toBe(Rc.INVALID_DOMAIN);
      expect(await rc(apqn, administration(mode, 4), {})).toBe(Rc.NORMAL);
      expect(await rc(apqn, administration(mode, 0x109))).toBe(Rc.INVALID_DOMAIN);
    }
    // What uses keys of the queue's own domain is no administration, and neither is anything that an accelerator does.
    expect(await rc(CCA, request(CCA, 1))).toBe(Rc.NORMAL);
    expect(await rc(ACCEL, administration('C', 4))).toBe(Rc.NORMAL);
    bench.hw.configure(5, false);
    expect(await rc(CCA, administration('C', 4))).toBe(Rc.DECONFIGURED);
  },
);

inAnyOrder('with RC8A the reply tells that somebody may not administer a domain', async ({ rt, task }) => {
  const bench = { rt, task, hw: machine(rt, { flags: QciFlag.APSC | QciFlag.RC8A }) };
  const message = administration('C', 4);
  expect((await bench.hw.nqap(task, CCA, { psmid: 1n, message, controls: ApMask.of(9) })).rc).toBe(Rc.NORMAL);
  expect([...(await receive(bench, CCA)).reply]).toEqual([0, 0x88, 0, 0, 0x8a, 0, 0, 0]);
  expect((await bench.hw.nqap(task, CCA, { psmid: 2n, message, controls: ApMask.of(4) })).rc).toBe(Rc.NORMAL);
  expect((await receive(bench, CCA)).reply[1]).toBe(0x86);
});

inAnyOrder('a reply that does not fit is handed out in parts and stays until it is fully read', async ({ rt, task }) => {
  const bench = { rt, task, hw: machine(rt) };
  const { hw } = bench;
  expect(await send(bench, CCA, 1)).toBe(Rc.NORMAL);
  const whole = (await receive(bench, CCA)).reply;
  expect(await send(bench, CCA, 1)).toBe(Rc.NORMAL);
  await until(bench, async () => (await hw.tapq(task, CCA)).status.repliesWaiting);
  const first = await hw.dqap(task, CCA, 100);
  expect(first).toMatchObject({ psmid: 1n, residual: whole.length - 100 });
  expect(first.status).toMatchObject({ rc: Rc.PARTIAL, repliesWaiting: true, queueEmpty: false });
  const second = await hw.dqap(task, CCA, 100);
  expect(second).toMatchObject({ psmid: 1n, residual: whole.length - 200 });
  const third = await hw.dqap(task, CCA, MAX);
  expect(third).toMatchObject({ psmid: 1n, residual: 0 });
  expect(third.status).toMatchObject({ rc: Rc.NORMAL, queueEmpty: true });
  expect(Buffer.concat([first.reply!, second.reply!, third.reply!])).toEqual(Buffer.from(whole));
});

onBothRuntimes('a reset loses everything, takes its time and then leaves an empty queue', async ({ rt, task }) => {
  for (const op of ['rapq', 'zapq'] as const) {
    const bench = { rt, task, hw: machine(rt, { service: slow, resetMs: 5 }) };
    const { hw } = bench;
    await hw.aqic(task, CCA, {
      ir: true,
      isc: 3,
      target: { adapterInterruption: () => undefined },
      nib: { address: 8, set: () => undefined },
    });
    expect(await send(bench, CCA, 1)).toBe(Rc.NORMAL);
    expect(await hw[op](task, CCA)).toMatchObject({ rc: Rc.NORMAL, queueEmpty: true, irqEnabled: false });
    expect((await hw[op](task, CCA)).rc).toBe(Rc.RESET_IN_PROGRESS);
    const { status, info } = await hw.tapq(task, CCA);
    expect(status.rc).toBe(Rc.RESET_IN_PROGRESS);
    expect(info).toMatchObject({ type: 14 });
    expect(await send(bench, CCA, 2)).toBe(Rc.RESET_IN_PROGRESS);
    expect((await hw.dqap(task, CCA, MAX)).status.rc).toBe(Rc.RESET_IN_PROGRESS);
    await until(bench, async () => (await hw.tapq(task, CCA)).status.rc === Rc.NORMAL);
    expect((await hw.tapq(task, CCA)).status).toMatchObject({ queueEmpty: true, repliesWaiting: false, irqEnabled: false });
    expect((await hw.dqap(task, CCA, MAX)).status).toMatchObject({ rc: Rc.NO_PENDING_REPLY, queueEmpty: true });
    expect(hw.counters(5)).toMatchObject({ resets: 1, replies: 0 });
  }
});

inAnyOrder('what was being served at a reset never becomes a reply', async ({ rt, task }) => {
  const bench = { rt, task, hw: machine(rt, { service: () => 0.5, resetMs: 0.1 }) };
  const { hw } = bench;
  expect(await send(bench, CCA, 1)).toBe(Rc.NORMAL);
  await hw.rapq(task, CCA);
  await until(bench, async () => (await hw.tapq(task, CCA)).status.rc === Rc.NORMAL);
  expect(await send(bench, CCA, 2)).toBe(Rc.NORMAL);
  expect((await receive(bench, CCA)).psmid).toBe(2n);
  await rt.sleep(task, 3);
  expect((await hw.tapq(task, CCA)).status.queueEmpty).toBe(true);
});

inAnyOrder('a deconfigured or checkstopped adapter refuses every instruction and has lost its messages', async ({ rt, task }) => {
  const nib = { address: 8, set: () => undefined };
  const target = { adapterInterruption: () => undefined };
  const cases = [
    ['configure', false, Rc.DECONFIGURED],
    ['checkstop', true, Rc.CHECKSTOPPED],
  ] as const;
  for (const [verb, on, rc] of cases) {
    const bench = { rt, task, hw: machine(rt, { service: slow, irqEnableMs: NEVER_MS }) };
    const { hw } = bench;
    expect(await send(bench, CCA, 1)).toBe(Rc.NORMAL);
    expect((await hw.aqic(task, CCA, { ir: true, isc: 3, target, nib })).rc).toBe(Rc.NORMAL);
    expect(hw[verb](5, on)).toBe(0);
    const { status, info } = await hw.tapq(task, CCA);
    expect(status).toMatchObject({ rc, queueEmpty: true, irqEnabled: false });
    expect(info).toEqual({ functions: 0x92000000, type: 14, domains: 255, ml: 3, depth: 7 });
    expect(await send(bench, CCA, 2)).toBe(rc);
    for (const answer of [await hw.rapq(task, CCA), await hw.zapq(task, CCA), (await hw.dqap(task, CCA, 9)).status])
      expect(answer.rc).toBe(rc);
    expect((await hw.aqic(task, CCA, { ir: true, isc: 3, target, nib })).rc).toBe(rc);
    expect(hw[verb](5, !on)).toBe(0);
    expect((await hw.tapq(task, CCA)).status).toMatchObject({ rc: Rc.NORMAL, queueEmpty: true });
    expect((await hw.dqap(task, CCA, 9)).status.rc).toBe(Rc.NO_PENDING_REPLY);
  }
});

inAnyOrder('queues outside the configuration are not available, also to an instruction that was under way', async ({ rt, task }) => {
  const hw = machine(rt, { service: slow });
  for (const apqn of [apqnOf(1, 4), apqnOf(5, 5)]) {
    expect(await hw.tapq(task, apqn)).toEqual({
      status: { queueEmpty: false, repliesWaiting: false, queueFull: false, asyncError: false, irqEnabled: false, rc: Rc.Q_NOT_AVAIL },
      info: null,
    });
  }
  expect(await send({ rt, task, hw }, CCA, 1)).toBe(Rc.NORMAL);
  hw.setUsageDomains(ApMask.of(0x47));
  expect(await send({ rt, task, hw }, CCA, 1)).toBe(Rc.Q_NOT_AVAIL);
  hw.setUsageDomains(ApMask.of(4));
  expect((await hw.tapq(task, CCA)).status).toMatchObject({ rc: Rc.NORMAL, queueEmpty: true });
  expect(hw.unplug(5)).toBe(0);
  expect((await hw.tapq(task, CCA)).status.rc).toBe(Rc.Q_NOT_AVAIL);
  expect(hw.plug({ id: 5, type: card('CEX7A') })).toBe(0);
  expect((await hw.tapq(task, CCA)).info).toMatchObject({ type: 13, functions: 0x6a000000 });
});
