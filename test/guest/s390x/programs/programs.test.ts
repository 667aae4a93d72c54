/**
 * Goal: the guest programs of apemu do what they are for, under hot unplug as well, in both runtimes.
 */
import { expect, test } from 'vitest';
import { interruptLoop } from '../../../../src/guest/s390x/programs/interrupt-loop.ts';
import { messageLoop } from '../../../../src/guest/s390x/programs/message-loop.ts';
import { nestedPoller } from '../../../../src/guest/s390x/programs/nested-poller.ts';
import { queuePollers } from '../../../../src/guest/s390x/programs/queue-pollers.ts';
import { unplugProber } from '../../../../src/guest/s390x/programs/unplug-prober.ts';
import type { CodeReport } from '../../../../src/guest/guest-program.ts';
import { dataOf, runScenario, type RunSettings } from '../program-run.ts';

interface Host {
  readonly types?: readonly [string, string];
  readonly vcpus?: number;
  readonly events?: string;
  readonly cpu?: string;
}

/** In the only guest of a host with two adapters and one domain. */
async function run(
  elf: Uint8Array,
  { types = ['CEX8A', 'CEX7C'], vcpus = 1, events, cpu = '{}' }: Host = {},
  settings: RunSettings = {},
): Promise<CodeReport> {
  const text = [
    `host: { adapters: [{ id: 5, type: ${types[0]} }, { id: 6, type: ${types[1]} }], domains: [4], apmask: "-5,-6" }`,
    'mdevs: [{ name: m0, adapters: [5, 6], domains: [4] }]',
    `guests: [{ name: g0, mdev: m0, vcpus: ${vcpus}, cpu: ${cpu}, workload: { elf: ${dataOf(elf)} } }]`,
    events === undefined ? '' : `events:\n${events}`,
  ].join('\n');
  const report = await runScenario(text, settings);
  expect(report.findings.filter(({ kind }) => kind !== 'guest-error')).toEqual([]);
  return report.guests[0]!.code!;
}

const BOTH = ['controlled', 'live'] as const;

test.each(BOTH)('message-loop verifies RSA on an accelerator and on a CCA coprocessor: %s', async (runtime) => {
  for (const types of [
    ['CEX8A', 'CEX8C'],
    ['CEX5C', 'CEX8A'],
  ] as const) {
    const { console, status } = await run(messageLoop(2), { types }, { runtime });
    expect(console).toBe('12 operations verified\nEXIT: STATUS=1\n');
    expect(status).toBe(1);
  }
});

test('message-loop finds nothing to do on an EP11 coprocessor, and without facility 15', async () => {
  const nothing = 'EXIT: STATUS=77\n';
  expect((await run(messageLoop(), { types: ['CEX8P', 'CEX8P'] })).console).toBe(nothing);
  expect((await run(messageLoop(), { cpu: '{ apft: false }' })).console).toBe(nothing);
});

test('message-loop tells a wrong result', async () => {
  const elf = messageLoop(1);
  const text = Buffer.from(elf);
  // The results that it compares with, wherever they are: the plain message of the 512-bit key begins so.
  const at = text.indexOf(Buffer.from(Uint8Array.from({ length: 64 }, (_, i) => (i === 0 ? 0x12 : (i * 37 + 64) & 0xff))));
  expect(at).toBeGreaterThan(0);
  for (let from = at; from >= 0; from = text.indexOf(text.subarray(at, at + 63), from + 1)) elf[from + 63]! ^= 1;
  const { console, result } = await run(elf);
  expect(console).toMatch(/^FAIL: operation \d+, status [0-9a-f]{8}$/m);
  expect(result).toBe('failed');
});

test.each(BOTH)('interrupt-loop gets each reply by an interruption: %s', async (runtime) => {
  const { console, status, interruptions } = await run(interruptLoop(12), {}, { runtime });
  expect(console).toMatch(/^12 operations verified, \d+ interruptions, begun anew 0 times\n/);
  expect(status).toBe(1);
  expect(interruptions['I/O']).toBeGreaterThanOrEqual(12);
});

test('interrupt-loop goes on when its adapters are taken away and one is returned', async () => {
  const events = [
    '  - { at: { op: 20 }, task: admin, write: [/sys/devices/vfio_ap/matrix/m0/unassign_adapter, "5"], expect: ok }',
    '  - { at: { op: 40 }, task: admin, write: [/sys/devices/vfio_ap/matrix/m0/unassign_adapter, "6"], expect: ok }',
    '  - { task: admin, do: pause, for: 20ms }',
    '  - { task: admin, write: [/sys/devices/vfio_ap/matrix/m0/assign_adapter, "6"], expect: ok }',
  ].join('\n');
  const { console, status } = await run(interruptLoop(24), { events });
  const [, again] = /^24 operations verified, \d+ interruptions, begun anew (\d+) times\n/.exec(console) ?? [];
  expect(Number(again), console).toBeGreaterThanOrEqual(1);
  expect(status).toBe(1);
});

test('unplug-prober tells what happens to its queues', async () => {
  const events = [
    '  - { at: { op: 20 }, task: admin, write: [/sys/devices/ap/card06/config, "0"], expect: ok }',
    '  - { at: { op: 40 }, task: admin, write: [/sys/devices/ap/card06/config, "1"], expect: ok }',
    '  - { at: { op: 60 }, task: admin, write: [/sys/devices/vfio_ap/matrix/m0/unassign_adapter, "5"], expect: ok }',
  ].join('\n');
  const { console, status } = await run(unplugProber({ milliseconds: 5000, changes: 3 }), { events });
  const changes = ['06.0004: 00 -> 03', '06.0004: 03 -> 00', '05.0004: 00 -> 01'];
  expect(console.trimEnd().split('\n')).toEqual(['05.0004: 00', '06.0004: 00', ...changes, '3 changes of 2 queues', 'EXIT: STATUS=1']);
  expect(status).toBe(1);
});

test('unplug-prober has nothing to watch without facility 12', async () => {
  expect((await run(unplugProber(), { cpu: '{ apqci: false }' })).console).toBe('EXIT: STATUS=77\n');
});

test.each(BOTH)('queue-pollers: two CPUs share a queue, and each gets its own replies: %s', async (runtime) => {
  const { console, status } = await run(queuePollers(10), { vcpus: 2 }, { runtime });
  expect(console).toBe('10 and 10 round trips\nEXIT: STATUS=1\n');
  expect(status).toBe(1);
});

test.each(BOTH)('nested-poller runs a nested guest on each of two CPUs, and answers what is intercepted: %s', async (runtime) => {
  const { console, status } = await run(nestedPoller(5), { vcpus: 2 }, { runtime });
  const [, exits] = /^5 and 5 round trips of nested guests, (\d+) exits\nEXIT: STATUS=1\n$/.exec(console) ?? [];
  expect(Number(exits), console).toBeGreaterThanOrEqual(4);
  expect(status).toBe(1);
});
