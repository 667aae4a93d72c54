/**
 * Cases L5 and L13 of vfio_ap, and what lies around them: AQIC of guests in Secure Execution, with and without adapter interruption
 * virtualization, and in the middle of its start.
 */
import { describe, expect, test } from 'vitest';
import { EAGAIN, OK } from '../../src/base/errno.ts';
import type { KernelName } from '../../src/base/kernel-profile.ts';
import { OPERATION_EXCEPTION, ProgramInterruption } from '../../src/base/program-interruption.ts';
import { InterpretiveAp } from '../../src/kvm/interpretive-ap.ts';
import { secureExecution } from '../../src/kvm/secure-execution.ts';
import { createVcpu } from '../../src/kvm/vcpu-create.ts';
import type { Task } from '../../src/runtime/task.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';
import { M1, RUNTIMES, onHost, script, type Host, type HostOptions } from '../helpers/host.ts';

const APQN = 0x0504;
const NIB = 0x20000;
const ON = { ir: true, isc: 3, nib: NIB };
const OFF = { ir: false, isc: 0, nib: 0 };
/** The ultravisor virtualizes adapter interruptions. */
const WITH_AIV: HostOptions = { spec: { ultravisorAiv: true } };

async function oneQueue(host: Host, task: Task): Promise<void> {
  await host.create(task, M1, { adapters: [5], domains: [4] });
  expect(await host.attach(task, 'guest1', M1)).toBe(0);
}

const kvmOf = (host: Host) => host.vm('guest1').kvm;
const protect = (host: Host, task: Task, on = true) => secureExecution(task, kvmOf(host), on);
const aqic = async (host: Host, task: Task, operand = ON, vcpu = 0) => (await host.cpu('guest1', vcpu).aqic(task, APQN, operand)).rc;
/** References of ISC 3, pages pinned. */
const held = (host: Host): number[] => [kvmOf(host).gisa.referenceCount(3), host.vm('guest1').qemu.container.pins];

/** One message to the card, and its reply. */
async function request(host: Host, task: Task): Promise<void> {
  const cpu = host.cpu('guest1');
  await cpu.nqap(task, APQN, { psmid: 1n, message: new Uint8Array(16) });
  while ((await cpu.dqap(task, APQN, 4096)).status.rc !== 0) await host.rt.sleep(task, 1);
}

const interruption = async (work: Promise<unknown>): Promise<number | null> => {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof ProgramInterruption) return error.code;
    throw error;
  }
};

/**
 * A vCPU that was being created when Secure Execution started: it has seen the GISA, and nobody has taken AIV away from it. KVM decides about
 * AIV before the vCPU is in the list, without a lock.
 */
async function plugDuringStart(host: Host, task: Task): Promise<InterpretiveAp> {
  const kvm = kvmOf(host);
  const early = kvm.makeVcpu(99);
  expect(await protect(host, task)).toBe(OK);
  early.isProtected = kvm.protectedGuest;
  {
    using _lock = await kvm.lock.acquire(task);
    kvm.addVcpu(task, early);
  }
  return new InterpretiveAp(kvm, early, host.machine.vfioAp.design);
}

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('vfio-L5: a vCPU that was plugged while Secure Execution started finds no GISA: 06, and nothing stays pinned', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const cpu = await plugDuringStart(host, task);
      const machine = script(host.hardware, 'aqic', APQN, []);
      kvmOf(host).memory.share(NIB);
      expect((await cpu.aqic(task, APQN, ON)).rc).toBe(6);
      expect([machine.calls, held(host)]).toEqual([0, [0, 0]]);
    }));

  test.each<[KernelName, string, number]>([
    ['6.0', 'guests-lock', 0],
    ['5.15', 'kvm-lock-outside', 1],
  ])('vfio-L5: kernel %s answers 08 under %s, keeps the pin, and the machine is asked %d times', (kernel, design, calls) =>
    onHost(kind, { spec: { kernel }, design: designByName(design)!, leftovers: true, findings: true, watch: false }, async (host, task) => {
      await oneQueue(host, task);
      const cpu = await plugDuringStart(host, task);
      const machine = script(host.hardware, 'aqic', APQN, []);
      expect((await cpu.aqic(task, APQN, ON)).rc).toBe(8);
      expect([machine.calls, held(host)]).toEqual([calls, [0, 1]]);
    }),
  );

  test('a vCPU that is plugged before or behind the start is like the others', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const kvm = kvmOf(host);
      const cpu = (vcpu: (typeof kvm.vcpus)[number]) => new InterpretiveAp(kvm, vcpu, host.machine.vfioAp.design);
      const before = cpu(await createVcpu(task, kvm));
      expect((await before.aqic(task, APQN, ON)).rc).toBe(0);
      expect((await before.aqic(task, APQN, OFF)).rc).toBe(0);
      await protect(host, task);
      const behind = cpu(await createVcpu(task, kvm));
      for (const one of [before, behind]) expect(await interruption(one.aqic(task, APQN, ON))).toBe(OPERATION_EXCEPTION);
      expect(held(host)).toEqual([0, 0]);
    }));

  test('vfio-L13: a protected vCPU whose notification page is not shared gets 06, and no pin is left', () =>
    onHost(kind, WITH_AIV, async (host, task) => {
      await oneQueue(host, task);
      expect(await protect(host, task)).toBe(OK);
      const machine = script(host.hardware, 'aqic', APQN, []);
      expect(await aqic(host, task)).toBe(6);
      expect([machine.calls, held(host)]).toEqual([0, [0, 0]]);
      // The attempt has exported the page; it is the guest's again as soon as the guest touches it.
      const { memory } = kvmOf(host);
      expect(memory.protection.isExported(NIB >> 12)).toBe(true);
      memory.store(NIB, 0);
      expect(memory.protection.isExported(NIB >> 12)).toBe(false);
    }));

  test('with a shared page a protected vCPU has its interrupt, on every vCPU, and the page cannot be taken back meanwhile', () =>
    onHost(kind, WITH_AIV, async (host, task) => {
      await oneQueue(host, task);
      await protect(host, task);
      const { memory, gisa } = kvmOf(host);
      memory.share(NIB);
      expect([await aqic(host, task), held(host), memory.unshare(NIB)]).toEqual([0, [1, 1], EAGAIN]);
      await request(host, task);
      expect([memory.load(NIB), gisa.pendingFor(0x10)]).toEqual([1, true]);
      expect([await aqic(host, task, OFF, 1), held(host), memory.unshare(NIB)]).toEqual([0, [0, 0], OK]);
      expect(await aqic(host, task)).toBe(6);
    }));

  test('an AQIC that cannot be done for want of a shared page leaves the interrupt of before alone', () =>
    onHost(kind, WITH_AIV, async (host, task) => {
      await oneQueue(host, task);
      await protect(host, task);
      kvmOf(host).memory.share(NIB);
      await aqic(host, task);
      expect(await aqic(host, task, { ...ON, isc: 5, nib: 0x30000 })).toBe(6);
      expect([held(host), kvmOf(host).gisa.referenceCount(5)]).toEqual([[1, 1], 0]);
      expect((await host.cpu('guest1').tapq(task, APQN)).status.irqEnabled).toBe(true);
    }));

  test('before the start and behind the end a page need not be shared', () =>
    onHost(kind, WITH_AIV, async (host, task) => {
      await oneQueue(host, task);
      expect([await aqic(host, task), await aqic(host, task, OFF)]).toEqual([0, 0]);
      await protect(host, task);
      expect(await aqic(host, task)).toBe(6);
      await protect(host, task, false);
      expect([await aqic(host, task), held(host)]).toEqual([0, [1, 1]]);
    }));

  test.each([
    ['of its own', async (host: Host, task: Task) => void (await host.cpu('guest1').zapq(task, APQN)), true],
    ['by the host', async (host: Host, task: Task) => void (await host.unbind(task, '05.0004')), false],
  ])('a protected guest that resets its queue keeps the notification page pinned; a reset %s (kept: %s)', (_who, reset, kept) =>
    onHost(kind, WITH_AIV, async (host, task) => {
      await oneQueue(host, task);
      await protect(host, task);
      kvmOf(host).memory.share(NIB);
      await aqic(host, task);
      await reset(host, task);
      expect(host.hardware.queueState(APQN)?.irq ?? null).toBe(null);
      expect(held(host)).toEqual(kept ? [1, 1] : [0, 0]);
      if (kept) expect([await aqic(host, task, OFF), held(host)]).toEqual([7, [0, 0]]);
    }),
  );

  test('without AIV AQIC goes to user space before any lock of the driver, and what was enabled stays pinned and registered', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      await aqic(host, task);
      await protect(host, task);
      const machine = script(host.hardware, 'aqic', APQN, []);
      for (const operand of [ON, OFF]) expect(await interruption(host.cpu('guest1').aqic(task, APQN, operand))).toBe(OPERATION_EXCEPTION);
      expect([machine.calls, held(host)]).toEqual([0, [1, 1]]);
      // A page that somebody holds cannot become the guest's.
      expect(kvmOf(host).memory.protection.makeSecure(NIB >> 12)).toBe(EAGAIN);
    }));

  test('without AIV an interruption of what was enabled reaches nobody, until Secure Execution has ended', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      await aqic(host, task);
      await protect(host, task);
      const { gisa } = kvmOf(host);
      await request(host, task);
      expect([gisa.lost, gisa.pendingFor(0xff)]).toEqual([1, false]);
      await protect(host, task, false);
      await request(host, task);
      expect([gisa.lost, gisa.pendingFor(0x10), gisa.alertMask]).toEqual([1, true, 0x10]);
    }));

  test.each(['detach', 'reset by the host'])('without AIV a %s gives back what was enabled before the start', (way) =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      await aqic(host, task);
      await protect(host, task);
      if (way === 'detach') await host.detach(task, 'guest1');
      else await host.unbind(task, '05.0004');
      expect(held(host)).toEqual([0, 0]);
      await protect(host, task, false);
      expect(kvmOf(host).gisa.alertMask).toBe(0);
    }),
  );

  test('kernel 6.0 does not ask whether the page is shared', () =>
    onHost(kind, { spec: { ultravisorAiv: true, kernel: '6.0' } }, async (host, task) => {
      await oneQueue(host, task);
      await protect(host, task);
      expect([await aqic(host, task), held(host)]).toEqual([0, [1, 1]]);
    }));
});
