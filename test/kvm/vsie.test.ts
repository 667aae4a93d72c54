/**
 * Goal: SIE of a guest runs its nested guest under the shadow masks until the hypervisor or the host has something to do; whatever the host
 * has to do leaves the PSW on SIE, and the masks are built anew. Method: programs of a nested guest that stop where the test wants.
 */
import { describe, expect, test } from 'vitest';
import {
  ADDRESSING_EXCEPTION,
  OPERATION_EXCEPTION,
  PRIVILEGED_OPERATION,
  ProgramInterruption,
  SPECIFICATION_EXCEPTION,
} from '../../src/base/program-interruption.ts';
import type { ApInstructions, QciInfo } from '../../src/crypto-adapters/ap-instructions.ts';
import { QciFlag } from '../../src/crypto-adapters/qci.ts';
import { CRYCB_FORMAT1, CRYCB_FORMAT2 } from '../../src/kvm/crycb.ts';
import type { Kvm } from '../../src/kvm/kvm.ts';
import { IcptCode, loadInterception, loadStateDescription } from '../../src/kvm/state-description.ts';
import { executeSie, type NestedProgram, type SieExit } from '../../src/kvm/vsie.ts';
import type { LockLayer } from '../../src/locks/lock-layer.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Task } from '../../src/runtime/task.ts';
import { RUNTIMES, inTask } from '../helpers/in-task.ts';
import { CRYCB, ORIGIN, program, setMasks, START, storeNested } from './nested-vm.ts';
import { makeVm, masks, type VmOptions } from './vm.ts';

interface World {
  readonly kvm: Kvm;
  readonly layer: LockLayer;
  readonly rt: Runtime;
}

const FIRST = 0x0504;
const SECOND = 0x0604;
const ON = { ir: true, isc: 3, nib: 0x20000 };
/** Of the hypervisor's PSW before SIE. */
const SIE = 0x10000;

const sie = (task: Task, kvm: Kvm, nested: NestedProgram, cpu = 0, origin = ORIGIN): Promise<SieExit> =>
  executeSie(task, { kvm, vcpu: kvm.vcpus[cpu]!, origin, program: nested });

const endOf = (kvm: Kvm) => ({ ...loadInterception(kvm.memory, ORIGIN), psw: loadStateDescription(kvm.memory, ORIGIN)!.pswAddress });

/** What was told of nested guests: shadow masks as adapters, ends of SIE as codes, restarts with the PSW, masks of the guest. */
const told = ({ kvm }: World): string[] =>
  kvm.host.events.events.flatMap(({ kind, data }) => {
    if (kind === 'kvm.vsie-shadow') return [`shadow ${String(data['apm'])}`];
    if (kind === 'kvm.vsie-exit') return [`exit ${String(data['code'])}`];
    if (kind === 'kvm.vsie-restart') return [`restart ${String(data['why'])} ${Number(data['psw']).toString(16)}`];
    if (kind === 'kvm.validity') return [`validity ${String(data['reason'])}`];
    return kind === 'kvm.masks' ? [`masks ${String(data['apm'])}`] : [];
  });

async function interruption(work: Promise<unknown>): Promise<number | null> {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof ProgramInterruption) return error.code;
    throw error;
  }
}

describe.each(RUNTIMES)('on the %s runtime', (_name, make) => {
  /** The guest has adapters 5 and 6; what it wrote for its nested guest is the default. */
  async function nesting(body: (task: Task, world: World) => Promise<void>, options: VmOptions = {}): Promise<void> {
    const rt = make(3);
    await inTask(rt, async (task) => {
      const { kvm, layer } = makeVm(rt, { sief2: true, ...options });
      await setMasks(task, kvm, masks([5, 6], [4]));
      storeNested(kvm);
      await body(task, { kvm, layer, rt });
      expect(layer.findings.list).toEqual([]);
      expect(kvm.vcpus.map(({ inSie }) => inSie)).toEqual(kvm.vcpus.map(() => false));
    });
  }

  test('instructions are interpreted under the masks that both have, and a nested guest that waits is for its hypervisor', () =>
    nesting(async (task, { kvm }) => {
      storeNested(kvm, { masks: masks([6, 7], [4, 0x47], [4]) });
      const answers: unknown[] = [];
      const tapq = (apqn: number) => async (t: Task, cpu: ApInstructions) => answers.push((await cpu.tapq(t, apqn)).status.rc);
      let qci: QciInfo | null = null;
      const nested = program(
        ...[tapq(SECOND), tapq(FIRST), tapq(0x0704), tapq(0x0647)],
        async (t, cpu) => answers.push((await cpu.rapq(t, FIRST)).rc, (await cpu.zapq(t, FIRST)).rc),
        async (t, cpu) => answers.push((await cpu.nqap(t, FIRST, { psmid: 1n, message: new Uint8Array(16) })).rc),
        async (t, cpu) => answers.push((await cpu.dqap(t, FIRST, 4096)).status.rc, (await cpu.dqap(t, SECOND, 4096)).status.rc),
        async (t, cpu) => answers.push((await cpu.zapq(t, SECOND)).rc),
        async (t, cpu) => void (qci = await cpu.qci(t)),
      );
      expect(await sie(task, kvm, nested)).toEqual({ kind: 'interception', interception: { code: IcptCode.WAIT, ipa: 0, ipb: 0 } });
      expect(answers).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 0x10, 0]);
      const { apm, aqm, adm } = qci!;
      expect([[...apm.bits()], [...aqm.bits()], [...adm.bits()]]).toEqual([[6], [4], []]);
      expect(endOf(kvm)).toEqual({ code: IcptCode.WAIT, ipa: 0, ipb: 0, psw: START + 9 * 4 });
      expect(kvm.vcpus[0]!.pswAddress).toBe(SIE + 4);
    }));

  test('a guest without APXA or facility 15 has a nested one that hears of no more', () =>
    nesting(
      async (task, { kvm }) => {
        storeNested(kvm, { format: CRYCB_FORMAT1 });
        const found: unknown[] = [];
        const nested = program(
          async (t, cpu) => found.push((await cpu.tapq(t, FIRST)).info),
          async (t, cpu) => {
            const { flags, na, nd } = (await cpu.qci(t))!;
            found.push((flags & QciFlag.APXA) !== 0, na, nd);
          },
          async (t, cpu) => found.push(await interruption(Promise.resolve(cpu.tapq(t, 0x0510)))),
        );
        await sie(task, kvm, nested);
        expect(found).toEqual([null, false, 63, 15, SPECIFICATION_EXCEPTION]);
      },
      { crycbFormat: CRYCB_FORMAT1, facilities: { apie: true, qci: true, apft: false, aqic: true } },
    ));

  test('SIE goes on where the nested guest was', () =>
    nesting(async (task, { kvm }) => {
      const nested = program(
        (t, cpu) => cpu.aqic(t, FIRST, ON),
        (t, cpu) => cpu.tapq(t, FIRST),
      );
      await sie(task, kvm, nested);
      expect(nested.executed).toEqual([START]);
      await sie(task, kvm, nested);
      expect(nested.executed).toEqual([START, START + 4]);
      expect(kvm.vcpus[0]!.pswAddress).toBe(SIE + 8);
    }));

  test('AQIC is intercepted for the hypervisor, also of a queue that is in the masks, and the host does nothing', () =>
    nesting(async (task, { kvm }) => {
      for (const apqn of [FIRST, 0x0704]) {
        storeNested(kvm);
        const nested = program((t, cpu) => cpu.aqic(t, apqn, ON));
        const interception = { code: IcptCode.INSTRUCTION, ipa: 0xb2af, ipb: 0 };
        expect(await sie(task, kvm, nested)).toEqual({ kind: 'interception', interception });
        expect(endOf(kvm)).toEqual({ ...interception, psw: START + 4 });
      }
      expect(kvm.host.hardware.queueState(FIRST)?.irq ?? null).toBeNull();
      expect(kvm.gisa.totalReferences).toBe(0);
    }));

  test.each([
    ['its state description has no APIE', {}, false],
    ['its hypervisor has none', { facilities: { apie: false, qci: true, apft: true, aqic: true } }, true],
  ] as const)('every AP instruction is intercepted where %s', (_why, options, apie) =>
    nesting(async (task, { kvm }) => {
      const instructions: readonly (readonly [number, (t: Task, cpu: ApInstructions) => unknown])[] = [
        [0xb2af, (t, cpu) => cpu.tapq(t, FIRST)],
        [0xb2af, (t, cpu) => cpu.rapq(t, FIRST)],
        [0xb2af, (t, cpu) => cpu.zapq(t, FIRST)],
        [0xb2af, (t, cpu) => cpu.qci(t)],
        [0xb2af, (t, cpu) => cpu.aqic(t, FIRST, ON)],
        [0xb2ad, (t, cpu) => cpu.nqap(t, FIRST, { psmid: 1n, message: new Uint8Array(16) })],
        [0xb2ae, (t, cpu) => cpu.dqap(t, FIRST, 4096)],
      ];
      for (const [ipa, instruction] of instructions) {
        storeNested(kvm, { apie });
        await sie(task, kvm, program(instruction));
        expect(endOf(kvm)).toEqual({ code: IcptCode.INSTRUCTION, ipa, ipb: 0, psw: START + 4 });
      }
      expect(kvm.host.hardware.queueState(FIRST)).toBeUndefined();
    }, options),
  );

  test('masks that cannot be built end SIE with a validity interception, before the first instruction', () =>
    nesting(
      async (task, world) => {
        const { kvm } = world;
        storeNested(kvm, { format: CRYCB_FORMAT2 });
        const nested = program((t, cpu) => cpu.tapq(t, FIRST));
        const interception = { code: IcptCode.VALIDITY, ipa: 0x1000, ipb: 0x00220000 };
        expect(await sie(task, kvm, nested)).toEqual({ kind: 'interception', interception });
        expect(endOf(kvm)).toEqual({ ...interception, psw: START });
        expect(nested.executed).toEqual([]);
        expect(kvm.vcpus[0]!.pswAddress).toBe(SIE + 4);
        expect(told(world)).toEqual(['masks 5,6', 'validity 0022', 'exit 20']);
        // The state description is free again, and what is wrong with it can be mended.
        storeNested(kvm, { format: CRYCB_FORMAT1 });
        await sie(task, kvm, nested);
        expect(nested.executed).toEqual([START]);
      },
      { crycbFormat: CRYCB_FORMAT1 },
    ));

  test('SIE is refused to a guest that cannot have guests, in problem state, and for a state description that is none', () =>
    nesting(async (task, { kvm, layer }) => {
      const nested = program();
      const alone = makeVm(layer.rt).kvm;
      expect(await interruption(sie(task, alone, nested))).toBe(OPERATION_EXCEPTION);
      expect(await interruption(sie(task, kvm, nested, 0, ORIGIN + 0x100))).toBe(SPECIFICATION_EXCEPTION);
      expect(await interruption(sie(task, kvm, nested, 0, kvm.memory.size))).toBe(ADDRESSING_EXCEPTION);
      kvm.vcpus[0]!.problemState = true;
      // Before the alignment is looked at.
      expect(await interruption(sie(task, kvm, nested, 0, ORIGIN + 0x100))).toBe(PRIVILEGED_OPERATION);
      kvm.vcpus[0]!.problemState = false;
      expect(endOf(kvm)).toEqual({ code: 0, ipa: 0, ipb: 0, psw: START });
      expect((await sie(task, kvm, nested)).kind).toBe('interception');
    }));

  test('the setter of masks waits for a nested guest; then the PSW is back on SIE, and the next masks are the new ones', () =>
    nesting(async (task, world) => {
      const { kvm, rt } = world;
      const answers: number[] = [];
      let inside: Task | null = null;
      const nested = program(
        async (t, cpu) => {
          answers.push((await cpu.tapq(t, FIRST)).status.rc);
          inside = t;
          await rt.park(t);
          // The masks are those of the entry as long as the vCPU is in SIE.
          answers.push((await cpu.tapq(t, FIRST)).status.rc);
        },
        async (t, cpu) => answers.push((await cpu.tapq(t, FIRST)).status.rc, (await cpu.tapq(t, SECOND)).status.rc),
      );
      const runner = rt.spawn('vcpu0', async (t) => void (await sie(t, kvm, nested)));
      while (inside === null) await rt.sleep(task, 1);
      const setter = rt.spawn('setter', (t) => setMasks(t, kvm, masks([6], [4])));
      while (!kvm.sieBlocked) await rt.sleep(task, 1);
      expect([...kvm.apcb.inspect().apm.bits()]).toEqual([5, 6]);
      expect(kvm.vcpus[0]!.inSie).toBe(true);
      rt.wake(inside);
      for (const other of [setter, runner]) await rt.join(task, other);
      expect(answers).toEqual([0, 0, 1, 0]);
      expect(nested.executed).toEqual([START, START + 4]);
      const happened = told(world);
      // Who goes first once the vCPU is out is not said: the setter, or the vCPU that looks whether it may go in again.
      expect(happened.toSorted()).toEqual(['exit 1c', 'masks 5,6', 'masks 6', 'restart inhibited 10000', 'shadow 5,6', 'shadow 6']);
      expect(happened.filter((what) => what.startsWith('shadow'))).toEqual(['shadow 5,6', 'shadow 6']);
      expect(kvm.vcpus[0]!.pswAddress).toBe(SIE + 4);
      expect(kvm.vcpus[0]!.vsieRestart.inspect()).toBe(false);
    }));

  test('a change between two SIE needs no restart: the next one builds the masks anyway', () =>
    nesting(async (task, world) => {
      const nested = program(
        (t, cpu) => cpu.aqic(t, FIRST, ON),
        (t, cpu) => cpu.aqic(t, FIRST, ON),
      );
      await sie(task, world.kvm, nested);
      await setMasks(task, world.kvm, masks([5], [4]));
      await sie(task, world.kvm, nested);
      expect(told(world)).toEqual(['masks 5,6', 'shadow 5,6', 'exit 04', 'masks 5', 'shadow 5', 'exit 04']);
    }));

  test('what the hypervisor writes into the CRYCB counts from the next SIE on', () =>
    nesting(async (task, world) => {
      const { kvm } = world;
      const nested = program(
        (t, cpu) => cpu.aqic(t, FIRST, ON),
        (t, cpu) => cpu.aqic(t, FIRST, ON),
      );
      await sie(task, kvm, nested);
      // Adapter 6 only: the byte of APCB1 with adapters 0 to 7.
      kvm.memory.store(CRYCB + 0x80, 0x02);
      await sie(task, kvm, nested);
      expect(told(world)).toEqual(['masks 5,6', 'shadow 5,6', 'exit 04', 'shadow 6', 'exit 04']);
    }));

  test('an interruption of the hypervisor comes first, with the PSW on SIE; afterwards the nested guest goes on', () =>
    nesting(async (task, { kvm }) => {
      const nested = program(
        () => kvm.gisa.adapterInterruption(3),
        (t, cpu) => cpu.tapq(t, FIRST),
      );
      const vcpu = kvm.vcpus[0]!;
      expect(await sie(task, kvm, nested)).toEqual({ kind: 'interruption' });
      expect([vcpu.pswAddress, endOf(kvm)]).toEqual([SIE, { code: 0, ipa: 0, ipb: 0, psw: START + 4 }]);
      // As long as it is not taken the nested guest is not run at all.
      expect(await sie(task, kvm, nested)).toEqual({ kind: 'interruption' });
      expect([vcpu.pswAddress, nested.executed]).toEqual([SIE, [START]]);
      expect(vcpu.takeInterruption()).toBe(3);
      expect((await sie(task, kvm, nested)).kind).toBe('interception');
      expect([vcpu.pswAddress, nested.executed]).toEqual([SIE + 4, [START, START + 4]]);
    }));

  test('a state description that another vCPU uses is executed by one of them at a time', () =>
    nesting(async (task, { kvm, rt }) => {
      let inside: Task | null = null;
      const nested = program(async (t) => {
        inside = t;
        await rt.park(t);
      });
      const runner = rt.spawn('vcpu0', async (t) => void (await sie(t, kvm, nested)));
      while (inside === null) await rt.sleep(task, 1);
      expect(await sie(task, kvm, program(), 1)).toEqual({ kind: 'in-use' });
      expect(kvm.vcpus[1]!.pswAddress).toBe(SIE);
      rt.wake(inside);
      await rt.join(task, runner);
      expect((await sie(task, kvm, program(), 1)).kind).toBe('interception');
    }));
});

test('a request that nobody has seen yet keeps a nested guest out of SIE', async () => {
  const rt = RUNTIMES[1]![1](3);
  await inTask(rt, async (task) => {
    const { kvm } = makeVm(rt, { sief2: true });
    const vcpu = kvm.vcpus[0]!;
    await setMasks(task, kvm, masks([5], [4]));
    expect(vcpu.vsieRestart.inspect()).toBe(true);
    using _run = await vcpu.mutex.acquire(task);
    const entered = vcpu.inNestedSieLocked(task, () => 'entered');
    expect(typeof (await entered)).toBe('symbol');
    await vcpu.inSieLocked(task, () => undefined);
    expect(await vcpu.inNestedSieLocked(task, () => 'entered')).toBe('entered');
  });
});
