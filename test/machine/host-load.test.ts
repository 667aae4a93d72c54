/**
 * Goal: the host's own crypto users do what the scenario says beside the guests, check every result, get past cards that come and go,
 * and say so when they cannot. Method: whole runs on both runtimes, with hardware that fails or lies.
 */
import { describe, expect, test } from 'vitest';
import { apqnOf } from '../../src/base/apqn.ts';
import { EAGAIN, EINVAL } from '../../src/base/errno.ts';
import { EventLog } from '../../src/base/event-log.ts';
import { createLogger } from '../../src/base/logger.ts';
import { createRsaEngine, type RsaEngine } from '../../src/crypto-adapters/rsa-engine.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import { Machine } from '../../src/machine/machine.ts';
import { callCca, isRefused } from '../../src/machine/host-cca.ts';
import type { HostLoad } from '../../src/machine/host-load.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { RunReport } from '../../src/scenario/run-report.ts';
import { ScenarioRun } from '../../src/scenario/run-scenario.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';
import type { Task } from '../../src/runtime/task.ts';

const RUNTIMES = ['live', 'controlled'] as const;

const host = (workload: string, more = ''): string => `
host:
  adapters: [{ id: 5, type: CEX8C }, { id: 6, type: CEX8A }, { id: 7, type: CEX7C }]
  domains: [4, 0x47]
  apmask: "-5"
  serviceScale: 0
  workload: ${workload.replaceAll(/\s+/g, ' ')}
mdevs: [{ name: m1, adapters: [5], domains: [4] }]
guests: [{ name: g1, mdev: m1, workload: { rsa: { operations: 5, bits: [1024] } } }]
${more}
`;

async function run(
  text: string,
  more: { runtime?: (typeof RUNTIMES)[number]; seed?: number; mode?: 'run' | 'stress'; limitMs?: number } = {},
) {
  const options = { design: 'guests-lock', seed: 1, runtime: 'controlled', mode: 'run', logger: { level: 'silent' } } as const;
  return await new ScenarioRun({ ...options, ...more, scenario: loadScenario(text, 't.yaml') }).start();
}

const found = ({ findings }: RunReport): string[] => findings.map(({ title, notes = [] }) => [title, ...notes].join('; '));

const EVERYTHING = `{
  rsa: { tasks: 2, operations: 6, bits: [1024, 2048] }, random: { operations: 3 },
  hash: { operations: 3, bytes: 5000 }, aes: { tasks: 2, operations: 3, bytes: 512 } }`;

describe.each(RUNTIMES)('users of the host on the %s runtime', (runtime) => {
  test('of every kind do all their operations beside a guest, and every result is verified', async () => {
    const report = await run(host(EVERYTHING), { runtime });
    expect(found(report)).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.guests[0]).toMatchObject({ operations: 5, errors: 0 });
    expect(report.host).toMatchObject({ operations: 24, expected: 24, errors: 0 });
    expect(report.host!.users.map(({ kind, tasks, operations, expected }) => [kind, tasks, operations, expected])).toEqual([
      ['rsa', 2, 12, 12],
      ['random', 1, 3, 3],
      ['hash', 1, 3, 3],
      ['aes', 2, 6, 6],
    ]);
  });

  test('get past cards that are taken from them, the last one too, and one that goes in the middle of a request', async () => {
    const events = `
events:
  - { at: { op: 2 }, task: admin, write: [/sys/bus/ap/apmask, "-6"], expect: ok }
  - { task: admin, do: fault, kind: deconfigured, adapter: 7, instruction: dqap, for: 50ms, expect: ok }
  - { task: admin, do: pause, for: 60ms }
  - { task: admin, write: [/sys/bus/ap/apmask, "-7"], expect: ok }
  - { task: admin, do: pause, for: 20ms }
  - { task: admin, write: [/sys/bus/ap/apmask, "+6,+7"], expect: ok }
`;
    const report = await run(host('{ rsa: { tasks: 2, operations: 30, bits: [1024] }, aes: { operations: 30 } }', events), { runtime });
    expect(found(report)).toEqual([]);
    expect(report.host).toMatchObject({ operations: 90, expected: 90, errors: 0 });
    expect(report.host!.retries).toBeGreaterThan(0);
    expect(report.events.filter(({ ok }) => !ok)).toEqual([]);
  });
});

test('users that find no card for what they want give up after a while, and the report says who and why', async () => {
  // Accelerators have no master key.
  const report = await run(host('{ aes: { operations: 3 } }').replace('CEX7C', 'CEX7A'));
  expect(report.ok).toBe(false);
  expect(report.host).toMatchObject({ operations: 0, expected: 3, errors: 3 });
  expect(found(report)).toEqual([expect.stringMatching(/^host: 3 operations were not verified; .*given up with ENODEV/)]);
  expect(report.guests[0]).toMatchObject({ operations: 5, errors: 0 });
});

test('the same seed gives the same run', async () => {
  const once = async (seed: number): Promise<unknown> => {
    const { host: figures, durationMs, guests } = await run(host(EVERYTHING), { seed });
    return { figures, durationMs, guests };
  };
  expect(await once(3)).toEqual(await once(3));
});

test('an event begins at a share of the operations of guests and host together', async () => {
  const report = await run(host('{ hash: { operations: 15 } }', 'events: [{ at: { op: 20 }, task: a, do: pause, for: 1ms }]'));
  expect(report.ok).toBe(true);
  expect(report.events).toHaveLength(1);
});

/** A machine with users of the host and nobody else; the body runs when they have begun. */
async function machine(
  rsa: RsaEngine,
  workload: string,
  body: (task: Task, load: HostLoad, made: Machine) => Promise<void>,
  card = '{ id: 6, type: CEX8A }',
): Promise<Machine> {
  const rt = new LiveRuntime(1);
  const layer = new LockLayer(rt);
  const scenario = loadScenario(`host: { adapters: [${card}], domains: [4], serviceScale: 0, workload: ${workload} }`, 't.yaml');
  const log = createLogger({ level: 'silent', now: () => 0 });
  const made = new Machine({
    ...{ layer, spec: scenario.host, design: designByName('guests-lock')!, seed: 1, log, events: new EventLog(() => rt.now()), rsa },
  });
  const errors: unknown[] = [];
  rt.onTaskEnd((_task, error) => void (error === undefined || errors.push(error)));
  rt.spawn('main', async (task) => {
    await made.boot(task);
    const users = made.hostLoad!.start();
    await body(task, made.hostLoad!, made);
    for (const user of users) await rt.join(task, user);
    made.bus.stop();
  });
  await rt.settled();
  rt.shutdown();
  expect(errors).toEqual([]);
  expect(layer.findings.list).toEqual([]);
  return made;
}

const RSA = createRsaEngine();

test('a wrong result is an error, not an operation', async () => {
  const lying: RsaEngine = {
    modExpo: (...operands) => RSA.modExpo(...operands),
    crt: (...operands) => RSA.crt(...operands).with(0, 0),
  };
  const { hostLoad } = await machine(lying, '{ rsa: { operations: 4, bits: [1024], forms: [crt] } }', async () => undefined);
  expect(hostLoad!.statistics).toMatchObject({ operations: 4, verified: 0, errors: 4, retries: 0 });
  expect(hostLoad!.statistics.complaints[0]).toBe('host/rsa0: RSA-1024 crt: wrong result');
});

test('a user whose request is never answered is ended by a signal when the run stops, and leaves nothing behind', async () => {
  const made = await machine(RSA, '{ rsa: { tasks: 2, operations: 1000000, bits: [1024] } }', async (task, load, { hardware, layer }) => {
    expect(hardware.inject({ kind: 'mute', adapter: 6, domain: null, ms: 1500 })).toBe(0);
    // Both have a request with the card by then.
    while ((hardware.queueState(0x0604)?.pending.length ?? 0) < 2) await layer.rt.sleep(task, 1);
    load.stop();
  });
  // Not one has ended: the card would have answered half a second later.
  expect(made.hostLoad!.statistics).toMatchObject({ operations: 0, errors: 0 });
  expect([...made.bus.zcrypt.loadProblems()]).toEqual([]);
  expect([...made.bus.queues()].map(({ queue }) => [queue!.pendingqCount, queue!.requestqCount])).toEqual([[0, 0]]);
  const [card] = made.bus.zcrypt.cards.cards;
  expect(card!.load.value).toBe(0);
});

test('a signal that nobody meant for the operation is a retry', async () => {
  const { hostLoad } = await machine(RSA, '{ rsa: { operations: 3, bits: [1024] } }', async (task, load, { hardware, layer }) => {
    expect(hardware.inject({ kind: 'mute', adapter: 6, domain: null, ms: 50 })).toBe(0);
    while ((hardware.queueState(0x0604)?.pending.length ?? 0) < 1) await layer.rt.sleep(task, 1);
    const user = [...layer.rt.tasks].find(({ name }) => name === 'host/rsa0')!;
    layer.interrupt(task, user);
    expect(load.expected).toBe(3);
  });
  expect(hostLoad!.statistics).toMatchObject({ verified: 3, errors: 0, retries: 1 });
});

test('users that wait for a card find the one that comes instead of it', async () => {
  const swap = Array.from(
    { length: 6 },
    () => '{ do: host-config, unplug: [7] }, { do: host-config, plug: [{ id: 7, type: CEX7C }] }, { do: pause, for: 3ms }',
  );
  const events = `events: [{ task: firmware, repeat: 10, events: [${swap.join(', ')}] }]`;
  const report = await run(host('{ aes: { tasks: 3, operations: 60 } }', events));
  expect(found(report)).toEqual([]);
  expect(report.host).toMatchObject({ operations: 180, errors: 0 });
});

test('a key token of a master key that is gone is refused as something to begin anew, other refusals are final', async () => {
  const body = async (task: Task, _load: HostLoad, { bus, hardware }: Machine): Promise<void> => {
    const file = bus.zcrypt.open();
    const key = { functionCode: 'CM', rules: ['AES     '], vud: new Uint8Array(32), keys: [], domain: 4 };
    const imported = await callCca(task, file, key, 'key');
    if (isRefused(imported)) throw new Error(`expected a token, got ${imported.errno}`);
    const keys = [{ attributes: 0, token: imported.output }];
    const text = { functionCode: 'SE', rules: ['AES     ', 'ECB     '], vud: new Uint8Array(16), keys, domain: 4 };
    const first = await callCca(task, file, text, 'vud');
    expect(first).toEqual({ output: expect.any(Uint8Array) });
    const refused = await callCca(task, file, { ...text, vud: new Uint8Array(15) }, 'vud');
    expect(refused).toEqual({ errno: EINVAL, why: expect.stringMatching(/^CCA return code 8, reason \d+$/) });
    const { aes } = hardware.firmware(apqnOf(6, 4))!.cca(4);
    // The key before is good for another while.
    for (const answer of [first, { errno: EAGAIN, why: 'a key token of another master key' }]) {
      for (const part of ['first', 'last'] as const)
        aes.load(part, new Uint8Array(32).fill(part === 'first' ? 1 : answer === first ? 2 : 3));
      expect(aes.set()).toBe(true);
      expect(await callCca(task, file, text, 'vud')).toEqual(answer);
    }
    file.release();
  };
  await machine(RSA, '{ hash: { operations: 1 } }', body, '{ id: 6, type: CEX8C }');
});
