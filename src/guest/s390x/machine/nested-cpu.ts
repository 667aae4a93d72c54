/**
 * A nested guest in machine code: what a hypervisor in machine code executes SIE for. Its storage is a part of its hypervisor's, its
 * registers 0 to 13 are those of the vCPU, the others lie in the state description (struct kvm_s390_sie_block in asm/kvm_host_types.h; what
 * KVM moves in and out of it: arch/s390/kvm/vsie.c, shadow_scb and unshadow_scb).
 */
import { ProgramInterruption } from '../../../base/program-interruption.ts';
import type { ApInstructions } from '../../../crypto-adapters/ap-instructions.ts';
import type { Task } from '../../../runtime/task.ts';
import type { NestedProgram, NestedStep } from '../../guest-port.ts';
import { Cpu, MASK_DAT } from '../cpu/cpu.ts';
import type { Instruction } from '../cpu/instruction.ts';
import { Interpreter } from '../cpu/interpreter.ts';
import { loadPsw, pswWords } from '../cpu/psw.ts';
import { Storage } from '../cpu/storage.ts';
import { executeAp } from './ap-instructions.ts';
import type { MachineState } from './machine-state.ts';
import { externalOpen, nextTimer } from './interruptions.ts';
import { AP_INSTRUCTION_US, INSTRUCTION_US } from './tod-clock.ts';
import type { VirtualCpu } from './virtual-cpu.ts';

/** Fields of the state description. */
const PREFIX = 0x04;
const ECA = 0x4c;
const MSO = 0x80;
const MSL = 0x88;
const PSW = 0x90;
const GPR_14 = 0xa0;
const CONTROL_REGISTERS = 0x100;
export const STATE_DESCRIPTION_BYTES = 0x200;
/** Registers 0 to 13 are not in it. */
const SHARED_GPRS = 14;
/** Storage comes in units of 1 MiB, of which MSO and MSL name the first and the last. */
const UNIT = 0x100000;
/** Instructions until the hypervisor's CPU looks around. */
const SLICE = 2000;
const AP = ['nqap', 'dqap', 'pqap'];
/** In ECA: AP instructions are interpreted. */
const APIE = 0x08;

export class NestedCpu implements NestedProgram {
  private readonly machine: MachineState;
  private readonly host: VirtualCpu;
  private readonly origin: number;
  private readonly cpu: Cpu;
  private readonly core: Interpreter;
  /** An AP instruction that is executed in the next step. */
  private pending: Instruction | null = null;

  /** The state description lies in the storage at this absolute address. */
  constructor(machine: MachineState, host: VirtualCpu, origin: number) {
    this.machine = machine;
    this.host = host;
    this.origin = origin;
    const { storage } = machine;
    const first = Math.min(Math.floor(this.field64(MSO) / UNIT) * UNIT, storage.size);
    const end = Math.min(Math.floor(this.field64(MSL) / UNIT) * UNIT + UNIT, storage.size);
    this.cpu = new Cpu(host.cpu.id, new Storage(storage.bytes.subarray(first, Math.max(first, end))));
    this.core = new Interpreter(this.cpu, machine.nestedInstructions());
    this.enter();
  }

  async execute(task: Task, _address: number, instructions: ApInstructions): Promise<NestedStep> {
    const { machine, cpu, host, pending } = this;
    machine.touchStorage();
    if (pending !== null) return await this.executeAp(task, pending, instructions);
    if (machine.instructionsLeft <= 0) machine.stop('instruction-limit');
    if (machine.end !== null || host.hasOrders || this.hostInterrupted()) return { address: cpu.ia, interrupted: true };
    if (cpu.wait || cpu.checkStop !== null) return false;
    if ((cpu.systemMask & MASK_DAT) !== 0) {
      machine.stop('translation', `a nested guest of CPU ${host.cpu.id} at 0x${cpu.ia.toString(16)}`);
      return { address: cpu.ia, interrupted: true };
    }
    cpu.attention = false;
    const begun = cpu.executed;
    const reason = this.core.run(Math.min(SLICE, machine.instructionsLeft));
    host.cpu.executed += cpu.executed - begun;
    machine.clock.spent((cpu.executed - begun) * INSTRUCTION_US);
    if (reason === 'limit') await machine.parts.rt.sleep(task, machine.clock.takeDebt());
    return reason === 'intercept' ? this.intercepted(cpu.intercepted as Instruction) : { address: cpu.ia };
  }

  /** The state description and the registers that it shares with its hypervisor are as the nested guest has left them. */
  leave(): void {
    const { cpu, host, machine, origin } = this;
    const { view } = machine.storage;
    this.share(cpu, host.cpu);
    pswWords(cpu).forEach((word, i) => view.setInt32(origin + PSW + 4 * i, word));
    for (const register of [14, 15]) this.store64(GPR_14 + 8 * (register - 14), cpu.hi[register]!, cpu.lo[register]!);
    for (let register = 0; register < 16; register++) {
      this.store64(CONTROL_REGISTERS + 8 * register, cpu.crHi[register]!, cpu.crLo[register]!);
    }
    view.setUint32(origin + PREFIX, cpu.prefix);
    machine.storage.written(origin, STATE_DESCRIPTION_BYTES);
    // It has stored where its hypervisor may have decoded code.
    machine.storage.written(cpu.storage.bytes.byteOffset - machine.storage.bytes.byteOffset, cpu.storage.size);
  }

  private enter(): void {
    const { cpu, host, machine, origin } = this;
    const { view } = machine.storage;
    const word = (at: number): number => view.getInt32(origin + at);
    this.share(host.cpu, cpu);
    for (const register of [14, 15]) {
      cpu.hi[register] = word(GPR_14 + 8 * (register - 14));
      cpu.lo[register] = word(GPR_14 + 8 * (register - 14) + 4);
    }
    for (let register = 0; register < 16; register++) {
      cpu.setControl(register, word(CONTROL_REGISTERS + 8 * register), word(CONTROL_REGISTERS + 8 * register + 4));
    }
    cpu.setPrefix(word(PREFIX));
    try {
      loadPsw(cpu, [word(PSW), word(PSW + 4), word(PSW + 8), word(PSW + 12)]);
    } catch (error) {
      if (!(error instanceof ProgramInterruption)) throw error;
      this.core.interrupt(error, null);
    }
  }

  private share(from: Cpu, to: Cpu): void {
    to.hi.set(from.hi.subarray(0, SHARED_GPRS));
    to.lo.set(from.lo.subarray(0, SHARED_GPRS));
    to.fprHi.set(from.fprHi);
    to.fprLo.set(from.fprLo);
    to.ar.set(from.ar);
    to.fpc = from.fpc;
  }

  /** An AP instruction waits for its own step, so that the machine below knows where it is; another one is its hypervisor's to do. */
  private intercepted(insn: Instruction): NestedStep {
    this.cpu.intercepted = null;
    if (AP.includes(insn.mnemonic) && this.interpretsAp) {
      this.pending = insn;
      return { address: insn.address };
    }
    const { word0, word1 } = insn;
    return { address: this.cpu.ia, intercepted: { ipa: word0 >>> 16, ipb: ((word0 << 16) | (word1 >>> 16)) >>> 0 } };
  }

  /** Of both levels. Otherwise they are intercepted, whatever their operands. */
  private get interpretsAp(): boolean {
    return (this.machine.storage.view.getUint32(this.origin + ECA) & APIE) !== 0 && this.host.port.providesAp?.() !== false;
  }

  /** Where it is intercepted, what the machine below throws goes through. */
  private async executeAp(task: Task, insn: Instruction, instructions: ApInstructions): Promise<NestedStep> {
    const { cpu, machine } = this;
    this.pending = null;
    machine.clock.spent(AP_INSTRUCTION_US);
    try {
      await executeAp(task, { cpu, port: { instructions }, parts: machine.messageParts }, insn);
    } catch (error) {
      if (!(error instanceof ProgramInterruption)) throw error;
      this.core.interrupt(error, insn);
    }
    machine.touchStorage();
    // Others have their turn: a nested guest that polls would keep them from theirs.
    await machine.parts.rt.sleep(task, machine.clock.takeDebt());
    return { address: cpu.ia };
  }

  /** Adapter interruptions the machine below sees itself. */
  private hostInterrupted(): boolean {
    const { machine, host } = this;
    if (externalOpen(host, machine)) return true;
    const due = nextTimer(host);
    return due !== Number.POSITIVE_INFINITY && machine.now() > due;
  }

  private field64(at: number): number {
    const { view } = this.machine.storage;
    return view.getUint32(this.origin + at) * 0x1_0000_0000 + view.getUint32(this.origin + at + 4);
  }

  private store64(at: number, hi: number, lo: number): void {
    const { view } = this.machine.storage;
    view.setInt32(this.origin + at, hi);
    view.setInt32(this.origin + at + 4, lo);
  }
}
