/**
 * Cases K of vfio_ap: what KVM looks at when a guest executes PQAP, in which order, and what it leaves in GR1 and the condition code.
 * By the registers, on a VM whose hook the test answers for; the last cases with the real driver behind it.
 */
import { describe, expect, test } from 'vitest';
import { EOPNOTSUPP } from '../../src/base/errno.ts';
import { KERNELS } from '../../src/base/kernel-profile.ts';
import {
  OPERATION_EXCEPTION,
  PRIVILEGED_OPERATION,
  ProgramInterruption,
  SPECIFICATION_EXCEPTION,
} from '../../src/base/program-interruption.ts';
import { bareStatus, type ApStatus } from '../../src/crypto-adapters/ap-status.ts';
import { CRYCB_FORMAT0, CRYCB_FORMAT1, CRYCB_FORMAT2 } from '../../src/kvm/crycb.ts';
import { InterpretiveAp } from '../../src/kvm/interpretive-ap.ts';
import type { Kvm } from '../../src/kvm/kvm.ts';
import { handlePqapLocked } from '../../src/kvm/pqap-intercept.ts';
import { NO_HOOK, type InterceptedAqic, type PqapAnswer, type PqapInterception } from '../../src/kvm/pqap-port.ts';
import { imageOf, registersOf } from '../../src/kvm/pqap-registers.ts';
import { secureExecution } from '../../src/kvm/secure-execution.ts';
import type { Task } from '../../src/runtime/task.ts';
import { M1, RUNTIMES as HOSTS, onHost, script } from '../helpers/host.ts';
import { RUNTIMES, inTask } from '../helpers/in-task.ts';
import { FACILITIES, makeVm, type VmOptions } from '../kvm/vm.ts';

const AQIC = 0x03000504n;
/** IR, ISC 3 and something in each field that the guest may fill. */
const CONTROL = 0x0055_8000_1234_5673n;
const NIB = 0x2_0000n;
const GIVEN = { gr0: AQIC, gr1: CONTROL, gr2: NIB };
/** What the condition code was before. */
const OLD_CC = 2;

class Hook implements PqapInterception {
  readonly asked: InterceptedAqic[] = [];
  private readonly answer: PqapAnswer;

  constructor(answer: PqapAnswer | ApStatus) {
    this.answer = 'rc' in answer ? { status: answer } : answer;
  }

  intercept(_task: Task, request: InterceptedAqic): Promise<PqapAnswer> {
    this.asked.push(request);
    return Promise.resolve(this.answer);
  }
}

type Ended = { readonly outcome: unknown; readonly gr1: bigint; readonly cc: number; readonly asked: number };

/** The handler alone, without a machine that would execute what it does not intercept. */
async function intercepted(task: Task, kvm: Kvm, given = GIVEN, hook = new Hook(bareStatus(0))): Promise<Ended> {
  const vcpu = kvm.vcpus[0]!;
  vcpu.conditionCode = OLD_CC;
  const registers = imageOf(given);
  using _run = await vcpu.mutex.acquire(task);
  const outcome = await handlePqapLocked(task, hook, { kvm, vcpu, registers }).catch((error: unknown) => {
    if (error instanceof ProgramInterruption) return `program interruption ${error.code}`;
    throw error;
  });
  return { outcome, gr1: registersOf(given.gr0, registers).gr1, cc: vcpu.conditionCode, asked: hook.asked.length };
}

/** Neither the hook was asked, nor anything changed. */
const refused = (outcome: unknown): Ended => ({ outcome, gr1: CONTROL, cc: OLD_CC, asked: 0 });
const PROBLEM = refused(`program interruption ${PRIVILEGED_OPERATION}`);
const SPECIFICATION = refused(`program interruption ${SPECIFICATION_EXCEPTION}`);
const UNHANDLED = refused(EOPNOTSUPP);
const ANSWERED: Ended = { outcome: 0, gr1: 0n, cc: 0, asked: 1 };

interface Case {
  readonly vm?: VmOptions;
  readonly problemState?: boolean;
  readonly gr0?: bigint;
  readonly ends: Ended;
}

const without = (facility: keyof typeof FACILITIES): VmOptions => ({ facilities: { ...FACILITIES, [facility]: false } });
/** All that can be wrong at once: each check hides those after it. */
const WRONG = AQIC | 0x00ff_0000n | 0x4010n;
const BARE = { apie: true, qci: false, apft: false, aqic: false };

const CASES: readonly (readonly [string, Case])[] = [
  ['a host without AP instructions leaves it to user space', { vm: { host: { apInstructions: false } }, ends: UNHANDLED }],
  ['vfio-K1: with APIE off it is left to user space', { vm: without('apie'), ends: UNHANDLED }],
  ['with APIE off problem state does not matter', { vm: without('apie'), problemState: true, ends: UNHANDLED }],
  ['a function code other than 3 is left to user space', { gr0: 0x00000504n, ends: UNHANDLED }],
  ['a function code is eight bits wide', { gr0: 0x83000504n, ends: UNHANDLED }],
  ['a function code other than 3 is left to user space in problem state, too', { gr0: 0x04000000n, problemState: true, ends: UNHANDLED }],
  ['vfio-K3: problem state is a privileged operation', { problemState: true, ends: PROBLEM }],
  ['problem state comes before every look at the operands', { vm: { facilities: BARE }, problemState: true, gr0: WRONG, ends: PROBLEM }],
  ...[41, 42, 43, 44, 45, 46, 47].map((bit): readonly [string, Case] => [
    `bit ${bit} of GR0 has to be zero`,
    { gr0: AQIC | (1n << BigInt(63 - bit)), ends: SPECIFICATION },
  ]),
  [
    'vfio-K5: the T bit without facility 15 is a specification exception',
    { vm: without('apft'), gr0: AQIC | 0x00800000n, ends: SPECIFICATION },
  ],
  ['vfio-K5: the T bit with facility 15 is accepted', { gr0: AQIC | 0x00800000n, ends: ANSWERED }],
  ['without facility 15 an AQIC without T bit is accepted', { vm: without('apft'), ends: ANSWERED }],
  ['format 1 knows no adapter 64', { vm: { crycbFormat: CRYCB_FORMAT1 }, gr0: 0x03004000n, ends: SPECIFICATION }],
  ['format 1 knows no adapter 128', { vm: { crycbFormat: CRYCB_FORMAT1 }, gr0: 0x03008000n, ends: SPECIFICATION }],
  ['format 1 knows no domain 16', { vm: { crycbFormat: CRYCB_FORMAT1 }, gr0: 0x03000510n, ends: SPECIFICATION }],
  ['format 0 knows no domain 128', { vm: { crycbFormat: CRYCB_FORMAT0 }, gr0: 0x03000580n, ends: SPECIFICATION }],
  ['format 0 knows adapter 63 and domain 15', { vm: { crycbFormat: CRYCB_FORMAT0 }, gr0: 0x03003f0fn, ends: ANSWERED }],
  ['format 1 knows adapter 63 and domain 15', { vm: { crycbFormat: CRYCB_FORMAT1 }, gr0: 0x03003f0fn, ends: ANSWERED }],
  ['format 2 knows adapter 255 and domain 255', { vm: { crycbFormat: CRYCB_FORMAT2 }, gr0: 0x0300ffffn, ends: ANSWERED }],
  ['vfio-K7: without facility 65 it is a specification exception', { vm: without('aqic'), ends: SPECIFICATION }],
  ['the high half of GR0 takes no part', { gr0: 0xffff_ffff_0000_0000n | AQIC, ends: ANSWERED }],
];

describe.each(RUNTIMES)('on the %s runtime', (_name, make) => {
  const withVm = async (options: VmOptions, body: (kvm: Kvm, task: Task) => Promise<void>): Promise<void> => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { kvm, layer } = makeVm(rt, options);
      await body(kvm, task);
      expect(layer.findings.list).toEqual([]);
    });
  };

  test.each(CASES)('%s', (_what, { vm = {}, problemState = false, gr0 = AQIC, ends }) =>
    withVm(vm, async (kvm, task) => {
      kvm.vcpus[0]!.problemState = problemState;
      expect(await intercepted(task, kvm, { ...GIVEN, gr0 })).toEqual(ends);
    }),
  );

  test('the hook is given APQN, interrupt bit, ISC and address out of the registers', () =>
    withVm({}, async (kvm, task) => {
      const hook = new Hook(bareStatus(0));
      await intercepted(task, kvm, { gr0: 0x0380ab47n, gr1: CONTROL, gr2: 0x1_0002_0000n }, hook);
      await intercepted(task, kvm, { gr0: AQIC, gr1: 0xffff_7fff_ffff_fff8n, gr2: 0n }, hook);
      expect(hook.asked.map(({ apqn, operand }) => ({ apqn, ...operand }))).toEqual([
        { apqn: 0xab47, ir: true, isc: 3, nib: 0x1_0002_0000 },
        { apqn: 0x0504, ir: false, isc: 0, nib: 0 },
      ]);
    }));

  test('a status with a response code ends in the low half of GR1 with condition code 3, its high half zero', () =>
    withVm({}, async (kvm, task) => {
      const status = { ...bareStatus(7), queueEmpty: true, irqEnabled: true };
      expect(await intercepted(task, kvm, GIVEN, new Hook(status))).toEqual({ outcome: 0, gr1: 0x8107_0000n, cc: 3, asked: 1 });
    }));

  test('status bits beside response code 00 are no error', () =>
    withVm({}, async (kvm, task) => {
      const status = { ...bareStatus(0), queueEmpty: true, irqEnabled: true };
      expect(await intercepted(task, kvm, GIVEN, new Hook(status))).toEqual({ outcome: 0, gr1: 0x8100_0000n, cc: 0, asked: 1 });
    }));

  test.each(['6.0', '5.15'] as const)('kernel %s sets condition code 3 only, and leaves it alone on success', (name) =>
    withVm({ host: { kernel: KERNELS[name] } }, async (kvm, task) => {
      expect(await intercepted(task, kvm)).toEqual({ ...ANSWERED, cc: OLD_CC });
      expect(await intercepted(task, kvm, GIVEN, new Hook(bareStatus(1)))).toMatchObject({ gr1: 0x0001_0000n, cc: 3 });
    }),
  );

  test('an errno of the hook leaves registers and condition code alone', () =>
    withVm({}, async (kvm, task) => {
      expect(await intercepted(task, kvm, GIVEN, new Hook({ errno: EOPNOTSUPP }))).toEqual({ ...UNHANDLED, asked: 1 });
    }));

  test('without a hook the guest finds response code 01 where it looks, with condition code 3', () =>
    withVm({}, async (kvm, task) => {
      expect(await intercepted(task, kvm, GIVEN, new Hook(NO_HOOK))).toEqual({ outcome: 0, gr1: 0x0001_0000n, cc: 3, asked: 1 });
    }));

  test('without a hook the kernel stores the status in the first four bytes of GR1: quirk Q13', () =>
    withVm({ host: { statusInHighHalf: true } }, async (kvm, task) => {
      const ends: number[][] = [];
      kvm.onAqic = ({ answered, seen }) => void ends.push([answered, seen]);
      expect(await intercepted(task, kvm, GIVEN, new Hook(NO_HOOK))).toEqual({ outcome: 0, gr1: 0x0001_0000_1234_5673n, cc: 3, asked: 1 });
      // A hook that answers the same code does so where the guest looks.
      expect(await intercepted(task, kvm, GIVEN, new Hook(bareStatus(1)))).toMatchObject({ gr1: 0x0001_0000n, cc: 3 });
      expect(ends).toEqual([
        [1, 0x34],
        [1, 1],
      ]);
    }));

  test('work that a design leaves for later runs without vcpu->mutex, and its status enters the registers afterwards', () =>
    withVm({}, async (kvm, task) => {
      const vcpu = kvm.vcpus[0]!;
      const held: boolean[] = [];
      const outside: PqapInterception = {
        intercept: (t) => {
          held.push(vcpu.mutex.heldBy(t));
          const later = (later: Task): Promise<ApStatus> => Promise.resolve((held.push(vcpu.mutex.heldBy(later)), bareStatus(5)));
          return Promise.resolve({ outside: later });
        },
      };
      const end = await new InterpretiveAp(kvm, vcpu, outside).pqap(task, GIVEN);
      expect([end, held]).toEqual([{ ...GIVEN, gr1: 0x0005_0000n, cc: 3 }, [true, false]]);
      expect(vcpu.mutex.heldBy(task)).toBe(false);
    }));

  test('what KVM leaves to user space becomes an operation exception there', () =>
    withVm(without('apie'), async (kvm, task) => {
      const cpu = new InterpretiveAp(kvm, kvm.vcpus[0]!, new Hook(bareStatus(0)));
      await expect(cpu.pqap(task, GIVEN)).rejects.toMatchObject({ code: OPERATION_EXCEPTION });
      await expect(cpu.aqic(task, 0x0504, { ir: true, isc: 3, nib: 8 })).rejects.toMatchObject({ code: OPERATION_EXCEPTION });
      expect(kvm.vcpus[0]!.mutex.heldBy(task)).toBe(false);
    }));
});

describe.each(HOSTS)('with the driver behind it on the %s runtime', (kind) => {
  test('vfio-K9: a successful AQIC leaves rc 00 in the low half of GR1, zero in the high half, condition code 0, and interrupts on', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const end = await host.cpu('guest1').pqap(task, GIVEN);
      expect([end.gr1 >> 32n, (end.gr1 >> 16n) & 0xffn, end.cc]).toEqual([0n, 0n, 0]);
      expect([end.gr0, end.gr2]).toEqual([AQIC, NIB]);
      const tested = await host.cpu('guest1').pqap(task, { gr0: 0x00800504n, gr1: 0n, gr2: 0n });
      expect(tested).toMatchObject({ gr1: 0x8100_0000n, cc: 0 });
      expect(host.vm('guest1').kvm.gisa.alertMask).toBe(0x10);
    }));

  test('vfio-K11: without AIV it is -EOPNOTSUPP: GR1, the condition code and the queue stay as they were', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const { kvm, qemu } = host.vm('guest1');
      expect(await secureExecution(task, kvm, true)).toBe(0);
      const aqic = script(host.hardware, 'aqic', 0x0504, []);
      const vcpu = kvm.vcpus[0]!;
      vcpu.conditionCode = OLD_CC;
      const registers = imageOf(GIVEN);
      {
        using _run = await vcpu.mutex.acquire(task);
        expect(await handlePqapLocked(task, host.machine.vfioAp.design, { kvm, vcpu, registers })).toBe(EOPNOTSUPP);
      }
      expect([registersOf(AQIC, registers), vcpu.conditionCode, aqic.calls]).toEqual([GIVEN, OLD_CC, 0]);
      await expect(host.cpu('guest1').pqap(task, GIVEN)).rejects.toMatchObject({ code: OPERATION_EXCEPTION });
      expect([aqic.calls, kvm.gisa.totalReferences, qemu.container.pins]).toEqual([0, 0, 0]);
      await secureExecution(task, kvm, false);
      expect((await host.cpu('guest1').pqap(task, GIVEN)).cc).toBe(0);
    }));

  test('before the attach and after the detach KVM answers 01 itself', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      expect(await host.cpu('guest1').pqap(task, GIVEN)).toEqual({ ...GIVEN, gr1: 0x0001_0000n, cc: 3 });
      await host.attach(task, 'guest1', M1);
      expect((await host.cpu('guest1').pqap(task, GIVEN)).cc).toBe(0);
      await host.detach(task, 'guest1');
      expect(await host.cpu('guest1').pqap(task, GIVEN)).toEqual({ ...GIVEN, gr1: 0x0001_0000n, cc: 3 });
    }));

  test('the codes that the driver answers arrive with condition code 3, and the queue is not asked for one that is not assigned', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      expect(await host.cpu('guest1').pqap(task, { ...GIVEN, gr0: 0x03000604n })).toMatchObject({ gr1: 0x0001_0000n, cc: 3 });
      expect(await host.cpu('guest1').pqap(task, { ...GIVEN, gr2: 0n })).toMatchObject({ gr1: 0x0006_0000n, cc: 3 });
      await host.cpu('guest1').pqap(task, GIVEN);
      expect(await host.cpu('guest1').pqap(task, { ...GIVEN, gr2: 0x3_0000n })).toMatchObject({ cc: 3 });
      expect(await host.cpu('guest1').pqap(task, { gr0: AQIC, gr1: 0n, gr2: 0n })).toMatchObject({ cc: 0 });
      expect(host.vm('guest1').kvm.gisa.alertMask).toBe(0);
    }));
});
