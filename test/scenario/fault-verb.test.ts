/**
 * Goal: the verb `fault` is read as it is meant, written as it is read, and sees to the end of what it begins. Method: scenario texts, and a
 * whole host whose own queue falls over a fault.
 */
import { expect, test } from 'vitest';
import { EAGAIN, ENODEV, OK } from '../../src/base/errno.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import { performFault } from '../../src/scenario/fault-verb.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { Scenario, Verb } from '../../src/scenario/scenario.ts';
import { scenarioText } from '../../src/scenario/scenario-text.ts';
import { verbText } from '../../src/scenario/verb-actions.ts';
import { onHost, RUNTIMES, TASKS_FIRST } from '../helpers/host.ts';
import { ApMessage } from '../../src/ap-driver/ap-message.ts';

const load = (...faults: string[]): Scenario =>
  loadScenario(
    `host: { adapters: [{ id: 5, type: CEX8C }], domains: [4] }\nevents:\n${faults.map((fault) => `  - { task: t, do: fault, ${fault} }\n`).join('')}`,
    'fault.yaml',
  );
const verbs = ({ events }: Scenario): Verb[] => events.map(({ verb }) => verb);

test.each<[string, object, string]>([
  ['kind: mute, adapter: 5, for: 2s', { kind: 'mute', adapter: 5, domain: null, ms: 2000 }, 'fault mute on adapter 5 for 2000 ms'],
  [
    'kind: response-code, queue: "05.0004", for: 1s, instruction: dqap, nth: 3, times: 2, code: BUSY, async: true',
    { kind: 'response-code', adapter: 5, domain: 4, ms: 1000, instruction: 'dqap', nth: 3, times: 2, rc: 5, async: true },
    'fault response-code on 05.0004 for 1000 ms',
  ],
  [
    'kind: bit-error, queue: "05.0004", for: 60s, bit: 0',
    { kind: 'bit-error', adapter: 5, domain: 4, ms: 60_000, bit: 0 },
    'fault bit-error on 05.0004 for 60000 ms',
  ],
  [
    'kind: reply-length, adapter: 0x5, for: 0.5ms, length: 0',
    { kind: 'reply-length', adapter: 5, domain: null, ms: 0.5, length: 0 },
    'fault reply-length on adapter 5 for 0.5 ms',
  ],
])('%s', (text, fault, words) => {
  const scenario = load(text);
  expect(verbs(scenario)).toEqual([{ kind: 'fault', fault }]);
  expect(verbText(verbs(scenario)[0]!)).toBe(words);
  expect(verbs(loadScenario(scenarioText(scenario), 'again.yaml'))).toEqual(verbs(scenario));
});

test.each(RUNTIMES)('a queue of the host in error is healed by the scan behind the fault, its requests end (%s)', async (runtime) => {
  await onHost(runtime, { spec: { apmask: null }, strategy: TASKS_FIRST }, async (host, task) => {
    const { machine, rt } = host;
    const queue = machine.bus.findQueue(0x0504)!.queue!;
    while (queue.smState !== 'IDLE') await rt.sleep(task, 1);
    const scans = machine.bus.busScan.count;
    const fault = { kind: 'response-code', adapter: 5, domain: 4, ms: 200, rc: Rc.Q_NOT_AVAIL, times: 1000 } as const;
    expect(performFault(task, machine, { kind: 'fault', fault: { ...fault, adapter: 9 } })).toBe(ENODEV);
    expect(performFault(task, machine, { kind: 'fault', fault })).toBe(0);
    const message = new ApMessage(1n, new Uint8Array(16), 100, () => undefined);
    expect(await queue.queueMessage(task, message)).toBe(0);
    expect([message.rc, queue.deviceState, queue.lastErrRc]).toEqual([null, 'ERROR', Rc.Q_NOT_AVAIL]);
    while (message.rc === null) await rt.sleep(task, 1);
    // The interruption at the end makes the driver look, which sends it; or the scan comes first, and ends it.
    expect([OK, EAGAIN]).toContain(message.rc);
    expect(machine.hardware.faults.armed).toEqual([]);
    while (queue.deviceState !== 'OPERATING') await rt.sleep(task, 1);
    expect(machine.bus.busScan.count).toBe(scans + 1);
  });
});
