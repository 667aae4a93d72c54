/**
 * Cases K, L and M of vfio_ap that need a whole host: AQIC of a guest from the instruction to the card, and masks that change under
 * vCPUs. The checks of KVM alone are in test/kvm.
 */
import { describe, expect, test } from 'vitest';
import { OPERATION_EXCEPTION, ProgramInterruption } from '../../src/base/program-interruption.ts';
import { conditionCode, encodeStatus } from '../../src/crypto-adapters/ap-status.ts';
import { secureExecution } from '../../src/kvm/secure-execution.ts';
import type { Task } from '../../src/runtime/task.ts';
import { M1, RUNTIMES, TASKS_FIRST, onHost, script, type Host } from '../helpers/host.ts';

const ON = { ir: true, isc: 3, nib: 0x20000 };
const OFF = { ir: false, isc: 0, nib: 0 };

async function oneQueue(host: Host, task: Task): Promise<void> {
  await host.create(task, M1, { adapters: [5], domains: [4] });
  expect(await host.attach(task, 'guest1', M1)).toBe(0);
}

const held = (host: Host): number[] => {
  const { kvm, qemu } = host.vm('guest1');
  return [kvm.gisa.referenceCount(3), kvm.gisa.referenceCount(5), qemu.container.pins];
};

const interruption = async (work: Promise<unknown>): Promise<number | null> => {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof ProgramInterruption) return error.code;
    throw error;
  }
};

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('vfio-K9: a successful AQIC leaves rc 00 and condition code 0, and the queue interrupts the guest', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const status = await host.cpu('guest1').aqic(task, 0x0504, ON);
      expect((encodeStatus(status) >>> 16) & 0xff).toBe(0);
      expect(conditionCode(status)).toBe(0);
      expect(host.hardware.queueState(0x0504)).toBeDefined();
      expect((await host.cpu('guest1').tapq(task, 0x0504)).status.irqEnabled).toBe(true);
      expect(host.vm('guest1').kvm.gisa.alertMask).toBe(0x10);
    }));

  test('vfio-K11: a guest without AIV gets no AQIC and keeps its state', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      expect(await secureExecution(task, host.vm('guest1').kvm, true)).toBe(0);
      const aqic = script(host.hardware, 'aqic', 0x0504, []);
      expect(await interruption(host.cpu('guest1').aqic(task, 0x0504, ON))).toBe(OPERATION_EXCEPTION);
      expect(aqic.calls).toBe(0);
      expect(held(host)).toEqual([0, 0, 0]);
      await secureExecution(task, host.vm('guest1').kvm, false);
      expect((await host.cpu('guest1').aqic(task, 0x0504, ON)).rc).toBe(0);
    }));

  test('vfio-L1: AQIC of a queue that is not assigned answers 01', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      expect((await host.cpu('guest1').aqic(task, 0x0604, ON)).rc).toBe(1);
      expect((await host.cpu('guest2').aqic(task, 0x0504, ON)).rc).toBe(1);
      expect(held(host)).toEqual([0, 0, 0]);
    }));

  test('vfio-L3: AQIC of an assigned queue is done also while the guest does not see its adapter', () =>
    onHost(kind, {}, async (host, task) => {
      await host.unbind(task, '05.0047');
      await host.create(task, M1, { adapters: [5], domains: [4, 0x47] });
      await host.attach(task, 'guest1', M1);
      expect(host.masks('guest1').apm).toEqual([]);
      expect((await host.cpu('guest1').aqic(task, 0x0504, ON)).rc).toBe(0);
      expect(held(host)).toEqual([1, 0, 1]);
    }));

  test('vfio-L5: without GISA the answer is 06 and nothing stays pinned', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      host.vm('guest1').kvm.gisa.enabled = false;
      expect((await host.cpu('guest1').aqic(task, 0x0504, ON)).rc).toBe(6);
      expect(held(host)).toEqual([0, 0, 0]);
    }));

  test.each([
    ['zero', 0],
    ['outside of the storage of the guest', 2 ** 40],
  ])('a notification byte at an address that is %s answers 06', (_what, nib) =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const aqic = script(host.hardware, 'aqic', 0x0504, []);
      expect((await host.cpu('guest1').aqic(task, 0x0504, { ...ON, nib })).rc).toBe(6);
      expect(aqic.calls).toBe(0);
      expect(held(host)).toEqual([0, 0, 0]);
    }),
  );

  test('vfio-L7: enabled again, the queue holds the new resources only', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const cpu = host.cpu('guest1');
      await cpu.aqic(task, 0x0504, ON);
      script(host.hardware, 'aqic', 0x0504, [0]);
      expect((await cpu.aqic(task, 0x0504, { ir: true, isc: 5, nib: 0x30000 })).rc).toBe(0);
      expect(held(host)).toEqual([0, 1, 1]);
      expect(host.queue(0x0504).savedIova.inspect()).toBe(0x30000);
      expect(host.queue(0x0504).savedIsc.inspect()).toBe(5);
    }));

  test('an AQIC that finds the queue enabled keeps the previous resources', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const cpu = host.cpu('guest1');
      await cpu.aqic(task, 0x0504, ON);
      expect((await cpu.aqic(task, 0x0504, { ir: true, isc: 5, nib: 0x30000 })).rc).toBe(7);
      expect(held(host)).toEqual([1, 0, 1]);
    }));

  test('a failed AQIC frees what the queue had and what was taken for it', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const cpu = host.cpu('guest1');
      await cpu.aqic(task, 0x0504, ON);
      script(host.hardware, 'aqic', 0x0504, [3, 3]);
      expect((await cpu.aqic(task, 0x0504, { ir: true, isc: 5, nib: 0x30000 })).rc).toBe(3);
      expect(held(host)).toEqual([0, 0, 0]);
    }));

  test('vfio-L11: a disable that stays busy is tried six times, then the resources are freed', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const cpu = host.cpu('guest1');
      await cpu.aqic(task, 0x0504, ON);
      const aqic = script(host.hardware, 'aqic', 0x0504, [5, 5, 5, 5, 5, 5]);
      host.log.length = 0;
      expect((await cpu.aqic(task, 0x0504, OFF)).rc).toBe(5);
      expect(aqic.calls).toBe(6);
      expect(host.log.map((line) => (JSON.parse(line) as { level: number }).level)).toContain(40);
      expect(held(host)).toEqual([0, 0, 0]);
    }));

  test('vfio-M9: a queue inside the masks answers as the machine does, also when its card is deconfigured', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      host.hardware.configure(5, false);
      expect((await host.cpu('guest1').tapq(task, 0x0504)).status.rc).toBe(3);
      expect((await host.cpu('guest1').tapq(task, 0x0604)).status.rc).toBe(1);
    }));
});

test('vfio-L11: six tries take at least 120 ms of the clock', () =>
  onHost('controlled', { strategy: TASKS_FIRST }, async (host, task) => {
    await oneQueue(host, task);
    const cpu = host.cpu('guest1');
    await cpu.aqic(task, 0x0504, ON);
    script(host.hardware, 'aqic', 0x0504, [5, 5, 5, 5, 5, 5]);
    const start = host.rt.now();
    await cpu.aqic(task, 0x0504, OFF);
    expect(host.rt.now() - start).toBeGreaterThanOrEqual(120);
  }));
