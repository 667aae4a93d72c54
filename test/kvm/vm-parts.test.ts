/**
 * Interruption state, storage, references, Secure Execution and the checks of the PQAP interception.
 */
import { describe, expect, test } from 'vitest';
import { EINVAL, ENODEV, EOPNOTSUPP, ERANGE, OK } from '../../src/base/errno.ts';
import { OPERATION_EXCEPTION, ProgramInterruption, SPECIFICATION_EXCEPTION } from '../../src/base/program-interruption.ts';
import { bareStatus } from '../../src/crypto-adapters/ap-status.ts';
import { CRYCB_FORMAT1 } from '../../src/kvm/crycb.ts';
import { Gisa } from '../../src/kvm/gisa.ts';
import { GuestMemory } from '../../src/kvm/guest-memory.ts';
import { InterpretiveAp } from '../../src/kvm/interpretive-ap.ts';
import type { KvmOptions } from '../../src/kvm/kvm.ts';
import { handlePqapLocked } from '../../src/kvm/pqap-intercept.ts';
import type { PqapAnswer } from '../../src/kvm/pqap-port.ts';
import { secureExecution } from '../../src/kvm/secure-execution.ts';
import { RUNTIMES, inTask } from '../helpers/in-task.ts';
import { FACILITIES, makeVm } from './vm.ts';

const PAGE_SIZE = 4096;

describe('the GISA', () => {
  test('counts registrations for each ISC and derives whom to alert', () => {
    const gisa = new Gisa(true, () => undefined);
    expect([gisa.register(3), gisa.register(3), gisa.register(0)]).toEqual([OK, OK, OK]);
    expect([gisa.referenceCount(3), gisa.totalReferences, gisa.alertMask]).toEqual([2, 3, 0x90]);
    expect([gisa.unregister(3), gisa.alertMask, gisa.unregister(3), gisa.alertMask]).toEqual([OK, 0x90, OK, 0x80]);
    expect(gisa.unregister(3)).toBe(EINVAL);
    expect([gisa.register(8), gisa.register(-1), gisa.unregister(8)]).toEqual([ERANGE, ERANGE, ERANGE]);
    expect(new Gisa(false, () => undefined).register(3)).toBe(ENODEV);
  });

  test('alerts for registered ISCs only, and gives out the most urgent enabled one', () => {
    let alerts = 0;
    const gisa = new Gisa(true, () => alerts++);
    gisa.register(5);
    gisa.adapterInterruption(2);
    expect(alerts).toBe(0);
    gisa.adapterInterruption(5);
    gisa.adapterInterruption(5);
    expect([alerts, gisa.delivered]).toEqual([2, 3]);
    expect([gisa.pendingFor(0x04), gisa.pendingFor(0x80)]).toEqual([true, false]);
    expect([gisa.take(0x80), gisa.take(0xff), gisa.take(0xff), gisa.take(0xff)]).toEqual([null, 2, 5, null]);
  });
});

test('guest storage is zero until it is written, and ends where it ends', () => {
  const memory = new GuestMemory(18 * PAGE_SIZE);
  const page = memory.allocatePage();
  expect(page % PAGE_SIZE).toBe(0);
  expect(memory.load(page + 7)).toBe(0);
  memory.notificationByte(page + 7).set();
  expect([memory.load(page + 7), memory.load(page + 6)]).toEqual([1, 0]);
  expect(memory.allocatePage()).toBe(page + PAGE_SIZE);
  expect(() => memory.allocatePage()).toThrow('used up');
  expect([
    memory.contains(0),
    memory.contains(18 * PAGE_SIZE - 1),
    memory.contains(18 * PAGE_SIZE),
    memory.contains(-1),
    memory.contains(0.5),
  ]).toEqual([true, true, false, false, false]);
  expect(() => memory.load(18 * PAGE_SIZE)).toThrow(RangeError);
});

describe.each(RUNTIMES)('on the %s runtime', (_name, make) => {
  test('a VM that is used after its last reference is found out', async () => {
    const rt = make(1);
    await inTask(rt, async () => {
      const { kvm } = makeVm(rt);
      kvm.get();
      kvm.put();
      kvm.put();
      expect(kvm.freed).toBe(true);
      expect(() => kvm.get()).toThrow('use after free');
      expect(() => kvm.put()).toThrow('use after free');
    });
  });

  test('Secure Execution waits for each running vCPU and switches AIV off until it ends', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { kvm, layer } = makeVm(rt);
      const run = await kvm.vcpus[1]!.mutex.acquire(task);
      let done: number | null = null;
      const pv = rt.spawn('pv', async (t) => {
        done = await secureExecution(t, kvm, true);
      });
      while (kvm.vcpus[0]!.aiv) await rt.sleep(task, 1);
      expect([done, kvm.protectedGuest, kvm.vcpus[1]!.aiv]).toEqual([null, false, true]);
      run.release();
      await rt.join(task, pv);
      expect([done, kvm.protectedGuest, kvm.vcpus[1]!.aiv]).toEqual([OK, true, false]);
      expect(await secureExecution(task, kvm, true)).toBe(EINVAL);
      expect(await secureExecution(task, kvm, false)).toBe(OK);
      expect(kvm.vcpus.map(({ aiv }) => aiv)).toEqual([true, true]);
      expect(await secureExecution(task, kvm, false)).toBe(EINVAL);
      expect(layer.findings.list).toEqual([]);
    });
  });

  const cases: readonly (readonly [string, Partial<KvmOptions>, number, number | 'errno' | 'hook'])[] = [
    ['vfio-K1: without AP interpretation it is left to user space', { facilities: { ...FACILITIES, apie: false } }, 0x0504, 'errno'],
    ['a small control block knows no domain 16', { crycbFormat: CRYCB_FORMAT1 }, 0x0510, SPECIFICATION_EXCEPTION],
    ['a small control block knows no adapter 64', { crycbFormat: CRYCB_FORMAT1 }, 0x4004, SPECIFICATION_EXCEPTION],
    ['a small control block knows adapter 63 and domain 15', { crycbFormat: CRYCB_FORMAT1 }, 0x3f0f, 'hook'],
    [
      'vfio-K7: without facility 65 it is a specification exception',
      { facilities: { ...FACILITIES, aqic: false } },
      0x0504,
      SPECIFICATION_EXCEPTION,
    ],
    ['everything else reaches the hook', {}, 0xffff, 'hook'],
  ];
  test.each(cases)('%s', async (_what, options, apqn, expected) => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { kvm } = makeVm(rt, options);
      const vcpu = kvm.vcpus[0]!;
      const asked: number[] = [];
      const hook = {
        intercept: (_task: unknown, request: { apqn: number }): Promise<PqapAnswer> =>
          Promise.resolve((asked.push(request.apqn), { status: bareStatus(1) })),
      };
      using _run = await vcpu.mutex.acquire(task);
      const answer = await handlePqapLocked(task, hook, { kvm, vcpu, apqn, operand: { ir: false, isc: 0, nib: 0 } }).catch(
        (error: unknown) => {
          if (error instanceof ProgramInterruption) return error.code;
          throw error;
        },
      );
      expect(answer).toEqual(expected === 'errno' ? { errno: EOPNOTSUPP } : expected === 'hook' ? { status: bareStatus(1) } : expected);
      expect(asked).toEqual(expected === 'hook' ? [apqn] : []);
    });
  });

  test('work that a design leaves for later runs without vcpu->mutex, and an errno becomes an operation exception', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { kvm } = makeVm(rt);
      const vcpu = kvm.vcpus[0]!;
      const held: boolean[] = [];
      const operand = { ir: false, isc: 0, nib: 0 };
      const outside: PqapAnswer = {
        outside: (t) => {
          held.push(vcpu.mutex.heldBy(t));
          return Promise.resolve(bareStatus(7));
        },
      };
      const ap = (answer: PqapAnswer) =>
        new InterpretiveAp(kvm, vcpu, { intercept: (t) => Promise.resolve((held.push(vcpu.mutex.heldBy(t)), answer)) });
      expect((await ap(outside).aqic(task, 0x0504, operand)).rc).toBe(7);
      expect(held).toEqual([true, false]);
      await expect(ap({ errno: EOPNOTSUPP }).aqic(task, 0x0504, operand)).rejects.toMatchObject({ code: OPERATION_EXCEPTION });
      expect(vcpu.mutex.heldBy(task)).toBe(false);
    });
  });
});
