/** Goal: AQIC and the interruptions it enables. Method: a target that records, in both runtimes, with and without a delay of AQIC. */
import { describe, expect, it } from 'vitest';
import { apqnOf } from '../../src/base/apqn.ts';
import { SpecificationException } from '../../src/crypto-adapters/ap-instructions.ts';
import { LparInstructions } from '../../src/crypto-adapters/lpar-instructions.ts';
import { encodeRsaRequest } from '../../src/crypto-adapters/messages/rsa-request.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import { Task } from '../../src/runtime/task.ts';
import { inputOf, machine, rsaKey } from './hardware.ts';
import { inAnyOrder, onBothRuntimes } from './on-both-runtimes.ts';

const QUEUE = apqnOf(5, 4);
const message = encodeRsaRequest('C', rsaKey(512).mex(inputOf(512, 1)), QUEUE);

/** Writes down what happens in which order. */
function recorder(): {
  readonly log: string[];
  readonly nib: { address: number; set(): void };
  readonly target: { adapterInterruption(isc: number): void };
} {
  const log: string[] = [];
  return {
    log,
    nib: { address: 0x1000, set: () => log.push('nib') },
    target: { adapterInterruption: (isc) => log.push(`isc ${isc}`) },
  };
}

inAnyOrder('a reply sets the byte and then interrupts, once per reply, until interrupts are disabled', async ({ rt, task }) => {
  const hw = machine(rt);
  const { log, nib, target } = recorder();
  expect(await hw.aqic(task, QUEUE, { ir: true, isc: 6, target, nib })).toMatchObject({ rc: Rc.NORMAL, irqEnabled: true });
  for (const psmid of [1n, 2n]) await hw.nqap(task, QUEUE, { psmid, message });
  while (log.length < 4) await rt.sleep(task, 0.05);
  expect(log).toEqual(['nib', 'isc 6', 'nib', 'isc 6']);
  expect(await hw.aqic(task, QUEUE, { ir: false, isc: 0, target: null, nib: null })).toMatchObject({ rc: Rc.NORMAL, irqEnabled: false });
  await hw.nqap(task, QUEUE, { psmid: 3n, message });
  while ((hw.counters(5)?.replies ?? 0) < 3) await rt.sleep(task, 0.05);
  expect(log).toHaveLength(4);
  expect(hw.counters(5)).toMatchObject({ irqs: 2 });
});

inAnyOrder('AQIC refuses a missing byte and what is so already', async ({ rt, task }) => {
  const hw = machine(rt);
  const { nib, target } = recorder();
  expect((await hw.aqic(task, QUEUE, { ir: true, isc: 6, target, nib: null })).rc).toBe(Rc.INVALID_ADDRESS);
  expect((await hw.aqic(task, QUEUE, { ir: false, isc: 6, target: null, nib: null })).rc).toBe(Rc.OTHERWISE_CHANGED);
  expect((await hw.aqic(task, QUEUE, { ir: true, isc: 6, target, nib })).rc).toBe(Rc.NORMAL);
  expect(await hw.aqic(task, QUEUE, { ir: true, isc: 5, target, nib })).toMatchObject({ rc: Rc.OTHERWISE_CHANGED, irqEnabled: true });
});

onBothRuntimes('with a delay AQIC answers BUSY until it has taken effect', async ({ rt, task }) => {
  const hw = machine(rt, { irqEnableMs: 1 });
  const { nib, target } = recorder();
  expect(await hw.aqic(task, QUEUE, { ir: true, isc: 6, target, nib })).toMatchObject({ rc: Rc.NORMAL, irqEnabled: false });
  for (const ir of [true, false]) expect((await hw.aqic(task, QUEUE, { ir, isc: 6, target, nib })).rc).toBe(Rc.BUSY);
  while (!(await hw.tapq(task, QUEUE)).status.irqEnabled) await rt.sleep(task, 0.2);
  expect(await hw.aqic(task, QUEUE, { ir: false, isc: 0, target: null, nib: null })).toMatchObject({ rc: Rc.NORMAL, irqEnabled: true });
  while ((await hw.tapq(task, QUEUE)).status.irqEnabled) await rt.sleep(task, 0.2);
});

inAnyOrder('a reset disables interrupts, also those that are being enabled', async ({ rt, task }) => {
  const hw = machine(rt, { irqEnableMs: 1, resetMs: 0.1 });
  const { log, nib, target } = recorder();
  await hw.aqic(task, QUEUE, { ir: true, isc: 6, target, nib });
  await hw.rapq(task, QUEUE);
  await rt.sleep(task, 4);
  while ((await hw.tapq(task, QUEUE)).status.rc !== Rc.NORMAL) await rt.sleep(task, 0.2);
  expect((await hw.tapq(task, QUEUE)).status.irqEnabled).toBe(false);
  await hw.nqap(task, QUEUE, { psmid: 1n, message });
  while (!(await hw.tapq(task, QUEUE)).status.repliesWaiting) await rt.sleep(task, 0.2);
  expect(log).toEqual([]);
});

inAnyOrder('the host names its byte by address', async ({ rt, task }) => {
  const hw = machine(rt);
  const { log, nib, target } = recorder();
  const host = new LparInstructions(hw, target);
  expect((await host.aqic(task, QUEUE, { ir: true, isc: 6, nib: nib.address })).rc).toBe(Rc.INVALID_ADDRESS);
  const forget = host.registerNotificationByte(nib);
  expect(() => host.registerNotificationByte(nib)).toThrow('new address');
  expect((await host.aqic(task, QUEUE, { ir: true, isc: 6, nib: nib.address })).rc).toBe(Rc.NORMAL);
  await host.nqap(task, QUEUE, { psmid: 1n, message });
  while (log.length < 2) await rt.sleep(task, 0.05);
  expect(log).toEqual(['nib', 'isc 6']);
  expect((await host.dqap(task, QUEUE, 4096)).psmid).toBe(1n);
  expect((await host.aqic(task, QUEUE, { ir: false, isc: 6, nib: 0 })).rc).toBe(Rc.NORMAL);
  forget();
  expect((await host.aqic(task, QUEUE, { ir: true, isc: 6, nib: nib.address })).rc).toBe(Rc.INVALID_ADDRESS);
  expect((await host.qci(task))?.apm.count()).toBe(3);
  expect((await host.tapq(task, QUEUE)).info?.type).toBe(14);
  expect((await host.zapq(task, QUEUE)).rc).toBe(Rc.NORMAL);
  expect([Rc.NORMAL, Rc.RESET_IN_PROGRESS]).toContain((await host.rapq(task, QUEUE)).rc);
});

describe('AQIC that the machine does not take', () => {
  const operand = { ir: false, isc: 0, target: null, nib: null };
  const task = new Task(0, 'test', null, false);

  it('needs facility 65', () => {
    const hw = machine(new LiveRuntime(1), { facilities: { aqic: false } });
    expect(() => hw.aqic(task, QUEUE, operand)).toThrow(SpecificationException);
  });

  it('needs an ISC from 0 to 7', () => {
    expect(() => machine(new LiveRuntime(1)).aqic(task, QUEUE, { ...operand, isc: 8 })).toThrow('ISC');
  });
});
