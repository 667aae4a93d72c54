/**
 * Runs a program in assembler text on a machine over the vCPUs of a VM, until it ends.
 */
import { EventLog } from '../../../../src/base/event-log.ts';
import { assemble } from '../../../../src/guest/s390x/assembler/assemble.ts';
import { GuestMachine } from '../../../../src/guest/s390x/machine/guest-machine.ts';
import type { MachineParts } from '../../../../src/guest/s390x/machine/machine-parts.ts';
import type { Kvm } from '../../../../src/kvm/kvm.ts';
import { KvmPlatform } from '../../../../src/machine/guest-platform.ts';
import { setMasksLocked } from '../../../../src/kvm/crypto-masks.ts';
import type { PqapInterception } from '../../../../src/kvm/pqap-port.ts';
import type { Task } from '../../../../src/runtime/task.ts';
import { Qemu } from '../../../../src/vmm/qemu.ts';
import { settle, type AnyRuntime } from '../../../helpers/in-task.ts';
import { makeVm, masks, type VmOptions } from '../../../kvm/vm.ts';

export interface RunOptions extends Partial<Pick<MachineParts, 'maxInstructions' | 'sliceLength' | 'trace'>> {
  readonly vm?: VmOptions;
  readonly interception?: (kvm: Kvm) => PqapInterception;
  /** A task beside the CPUs, for what happens outside of the guest. */
  readonly beside?: (task: Task, run: TextRun) => Promise<void>;
}

export interface TextRun {
  readonly machine: GuestMachine;
  readonly kvm: Kvm;
  readonly qemu: Qemu;
  readonly console: () => string;
  /** Address of a label. */
  readonly at: (label: string) => number;
  /** Doubleword, word and byte at a label. */
  readonly quad: (label: string) => bigint;
  readonly word: (label: string) => number;
  readonly byte: (label: string) => number;
}

const unhooked = (): PqapInterception => ({ intercept: () => Promise.reject(new Error('a driver was asked')) });

/** The entry is the label `start`. The guest has queue 05.0004. */
export async function runText(rt: AnyRuntime, text: string, options: RunOptions = {}): Promise<TextRun> {
  const { vm, interception = unhooked, beside, ...parts } = options;
  const { kvm, layer } = makeVm(rt, vm);
  const qemu = new Qemu(layer, kvm, new EventLog(() => rt.now()));
  const platform = new KvmPlatform(qemu, interception(kvm));
  let printed = '';
  const machine = new GuestMachine({ rt, platform, print: (more) => (printed += more), maxInstructions: 2_000_000, ...parts });
  const { chunks, symbols } = assemble([{ name: 'test', text }]);
  for (const { address, bytes } of chunks) machine.storage.write(address, bytes);
  machine.start(symbols.get('start')!);
  const { view } = machine.storage;
  const at = (label: string): number => symbols.get(label)!;
  const run: TextRun = {
    machine,
    kvm,
    qemu,
    console: () => printed,
    at,
    quad: (label) => view.getBigUint64(at(label)),
    word: (label) => view.getUint32(at(label)),
    byte: (label) => view.getUint8(at(label)),
  };
  rt.spawn('test', async (task) => {
    {
      using _lock = await kvm.lock.acquire(task);
      await setMasksLocked(task, kvm, masks([5], [4], [4]));
    }
    for (const cpu of platform.cpus) rt.spawn(`vcpu${cpu.id}`, (vcpu) => machine.runVcpu(vcpu, cpu));
    if (beside !== undefined) await beside(task, run);
  });
  await settle(rt);
  if (layer.findings.list.length > 0) throw new Error(`findings: ${layer.findings.list.map(({ kind }) => kind).join(', ')}`);
  return run;
}

/** 64-bit mode, everything masked: the first half of a PSW. */
const MASK = '0x0000000180000000';

/** Labels to which the new PSWs of interruptions lead; `end` unless named. */
export type HandlerLabels = Partial<Record<'restart' | 'external' | 'svc' | 'program' | 'check' | 'io', string>>;

/**
 * What programs have in common: new PSWs, data within the reach of a short displacement without a base, `start` at 0x10000 with the program,
 * `end`, which stops the CPU, and far data behind it.
 */
export function program(body: string, handlers: HandlerLabels = {}, data: { near?: string; far?: string } = {}): string {
  const psw = (name: keyof HandlerLabels): string => `  .quad ${MASK}, ${handlers[name] ?? 'end'}`;
  return `
.equ MASK, ${MASK}
.equ WAIT, 0x0002000000000000
.equ IO_OPEN, 0x0200000000000000
.equ EXTERNAL_OPEN, 0x0100000000000000
.equ CHECK_OPEN, 0x0004000000000000
.equ PROBLEM, 0x0001000000000000
.org 0x1a0
${psw('restart')}
${psw('external')}
${psw('svc')}
${psw('program')}
${psw('check')}
${psw('io')}
.org 0x400
psw: .quad 0, 0
old: .quad 0, 0
noted: .quad 0, 0
closed: .quad MASK | WAIT, 0
cr0_service: .quad 0xe0 | 0x200
cr0_signals: .quad 0xe0 | 0x4000 | 0x2000
cr0_clock: .quad 0xe0 | 0x800
cr0_timer: .quad 0xe0 | 0x400
cr6_all: .quad 0xff000000
own: .short 0
mask: .byte 0
.align 8
${data.near ?? ''}
.org 0x10000
start:
${body}
end:
  stap own
  llgh %r2,own
  sigp %r4,%r2,5
  lpswe closed
${data.far ?? ''}
`;
}
