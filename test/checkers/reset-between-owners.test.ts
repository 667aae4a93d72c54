/**
 * Goal: a queue that goes to another guest with traces of the first is reported, one that was reset in between is not.
 * Method: the masks of two guests are set by hand, without the driver that would reset the queue.
 */
import { expect, test } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { HandoverWatch } from '../../src/checkers/reset-between-owners.ts';
import { clearMasksLocked, setMasksLocked } from '../../src/kvm/crypto-masks.ts';
import type { Kvm } from '../../src/kvm/kvm.ts';
import { Findings } from '../../src/locks/finding.ts';
import type { Task } from '../../src/runtime/task.ts';
import { M1, onHost, type Host } from '../helpers/host.ts';

const QUEUE = 0x0504;
const MASKS = { apm: ApMask.of(5), aqm: ApMask.of(4), adm: ApMask.EMPTY };

async function give(task: Task, kvm: Kvm, on: boolean): Promise<void> {
  using _lock = await kvm.lock.acquire(task);
  await (on ? setMasksLocked(task, kvm, MASKS) : clearMasksLocked(task, kvm));
}

/** guest1 uses the queue; `between` happens; then `next` gets it. Answers what the watch says. */
async function handOver(next: string, between: (host: Host, task: Task) => Promise<unknown>, wantedBack = false): Promise<string[]> {
  const findings = new Findings();
  await onHost('controlled', { findings: true, watch: false, leftovers: true }, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4] });
    const { hardware } = host.machine;
    const watch = new HandoverWatch(hardware, findings, () => host.rt.now());
    for (const { kvm } of host.machine.vms) watch.watch(kvm, () => wantedBack);
    const [first, second] = [host.vm('guest1').kvm, host.vm(next).kvm];
    await give(task, first, true);
    const sent = await hardware.nqap(task, QUEUE, { psmid: 1n, message: new Uint8Array(64) });
    expect(sent.rc).toBe(0);
    await give(task, first, false);
    await between(host, task);
    await give(task, second, true);
    expect(watch.checks).toBe(wantedBack ? 0 : 2);
    await give(task, second, false);
    await hardware.zapq(task, QUEUE);
  });
  return findings.list.map(({ title }) => title);
}

const answered = async ({ machine, rt }: Host, task: Task): Promise<void> => {
  while (machine.hardware.queueState(QUEUE)!.replies.length === 0) await rt.sleep(task, 1);
  await machine.hardware.dqap(task, QUEUE, 4096);
};

test('a message of the first guest comes along', async () => {
  expect(await handOver('guest2', () => Promise.resolve())).toEqual([
    expect.stringMatching(/05\.0004 comes to guest2 with 1 messages of an earlier owner$/),
  ]);
});

test('also to the same guest, unless its device is wanted back: that takes the masks away without a reset', async () => {
  expect(await handOver('guest1', () => Promise.resolve())).toHaveLength(1);
  expect(await handOver('guest1', () => Promise.resolve(), true)).toEqual([]);
});

test('an empty queue without a reset is reported for another guest only', async () => {
  expect(await handOver('guest2', answered)).toEqual([
    expect.stringMatching(/05\.0004 comes to guest2 without a reset since guest1 had it$/),
  ]);
  expect(await handOver('guest1', answered)).toEqual([]);
});

test('after a reset nothing is left to find', async () => {
  expect(await handOver('guest2', ({ machine }, task) => Promise.resolve(machine.hardware.zapq(task, QUEUE)))).toEqual([]);
});
