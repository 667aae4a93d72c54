/**
 * Goal: a queue of the host is taken away in the order of F17; and whatever the hardware does wrong, each request that a driver accepted
 * ends once, with the right result or an error, when the fault is over. Method: whole hosts; for F17 the steps of an unbind are listed,
 * for faults a scenario with one of each kind is run, whose guests verify every result.
 */
import { describe, expect, test } from 'vitest';
import { errnoName } from '../../src/base/errno.ts';
import { ApMessage } from '../../src/ap-driver/ap-message.ts';
import { FAULT_KIND_NAMES, type FaultKind } from '../../src/crypto-adapters/faults.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { ScenarioRun } from '../../src/scenario/run-scenario.ts';
import { onHost, RUNTIMES, TASKS_FIRST } from '../helpers/host.ts';

const QUEUE = 0x0504;

test.each(RUNTIMES)('bus-F17 unbinding a busy queue: requests end, driver, ZAPQ, out of the hash (%s)', async (runtime) => {
  await onHost(runtime, { spec: { apmask: null }, strategy: TASKS_FIRST }, async (host, task) => {
    const { bus, hardware } = host.machine;
    const device = bus.findQueue(QUEUE)!;
    const queue = device.queue!;
    const log: string[] = [];
    const note = (what: string): void => void log.push(`${what} (${queue.deviceState}, ${queue.requestqCount + queue.pendingqCount} left)`);
    hardware.inject({ kind: 'mute', adapter: 5, domain: 4, ms: 1000 });
    while (queue.smState !== 'IDLE') await host.rt.sleep(task, 1);
    // Depth 8: the last two wait in software.
    for (let n = 1; n <= 10; n++) {
      const message = new ApMessage(BigInt(n), new Uint8Array(16), 100, ({ rc }) => log.push(`${n} ${errnoName(rc!)}`));
      expect(await queue.queueMessage(task, message)).toBe(0);
    }
    expect([queue.smState, queue.requestqCount, queue.pendingqCount]).toEqual(['QUEUE_FULL', 2, 8]);
    const driver = [...bus.bindings.drivers()].find(({ name }) => name === 'cex4queue')!;
    const remove = driver.remove.bind(driver);
    driver.remove = (by, it) => (note('driver'), remove(by, it));
    const zapq = bus.instructions.zapq.bind(bus.instructions);
    bus.instructions.zapq = (by, apqn) => (note('zapq'), zapq(by, apqn));
    expect(await host.machine.sysfs.write(task, '/sys/bus/ap/drivers/cex4queue/unbind', '05.0004')).toBeGreaterThan(0);
    note('end');
    expect(log).toEqual([
      ...Array.from({ length: 10 }, (_, i) => `${i + 1} EAGAIN`),
      'driver (SHUTDOWN, 0 left)',
      'zapq (SHUTDOWN, 0 left)',
      'end (UNINITIATED, 0 left)',
    ]);
    expect([device.queue, hardware.queueState(QUEUE)!.outstanding]).toEqual([null, 0]);
    expect(await queue.poll(task)).toBe('none');
  });
});

/** How each kind is told apart from the others in a run: at which instruction or reply it strikes. */
const WORDS: Readonly<Record<FaultKind, string>> = {
  deconfigured: 'instruction: nqap',
  checkstopped: 'instruction: dqap',
  'reset-hang': '',
  mute: '',
  'late-interrupt': '',
  'duplicate-interrupt': 'times: 3',
  'wrong-psmid': 'times: 3, nth: 2',
  'reply-length': 'times: 2',
  'bit-error': '',
  'response-code': 'instruction: dqap, code: CHECKSTOPPED',
};

/** Where the clock jumps, a fault is mostly over before anybody has met it. */
const TURNS = { live: 3, controlled: 40 };

const scenario = (kind: FaultKind, turns: number): string => `
host:
  adapters: [{ id: 5, type: CEX8C }, { id: 6, type: CEX8A }]
  domains: [4, 5]
  apmask: "-5,-6"
  serviceScale: 0
mdevs:
  - { name: m1, adapters: [5, 6], domains: [4] }
  - { name: m2, adapters: [5, 6], domains: [5] }
guests:
  - { name: g1, mdev: m1, vcpus: 2, workload: { rsa: { operations: 60, bits: [512] } } }
  - { name: g2, mdev: m2, vcpus: 1, workload: { rsa: { operations: 60, bits: [512] } } }
events:
  - at: 10%
    task: hardware
    repeat: ${turns}
    events:
      - { do: fault, kind: ${kind}, adapter: 6, for: 80ms${WORDS[kind] === '' ? '' : `, ${WORDS[kind]}`}, expect: ok }
      - { write: [/sys/devices/vfio_ap/matrix/m2/unassign_adapter, "6"], expect: ok }
      - { write: [/sys/devices/vfio_ap/matrix/m2/assign_adapter, "6"], expect: ok }
`;

describe('bus-F with a fault', () => {
  test.each(FAULT_KIND_NAMES.flatMap((kind) => RUNTIMES.map((runtime) => [kind, runtime] as const)))(
    '%s: every operation is verified, nothing is left, no checker complains (%s)',
    async (kind, runtime) => {
      const run = new ScenarioRun({
        ...{ scenario: loadScenario(scenario(kind, TURNS[runtime]), 'fault.yaml'), design: 'guests-lock', seed: 3, runtime, mode: 'run' },
        logger: { level: 'silent' },
      });
      const report = await run.start();
      expect(report.findings.map(({ title, notes }) => [title, notes])).toEqual([]);
      expect(report.guests.map(({ operations, errors }) => [operations, errors])).toEqual([
        [120, 0],
        [60, 0],
      ]);
      expect(report.events.map(({ ok }) => ok)).toEqual([true]);
      expect([report.ok, report.quiescence?.clean]).toEqual([true, true]);
      expect(report.faults?.[kind]).toBeGreaterThan(0);
    },
  );
});
