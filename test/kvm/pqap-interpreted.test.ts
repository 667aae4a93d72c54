/**
 * Goal: what the machine executes of a guest's PQAP inside SIE, by its registers: under the masks, with the program interruptions in their
 * order, and without KVM being asked.
 */
import { describe, expect, test, vi } from 'vitest';
import {
  ADDRESSING_EXCEPTION,
  PRIVILEGED_OPERATION,
  ProgramInterruption,
  SPECIFICATION_EXCEPTION,
} from '../../src/base/program-interruption.ts';
import type { PqapRegisters, PqapResult } from '../../src/crypto-adapters/ap-instructions.ts';
import { QciFlag, decodeQci } from '../../src/crypto-adapters/qci.ts';
import { CRYCB_FORMAT0, CRYCB_FORMAT1 } from '../../src/kvm/crycb.ts';
import { setMasksLocked } from '../../src/kvm/crypto-masks.ts';
import { InterpretiveAp } from '../../src/kvm/interpretive-ap.ts';
import type { Kvm } from '../../src/kvm/kvm.ts';
import type { Task } from '../../src/runtime/task.ts';
import { RUNTIMES, inTask } from '../helpers/in-task.ts';
import { FACILITIES, makeVm, masks, type VmOptions } from './vm.ts';

const GIVEN = { gr0: 0n, gr1: 0x1111_2222_3333_4444n, gr2: 0x5555_6666_7777_8888n };
const OLD_CC = 2;
const BLOCK = 0x2_0000n;

type Execute = (registers: Partial<PqapRegisters>) => Promise<PqapResult | string>;

describe.each(RUNTIMES)('on the %s runtime', (_name, make) => {
  /** A guest with adapter 5, domain 4 of the machine. */
  const withGuest = async (
    options: VmOptions,
    body: (execute: Execute, kvm: Kvm, more: { cpu: InterpretiveAp; task: Task }) => Promise<void>,
  ): Promise<void> => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { kvm, layer } = makeVm(rt, options);
      {
        using _lock = await kvm.lock.acquire(task);
        await setMasksLocked(task, kvm, masks([5], [4], [4]));
      }
      const vcpu = kvm.vcpus[0]!;
      const asked = { intercept: () => Promise.reject(new Error('KVM was asked')) };
      const cpu = new InterpretiveAp(kvm, vcpu, asked);
      await body(
        async (registers) => {
          vcpu.conditionCode = OLD_CC;
          try {
            return await cpu.pqap(task, { ...GIVEN, ...registers });
          } catch (error) {
            if (!(error instanceof ProgramInterruption)) throw error;
            expect([vcpu.conditionCode, vcpu.mutex.heldBy(task), vcpu.inSie]).toEqual([OLD_CC, false, false]);
            return `interruption ${error.code}`;
          }
        },
        kvm,
        { cpu, task },
      );
      expect(layer.findings.list).toEqual([]);
    });
  };
  const SPECIFICATION = `interruption ${SPECIFICATION_EXCEPTION}`;

  test('TAPQ answers in GR1 and, with the T bit, the hardware information in GR2', () =>
    withGuest({}, async (execute) => {
      const tested = (await execute({ gr0: 0x00800504n })) as PqapResult;
      expect(tested).toMatchObject({ gr0: 0x00800504n, gr1: 0x8000_0000n, cc: 0 });
      expect((tested.gr2 >> 24n) & 0xffn).toBe(14n);
      expect(tested.gr2 >> 32n).toBeGreaterThan(0n);
      const bare = (await execute({ gr0: 0x00000504n })) as PqapResult;
      expect(bare).toMatchObject({ gr1: 0x8000_0000n, gr2: tested.gr2 & 0xffffffffn, cc: 0 });
    }));

  test('an APQN outside of the masks answers 01 with condition code 3, whether the machine has it or not', () =>
    withGuest({}, async (execute) => {
      for (const apqn of [0x0604n, 0x0547n, 0x0904n, 0xffffn]) {
        expect(await execute({ gr0: 0x00800000n | apqn })).toMatchObject({ gr1: 0x0001_0000n, gr2: 0n, cc: 3 });
        expect(await execute({ gr0: 0x01000000n | apqn })).toMatchObject({ gr1: 0x0001_0000n, gr2: GIVEN.gr2, cc: 3 });
        expect(await execute({ gr0: 0x02000000n | apqn })).toMatchObject({ gr1: 0x0001_0000n, cc: 3 });
      }
    }));

  test('RAPQ and ZAPQ begin a reset', () =>
    withGuest({}, async (execute, kvm) => {
      const { hardware } = kvm.host;
      const begun = [vi.spyOn(hardware, 'rapq'), vi.spyOn(hardware, 'zapq')];
      const calls = (): unknown[] => begun.map((spy) => spy.mock.calls.map(([, apqn]) => apqn));
      expect(await execute({ gr0: 0x01000504n })).toMatchObject({ gr1: 0x8000_0000n, cc: 0 });
      expect(calls()).toEqual([[0x0504], []]);
      // The reset before may last still.
      expect([0x8000_0000n, 0x8002_0000n]).toContain(((await execute({ gr0: 0x02000504n })) as PqapResult).gr1);
      expect(calls()).toEqual([[0x0504], [0x0504]]);
    }));

  test('a deconfigured and a checkstopped queue inside the masks say so', () =>
    withGuest({}, async (execute, kvm) => {
      kvm.host.hardware.configure(5, false);
      expect(await execute({ gr0: 0x00800504n })).toMatchObject({ gr1: 0x8003_0000n, cc: 3 });
      kvm.host.hardware.configure(5, true);
      kvm.host.hardware.checkstop(5, true);
      expect(await execute({ gr0: 0x00800504n })).toMatchObject({ gr1: 0x8004_0000n, cc: 3 });
    }));

  test('QCI stores what the guest has, and no status', () =>
    withGuest({}, async (execute, kvm) => {
      expect(await execute({ gr0: 0x04000000n, gr2: BLOCK })).toEqual({ gr0: 0x04000000n, gr1: GIVEN.gr1, gr2: BLOCK, cc: 0 });
      const info = decodeQci(kvm.memory.read(Number(BLOCK), 128)!);
      expect([[...info.apm.bits()], [...info.aqm.bits()], [...info.adm.bits()]]).toEqual([[5], [4], [4]]);
      expect([info.na, info.nd, info.flags]).toEqual([255, 255, kvm.host.hardware.currentQci().flags]);
    }));

  test.each([
    ['0', CRYCB_FORMAT0],
    ['1', CRYCB_FORMAT1],
  ] as const)('a guest whose control block has format %s hears of 64 adapters and 16 domains', (_format, crycbFormat) =>
    withGuest({ crycbFormat }, async (execute, kvm) => {
      expect(await execute({ gr0: 0x04000000n, gr2: BLOCK })).toMatchObject({ cc: 0 });
      const info = decodeQci(kvm.memory.read(Number(BLOCK), 128)!);
      expect([info.na, info.nd, (info.flags & QciFlag.APXA) !== 0]).toEqual([63, 15, false]);
      expect(await execute({ gr0: 0x00804004n })).toBe(SPECIFICATION);
      expect(await execute({ gr0: 0x00800510n })).toBe(SPECIFICATION);
      expect(await execute({ gr0: 0x00803f0fn })).toMatchObject({ gr1: 0x0001_0000n, cc: 3 });
    }),
  );

  const without = (facility: keyof typeof FACILITIES): VmOptions => ({ facilities: { ...FACILITIES, [facility]: false } });
  test.each([
    ['bit 41 of TAPQ', {}, { gr0: 0x00400504n }],
    ['bit 47 of TAPQ', {}, { gr0: 0x00010504n }],
    ['bit 41 of RAPQ, which unbinds where there is binding', {}, { gr0: 0x01400504n }],
    ['bit 41 of ZAPQ, likewise', {}, { gr0: 0x02400504n }],
    ['the T bit without facility 15', without('apft'), { gr0: 0x00800504n }],
    ['QCI without facility 12', without('qci'), { gr0: 0x04000000n, gr2: BLOCK }],
    ['QCI on a machine without facility 12', { hardware: { facilities: { qci: false } } }, { gr0: 0x04000000n, gr2: BLOCK }],
    ['QCI into a block that is not aligned', {}, { gr0: 0x04000000n, gr2: BLOCK + 4n }],
    ['QACT, which is not announced', {}, { gr0: 0x05000504n }],
    ['a function that nobody knows', {}, { gr0: 0xff000000n }],
  ] as const)('%s is a specification exception', (_what, options, registers) =>
    withGuest(options, async (execute) => {
      expect(await execute(registers)).toBe(SPECIFICATION);
    }),
  );

  test('QCI into a block outside of storage is an addressing exception, and stores nothing', () =>
    withGuest({}, async (execute, kvm) => {
      const last = BigInt(kvm.memory.size) - 120n;
      for (const gr2 of [1n << 40n, 0xffff_ffff_ffff_fff8n, last]) {
        expect(await execute({ gr0: 0x04000000n, gr2 })).toBe(`interruption ${ADDRESSING_EXCEPTION}`);
      }
      expect(kvm.memory.read(Number(last), 120)!.every((byte) => byte === 0)).toBe(true);
    }));

  test('in problem state everything is a privileged operation first', () =>
    withGuest(without('apft'), async (execute, kvm) => {
      kvm.vcpus[0]!.problemState = true;
      for (const gr0 of [0x00ff0504n, 0x01000504n, 0x02000504n, 0x04000000n, 0xff000000n]) {
        expect(await execute({ gr0 })).toBe(`interruption ${PRIVILEGED_OPERATION}`);
      }
    }));

  test('messages, too, are privileged, and outside of the masks not available', () =>
    withGuest({}, async (_execute, kvm, { cpu, task }) => {
      const vcpu = kvm.vcpus[0]!;
      vcpu.problemState = true;
      const message = { psmid: 1n, message: new Uint8Array(16) };
      await expect(cpu.nqap(task, 0x0504, message)).rejects.toMatchObject({ code: PRIVILEGED_OPERATION });
      await expect(cpu.dqap(task, 0x0504, 100)).rejects.toMatchObject({ code: PRIVILEGED_OPERATION });
      vcpu.problemState = false;
      expect([(await cpu.nqap(task, 0x0604, message)).rc, vcpu.conditionCode]).toEqual([1, 3]);
      expect([(await cpu.nqap(task, 0x0504, message)).rc, vcpu.conditionCode]).toEqual([0, 0]);
    }));
});
