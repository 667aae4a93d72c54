/**
 * Goal: each kind of fault does to the hardware what it says, where and as often as it says, and is over when its clock says so.
 * Method: instructions issued by one task, whose clock moves only when it waits; faults are injected before. All of them at once in real time.
 */
import { describe, expect, test } from 'vitest';
import { apqnOf } from '../../src/base/apqn.ts';
import { ENODEV } from '../../src/base/errno.ts';
import type { DqapResult } from '../../src/crypto-adapters/ap-instructions.ts';
import type { CryptoAdapters } from '../../src/crypto-adapters/crypto-adapters.ts';
import { HARDWARE_FAULTS, PLACE_STRIKES } from '../../src/crypto-adapters/fault-places.ts';
import { FAULT_KIND_NAMES, FAULT_MS_MAX, faultText, type FaultKind, type FaultSpec } from '../../src/crypto-adapters/faults.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Task } from '../../src/runtime/task.ts';
import { card, machine } from './hardware.ts';
import { TASKS_FIRST } from '../helpers/host.ts';
import { inTask } from '../helpers/in-task.ts';
import { onBothRuntimes } from './on-both-runtimes.ts';

const CCA = apqnOf(5, 4);
const OTHER = apqnOf(5, 0x47);
/** No card understands it: the answer is 8 bytes, type 88. */
const MESSAGE = new Uint8Array(16);
const on5 = { adapter: 5, domain: 4, ms: 20 };

interface Bench {
  readonly rt: Runtime;
  readonly task: Task;
  readonly hw: CryptoAdapters;
}

const send = async ({ task, hw }: Bench, psmid: number, apqn = CCA): Promise<number> =>
  (await hw.nqap(task, apqn, { psmid: BigInt(psmid), message: MESSAGE })).rc;

async function receive({ rt, task, hw }: Bench, apqn = CCA): Promise<DqapResult> {
  for (;;) {
    const result = await hw.dqap(task, apqn, 4096);
    if (result.status.rc !== Rc.NO_PENDING_REPLY) return result;
    await rt.sleep(task, 0.05);
  }
}

/** Enables interrupts; answers the list of times at which the notification byte was set. */
async function interrupts({ rt, task, hw }: Bench): Promise<number[]> {
  const times: number[] = [];
  const nib = { address: 8, set: () => void times.push(rt.now()) };
  const { rc } = await hw.aqic(task, CCA, { ir: true, isc: 3, target: { adapterInterruption: () => undefined }, nib });
  expect(rc).toBe(Rc.NORMAL);
  return times;
}

/** Time moves only when the test waits: what is done before that is done while the fault is armed. */
const withFault = (name: string, spec: Partial<FaultSpec> & { kind: FaultKind }, body: (bench: Bench) => Promise<void>): void => {
  test(name, async () => {
    const rt = new ControlledRuntime({ seed: 1, strategy: TASKS_FIRST });
    await inTask(rt, async (task) => {
      const hw = machine(rt);
      expect(hw.inject({ ...on5, ...spec })).toBe(0);
      expect(hw.faults.armed).toHaveLength(1);
      await body({ rt, task, hw });
      while (hw.faults.armed.length > 0) await rt.sleep(task, 1);
    });
  });
};

withFault('mute: messages are accepted, and answered in order when it is over', { kind: 'mute' }, async (bench) => {
  const since = bench.rt.now();
  expect([await send(bench, 1), await send(bench, 2), await send(bench, 1, OTHER)]).toEqual([0, 0, 0]);
  expect((await receive(bench, OTHER)).psmid).toBe(1n);
  expect(bench.rt.now() - since).toBeLessThan(on5.ms);
  expect((await bench.hw.dqap(bench.task, CCA, 4096)).status).toMatchObject({ rc: Rc.NO_PENDING_REPLY, queueEmpty: false });
  expect([(await receive(bench)).psmid, (await receive(bench)).psmid]).toEqual([1n, 2n]);
  expect(bench.rt.now() - since).toBeGreaterThanOrEqual(on5.ms - 1);
});

withFault('reset-hang: a reset ends with the fault', { kind: 'reset-hang' }, async (bench) => {
  const { rt, task, hw } = bench;
  const since = rt.now();
  expect((await hw.zapq(task, CCA)).rc).toBe(Rc.NORMAL);
  expect((await hw.rapq(task, OTHER)).rc).toBe(Rc.NORMAL);
  while ((await hw.tapq(task, OTHER)).status.rc !== Rc.NORMAL) await rt.sleep(task, 0.1);
  expect((await hw.tapq(task, CCA)).status.rc).toBe(Rc.RESET_IN_PROGRESS);
  while ((await hw.tapq(task, CCA)).status.rc !== Rc.NORMAL) await rt.sleep(task, 0.1);
  expect(rt.now() - since).toBeGreaterThanOrEqual(on5.ms - 1);
});

for (const [kind, rc] of [
  ['deconfigured', Rc.DECONFIGURED],
  ['checkstopped', Rc.CHECKSTOPPED],
] as const) {
  withFault(`${kind}: at once, with what the queue held, and back again`, { kind }, async (bench) => {
    const { rt, task, hw } = bench;
    expect(await send(bench, 1)).toBe(rc);
    while (hw.faults.armed.length > 0) await rt.sleep(task, 1);
    expect(await send(bench, 2)).toBe(Rc.NORMAL);
    expect((await receive(bench)).psmid).toBe(2n);
    expect(hw.faults.strikes).toEqual({ [kind]: 1 });
  });

  withFault(`${kind}: in the middle, at the third NQAP`, { kind, instruction: 'nqap', nth: 3 }, async (bench) => {
    const { rt, task, hw } = bench;
    expect([await send(bench, 1), await send(bench, 2)]).toEqual([0, 0]);
    expect((await receive(bench)).psmid).toBe(1n);
    expect([await send(bench, 3), (await hw.dqap(task, CCA, 9)).status.rc, (await hw.tapq(task, OTHER)).status.rc]).toEqual([rc, rc, rc]);
    while (hw.faults.armed.length > 0) await rt.sleep(task, 1);
    expect((await hw.dqap(task, CCA, 9)).status).toMatchObject({ rc: Rc.NO_PENDING_REPLY, queueEmpty: true });
  });

  withFault(`${kind}: an adapter that somebody else has taken out is not brought back`, { kind }, async ({ rt, task, hw }) => {
    hw.unplug(5);
    while (hw.faults.armed.length > 0) await rt.sleep(task, 1);
    expect(hw.adapter(5)).toBeUndefined();
    hw.plug({ id: 5, type: card('CEX8C') });
    expect(hw.adapter(5)).toMatchObject({ configured: true, checkstopped: false });
  });
}

withFault('wrong-psmid: the reply proper follows the one nobody waits for', { kind: 'wrong-psmid', nth: 2 }, async (bench) => {
  for (const psmid of [1, 2, 3]) expect(await send(bench, psmid)).toBe(Rc.NORMAL);
  const psmids: bigint[] = [];
  for (let n = 0; n < 4; n++) psmids.push((await receive(bench)).psmid);
  expect(psmids).toEqual([1n, 2n ^ 0xffff_ffff_ffff_ffffn, 2n, 3n]);
  expect((await bench.hw.tapq(bench.task, CCA)).status.queueEmpty).toBe(true);
});

withFault('reply-length: twice, then no more', { kind: 'reply-length', length: 300, times: 2 }, async (bench) => {
  for (const psmid of [1, 2, 3]) expect(await send(bench, psmid)).toBe(Rc.NORMAL);
  const lengths: number[] = [];
  for (let n = 0; n < 3; n++) lengths.push((await receive(bench)).reply!.length);
  expect(lengths).toEqual([300, 300, 8]);
});

withFault('reply-length: without more words less than a header is left', { kind: 'reply-length' }, async (bench) => {
  await send(bench, 1);
  expect([...(await receive(bench)).reply!]).toEqual([0, 0x88, 0, 0]);
});

withFault('bit-error: one bit, of the type unless another is named', { kind: 'bit-error' }, async (bench) => {
  for (const psmid of [1, 2]) await send(bench, psmid);
  const [spoilt, right] = [(await receive(bench)).reply!, (await receive(bench)).reply!];
  expect([spoilt[1], right[1]]).toEqual([0x08, 0x88]);
  expect([...spoilt.subarray(2)]).toEqual([...right.subarray(2)]);
});

withFault('bit-error: the bit named, or none behind the end of the reply', { kind: 'bit-error', bit: 63, domain: null }, async (bench) => {
  bench.hw.inject({ ...on5, domain: 0x47, kind: 'bit-error', bit: 64 });
  await send(bench, 1);
  await send(bench, 1, OTHER);
  const [spoilt, other] = [(await receive(bench)).reply!, (await receive(bench, OTHER)).reply!];
  expect(spoilt.at(-1)! ^ other.at(-1)!).toBe(1);
});

withFault('late-interrupt: the reply is there, the interruption when the fault is over', { kind: 'late-interrupt' }, async (bench) => {
  const { rt, task, hw } = bench;
  const times = await interrupts(bench);
  const since = rt.now();
  await send(bench, 1);
  while (!(await hw.tapq(task, CCA)).status.repliesWaiting) await rt.sleep(task, 0.1);
  expect(times).toEqual([]);
  while (times.length === 0) await rt.sleep(task, 1);
  expect(times[0]! - since).toBeGreaterThanOrEqual(on5.ms - 1);
  expect(hw.counters(5)).toMatchObject({ irqs: 1 });
});

withFault('late-interrupt: a reset in between loses it', { kind: 'late-interrupt' }, async (bench) => {
  const { rt, task, hw } = bench;
  const times = await interrupts(bench);
  await send(bench, 1);
  while (!(await hw.tapq(task, CCA)).status.repliesWaiting) await rt.sleep(task, 0.1);
  await hw.rapq(task, CCA);
  await rt.sleep(task, on5.ms + 5);
  expect(times).toEqual([]);
});

withFault('duplicate-interrupt: twice for one reply', { kind: 'duplicate-interrupt' }, async (bench) => {
  const times = await interrupts(bench);
  await send(bench, 1);
  while (times.length < 2) await bench.rt.sleep(bench.task, 0.1);
  await send(bench, 2);
  while (times.length < 3) await bench.rt.sleep(bench.task, 0.1);
  await bench.rt.sleep(bench.task, 5);
  expect(times).toHaveLength(3);
});

withFault(
  'response-code: of the instruction named, the n-th, so many times, without doing anything',
  { kind: 'response-code', instruction: 'nqap', nth: 2, times: 2, rc: Rc.BUSY, async: true },
  async (bench) => {
    const { task, hw } = bench;
    expect([await send(bench, 1), await send(bench, 2, OTHER)]).toEqual([0, 0]);
    const status = await hw.nqap(task, CCA, { psmid: 2n, message: MESSAGE });
    expect(status).toMatchObject({ rc: Rc.BUSY, asyncError: true, queueEmpty: false });
    expect([await send(bench, 3), await send(bench, 4)]).toEqual([Rc.BUSY, 0]);
    expect([(await receive(bench)).psmid, (await receive(bench)).psmid]).toEqual([1n, 4n]);
    expect(hw.faults.strikes).toEqual({ 'response-code': 2 });
  },
);

for (const instruction of ['tapq', 'rapq', 'zapq', 'aqic', 'dqap'] as const) {
  withFault(`response-code: of ${instruction}`, { kind: 'response-code', instruction, rc: 0x77 }, async (bench) => {
    const { task, hw } = bench;
    expect(await send(bench, 1)).toBe(Rc.NORMAL);
    const run = async (): Promise<number> => {
      if (instruction === 'tapq') return (await hw.tapq(task, CCA)).status.rc;
      if (instruction === 'dqap') return (await hw.dqap(task, CCA, 9)).status.rc;
      if (instruction === 'aqic') return (await hw.aqic(task, CCA, { ir: false, isc: 0, target: null, nib: null })).rc;
      return (await hw[instruction](task, CCA)).rc;
    };
    expect(await run()).toBe(0x77);
    expect((await receive(bench)).psmid).toBe(1n);
    expect(await run()).not.toBe(0x77);
  });
}

withFault('response-code: when it is over, whoever has interrupts is told to look', { kind: 'response-code', rc: 5 }, async (bench) => {
  const times = await interrupts(bench);
  expect(await send(bench, 1)).toBe(Rc.BUSY);
  while (bench.hw.faults.armed.length > 0) await bench.rt.sleep(bench.task, 1);
  expect(times).toHaveLength(1);
});

withFault('a fault that has not struck in time is over', { kind: 'response-code', nth: 5 }, async (bench) => {
  while (bench.hw.faults.armed.length > 0) await bench.rt.sleep(bench.task, 1);
  for (let n = 0; n < 8; n++) expect(await send(bench, n)).toBe(Rc.NORMAL);
  expect(bench.hw.faults.strikes).toEqual({});
});

onBothRuntimes('faults of every kind at once: when they are over, the queue does its work', async ({ rt, task }) => {
  const hw = machine(rt);
  const bench = { rt, task, hw };
  for (const kind of FAULT_KIND_NAMES) expect(hw.inject({ ...on5, kind, domain: null, times: 3 })).toBe(0);
  while (hw.faults.armed.length > 0) {
    await send(bench, 1);
    await hw.dqap(task, CCA, 4096);
    await hw.rapq(task, OTHER);
    await rt.sleep(task, 1);
  }
  for (const apqn of [CCA, OTHER]) {
    await hw.rapq(task, apqn);
    while ((await hw.tapq(task, apqn)).status.rc !== Rc.NORMAL) await rt.sleep(task, 0.1);
    expect(await send(bench, 2, apqn)).toBe(Rc.NORMAL);
    expect(await receive(bench, apqn)).toMatchObject({ psmid: 2n, status: { rc: Rc.NORMAL } });
  }
});

describe('a fault that makes no sense', () => {
  const hw = machine(new ControlledRuntime({ seed: 1 }));
  test.each<[string, Partial<FaultSpec>]>([
    ['expected a time up to 60000 ms, got 60001', { ms: FAULT_MS_MAX + 1 }],
    ['expected a time up to 60000 ms, got 0', { ms: 0 }],
    ['expected a time up to 60000 ms, got NaN', { ms: Number.NaN }],
    ['expected an adapter from 0 to 255, got 256', { adapter: 256 }],
    ['expected a domain from 0 to 255, got -1', { domain: -1 }],
    ['expected times from 1 to 1000000, got 0', { times: 0 }],
    ['expected nth from 1 to 1000000, got 1.5', { nth: 1.5 }],
    ['expected a response code from 1 to 255, got 0', { rc: 0 }],
    ['expected a length in bytes from 0 to 65536, got -1', { length: -1 }],
    ['expected the number of a bit from 0 to 524287, got 524288', { bit: 0x8_0000 }],
  ])('is refused: %s', (message, wrong) => {
    expect(() => hw.inject({ ...on5, kind: 'bit-error', ...wrong })).toThrow(new RangeError(`fault bit-error: ${message}`));
    expect(hw.faults.armed).toEqual([]);
  });

  test('or has no adapter to strike', () => {
    expect(hw.inject({ ...on5, kind: 'mute', adapter: 99 })).toBe(ENODEV);
    expect(hw.faults.armed).toEqual([]);
  });
});

test('faults have names that say where', () => {
  expect(FAULT_KIND_NAMES).toHaveLength(10);
  expect(faultText({ ...on5, kind: 'mute' })).toBe('mute on 05.0004');
  expect(faultText({ ...on5, kind: 'mute', domain: null })).toBe('mute on adapter 5');
});

describe('places that fail by choice', () => {
  const always = { choose: () => 0, chooseValue: (_site: string, n: number) => n - 1 };

  async function failing(places: readonly string[], body: (bench: Bench, sites: string[]) => Promise<void>): Promise<void> {
    const sites: string[] = [];
    const rt = new ControlledRuntime({
      seed: 1,
      strategy: { ...always, chooseValue: (site, n) => (sites.push(`${site} ${n}`), n - 1) },
    });
    const errors: unknown[] = [];
    rt.onTaskEnd((_task, error) => void (error !== undefined && errors.push(error)));
    rt.spawn('test', (task) => body({ rt, task, hw: machine(rt, { places: new Set(places) }) }, sites));
    expect([await rt.run(), errors]).toEqual(['done', []]);
  }

  test('each at most so many times, and only those that are switched on', async () => {
    await failing(['nqap-code', 'bit-error', 'probe-allocation'], async (bench, sites) => {
      const codes: number[] = [];
      for (let n = 0; n < 5; n++) codes.push(await send(bench, n));
      expect(codes).toEqual([5, 5, 0, 0, 0]);
      for (let n = 0; n < 3; n++) expect((await receive(bench)).reply![1]).toBe(n < PLACE_STRIKES ? 0x08 : 0x88);
      expect(sites).toEqual(['nqap-code 3', 'nqap-code 3', 'bit-error 2', 'bit-error 2']);
    });
  });

  test.each(HARDWARE_FAULTS.map(({ name }) => name))('%s is asked for, and everything is answered in the end', async (place) => {
    await failing([place], async (bench, sites) => {
      const times = await interrupts(bench);
      const answered = new Set<bigint>();
      for (let psmid = 1; psmid <= 3; psmid++) {
        while ((await send(bench, psmid)) !== 0) await bench.rt.sleep(bench.task, 0.1);
        for (let got = 0n; got !== BigInt(psmid);) {
          const { status, psmid: found } = await receive(bench);
          if (status.rc === 0) answered.add((got = found));
        }
      }
      while (times.length < 3) await bench.rt.sleep(bench.task, 1);
      expect([1n, 2n, 3n].every((psmid) => answered.has(psmid))).toBe(true);
      expect(new Set(sites.map((site) => site.split(' ')[0]))).toEqual(new Set([place]));
      expect(sites.length).toBeGreaterThanOrEqual(PLACE_STRIKES);
    });
  });

  test('without a choice nothing fails', async () => {
    await failing([], async (bench, sites) => {
      expect(await send(bench, 1)).toBe(0);
      expect((await receive(bench)).psmid).toBe(1n);
      expect(sites).toEqual([]);
    });
  });
});
