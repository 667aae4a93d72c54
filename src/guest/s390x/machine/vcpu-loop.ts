/**
 * The life of one CPU: slices of instructions, and between them what has to be waited for, interruptions, and turns of the others (the loop
 * of a vCPU thread: kvm_cpu_exec of QEMU, __vcpu_run of arch/s390/kvm/kvm-s390.c).
 *
 * A slice is synchronous. AP instructions, signals and yields of the program, and the end of its time are where others can go on.
 */
import { OPERATION_EXCEPTION, ProgramInterruption } from '../../../base/program-interruption.ts';
import type { Task } from '../../../runtime/task.ts';
import { address2 } from '../cpu/access.ts';
import { MASK_DAT, MASK_EXTERNAL, MASK_IO, type Cpu } from '../cpu/cpu.ts';
import type { Instruction } from '../cpu/instruction.ts';
import type { StopReason } from '../cpu/interpreter.ts';
import { executeAp } from './ap-instructions.ts';
import { executeChannel } from './channel-instructions.ts';
import { privileged } from './control/privileged.ts';
import { initialResetCpu, resetCpu } from './cpu-reset.ts';
import { executeDiagnose } from './diagnose.ts';
import type { MachineCpu, MachineState } from './machine-state.ts';
import { EXTERNAL_SUBCLASSES, deliver, externalOpen, machineCheck, machineChecksOpen, nextTimer, restart } from './interruptions.ts';
import { Lowcore } from './lowcore.ts';
import { NestedCpu, STATE_DESCRIPTION_BYTES } from './nested-cpu.ts';
import { executeSigp } from './sigp.ts';
import { storeStatus } from './store-status.ts';
import { AP_INSTRUCTION_US, INSTRUCTION_US } from './tod-clock.ts';
import type { CpuOrder, VirtualCpu } from './virtual-cpu.ts';

const SLICE = 20_000;
/** So many AP instructions are worth a slice: a program that polls lets the others go on as often as one that computes. */
const AP_PER_SLICE = 16;
/** A timer of the run may fire a little before its time. */
const TICK_MS = 0.002;
/** A CPU that is told to stop and store its status does so where its lowcore would be without prefix, and says in which architecture. */
const STOP_SAVE_AREA = Lowcore.SAVE_AREA;
const Z_ARCHITECTURE = 1;
/** A program that is refused so often in a row is lost. */
const MAX_REFUSALS = 1000;
/** What is run where no state description can be. */
const NOTHING = { execute: () => false } as const;

export class VcpuLoop {
  private readonly machine: MachineState;
  private readonly virtual: VirtualCpu;
  private readonly core: MachineCpu['core'];
  private readonly slice: number;
  /** Instructions until the others have their turn. */
  private left: number;
  /** Program interruptions one after another, with nothing executed in between. */
  private refusals = 0;
  /** Other interruptions likewise. */
  private unbroken = 0;

  constructor(machine: MachineState, { virtual, core }: MachineCpu) {
    this.machine = machine;
    this.virtual = virtual;
    this.core = core;
    this.slice = machine.parts.sliceLength ?? SLICE;
    this.left = this.slice;
  }

  async run(task: Task): Promise<void> {
    const { machine, virtual } = this;
    while (machine.end === null) {
      const order = virtual.takeOrder();
      if (order !== null) this.carryOut(order);
      else if (virtual.stopped || virtual.idleFor !== null) await this.rest(task);
      else await this.turn(task);
    }
  }

  private carryOut(order: CpuOrder): void {
    const { machine, virtual } = this;
    machine.touchStorage();
    if (order === 'start' || order === 'restart') virtual.start(machine.now());
    else virtual.stop(machine.now());
    if (order === 'stop-and-store') this.stopAndStore();
    else if (order === 'reset') resetCpu(virtual);
    else if (order === 'initial-reset') initialResetCpu(virtual, machine.now());
    if (order !== 'start' && order !== 'stop' && order !== 'stop-and-store') virtual.idleFor = null;
    if (order === 'restart') this.interrupt(() => restart(virtual));
  }

  private stopAndStore(): void {
    const { machine, virtual } = this;
    const { storage } = virtual.cpu;
    storeStatus(virtual, STOP_SAVE_AREA, machine.now());
    storage.write(Lowcore.ARCHITECTURE, Uint8Array.of(Z_ARCHITECTURE));
  }

  /** Stopped, or in a state that only an order ends. */
  private async rest(task: Task): Promise<void> {
    const { machine, virtual } = this;
    machine.ceased(virtual);
    virtual.showStatus();
    await virtual.port.idle(task, () => machine.end !== null || virtual.hasOrders);
  }

  /** Whatever comes next: an interruption, a wait, or a slice. */
  private async turn(task: Task): Promise<void> {
    const { machine, virtual } = this;
    const { cpu } = virtual;
    cpu.attention = false;
    machine.touchStorage();
    if (this.takesInterruption(task)) {
      this.watchInterruptions();
      return;
    }
    if (!cpu.wait && (cpu.systemMask & MASK_DAT) !== 0) {
      virtual.idleFor = { reason: 'translation', detail: `CPU ${cpu.id} at 0x${cpu.ia.toString(16)}` };
      return;
    }
    if (cpu.wait) {
      await this.wait(task);
      return;
    }
    if (machine.instructionsLeft <= 0) {
      machine.stop('instruction-limit');
      return;
    }
    const insn = this.runSlice();
    if (insn !== null) await this.serve(task, insn);
    else if (this.left <= 0) await this.yield(task);
  }

  private takesInterruption(task: Task): boolean {
    const { machine, virtual } = this;
    const { taken } = machine;
    if (machineChecksOpen(virtual)) {
      machine.openChannelReports();
      if (machine.parts.platform.takeMachineCheck()) {
        taken.machineCheck++;
        this.interrupt(() => machineCheck(virtual, machine.now()));
        return true;
      }
    }
    const before = taken.external + taken.io;
    this.interrupt(() => deliver(task, virtual, machine));
    return taken.external + taken.io > before;
  }

  /** A program whose handler lets the same interruption in again does nothing else any more. */
  private watchInterruptions(): void {
    const { virtual } = this;
    if (++this.unbroken < MAX_REFUSALS) return;
    const { cpu } = virtual;
    const detail = `CPU ${cpu.id}: one interruption after another at 0x${cpu.ia.toString(16)}, no instruction in between`;
    virtual.idleFor = { reason: 'check-stop', detail };
  }

  /** A new PSW that is not valid is a program interruption, with the PSW in place. */
  private interrupt(swap: () => void): void {
    try {
      swap();
    } catch (error) {
      if (!(error instanceof ProgramInterruption)) throw error;
      this.core.interrupt(error, null);
    }
  }

  /** Enabled wait: until something is let in; or for ever. */
  private async wait(task: Task): Promise<void> {
    const { machine, virtual } = this;
    const { cpu } = virtual;
    if (!canWake(virtual)) {
      virtual.idleFor = { reason: 'disabled-wait', detail: `CPU ${cpu.id} at 0x${cpu.ia.toString(16)}` };
      return;
    }
    await this.payDebt(task);
    virtual.showStatus();
    const due = nextTimer(virtual);
    const until = (): boolean => machine.end !== null || virtual.hasOrders || externalOpen(virtual, machine);
    if (due === Number.POSITIVE_INFINITY) await virtual.port.idle(task, until);
    else await virtual.port.idle(task, until, Math.max(0, (due - machine.now()) / 1000 + TICK_MS));
    this.left = this.slice;
  }

  /** Answers the instruction that has to be served before it goes on. */
  private runSlice(): Instruction | null {
    const { machine, core, virtual } = this;
    const { cpu } = virtual;
    const { trace } = machine.parts;
    const begun = cpu.executed;
    const interruptionsBefore = interruptionsOf(cpu);
    const limit = Math.min(this.left, machine.instructionsLeft);
    const reason = trace === undefined ? core.run(limit) : this.traced(limit, trace);
    const executed = cpu.executed - begun;
    this.left -= executed;
    this.unbroken = 0;
    machine.clock.spent(executed * INSTRUCTION_US);
    this.watchRefusals(executed, interruptionsBefore);
    if (reason === 'stopped') virtual.idleFor = { reason: 'check-stop', detail: `CPU ${cpu.id}: ${cpu.checkStop ?? 'stopped'}` };
    return reason === 'intercept' ? (cpu.intercepted as Instruction) : null;
  }

  /** A program whose handler is refused itself does nothing else any more. */
  private watchRefusals(executed: number, before: number): void {
    const { virtual } = this;
    const { cpu } = virtual;
    this.refusals = executed === interruptionsOf(cpu) - before ? this.refusals + executed : 0;
    if (this.refusals < MAX_REFUSALS) return;
    const where = `at 0x${cpu.ia.toString(16)}`;
    virtual.idleFor = { reason: 'check-stop', detail: `CPU ${cpu.id}: one program interruption after another ${where}` };
  }

  private traced(limit: number, trace: (cpu: Cpu) => void): StopReason {
    for (let n = 0; n < limit; n++) {
      trace(this.virtual.cpu);
      const reason = this.core.run(1);
      if (reason !== 'limit') return reason;
    }
    return 'limit';
  }

  private async serve(task: Task, insn: Instruction): Promise<void> {
    const { machine, virtual } = this;
    try {
      await this.execute(task, insn);
    } catch (error) {
      if (!(error instanceof ProgramInterruption)) throw error;
      this.core.interrupt(error, insn);
    }
    virtual.cpu.intercepted = null;
    // What the instruction has stored, it may have stored in another step than the slice.
    machine.touchStorage();
    if (this.left <= 0) await this.yield(task);
  }

  private async execute(task: Task, insn: Instruction): Promise<void> {
    const { machine, virtual } = this;
    const { cpu, port } = virtual;
    switch (insn.mnemonic) {
      case 'sigp':
        this.left = 0;
        executeSigp({ sender: virtual, cpus: machine.virtuals, now: () => machine.now() }, insn);
        return;
      case 'diag':
        this.left = 0;
        executeDiagnose(cpu, insn);
        return;
      case 'sie':
        await this.startInterpretiveExecution(task, insn);
        return;
      case 'stcrw':
      case 'chsc':
      case 'tpi':
        await executeChannel(task, virtual, insn);
        return;
      default:
        // A program that has waited by looking at the clock has let that time pass for the queues, too.
        if (machine.clock.looked) await this.payDebt(task);
        virtual.showStatus();
        machine.clock.spent(AP_INSTRUCTION_US);
        this.left -= Math.ceil(this.slice / AP_PER_SLICE);
        await executeAp(task, { cpu, port, parts: machine.messageParts }, insn);
    }
  }

  /** Goes on behind SIE with an interception; else SIE is executed again, when an interruption has been taken or the description is free. */
  private async startInterpretiveExecution(task: Task, insn: Instruction): Promise<void> {
    const { machine, virtual } = this;
    const { cpu, port } = virtual;
    if (port.sie === undefined) throw new ProgramInterruption(OPERATION_EXCEPTION, 'SIE is not provided');
    privileged(cpu, insn);
    const origin = address2(cpu, insn);
    virtual.showStatus();
    // What is wrong with the address the machine below finds out, before it runs anything.
    const absolute = origin < cpu.storage.size ? cpu.absolute(origin) : origin;
    const nested = cpu.storage.contains(absolute, STATE_DESCRIPTION_BYTES) ? new NestedCpu(machine, virtual, absolute) : NOTHING;
    const exit = await port.sie(task, absolute, nested);
    if (nested instanceof NestedCpu && exit.kind !== 'in-use') nested.leave();
    // Where EXECUTE has led to it, that is executed again.
    if (exit.kind !== 'interception') cpu.ia = insn.next - insn.length;
    this.left = 0;
  }

  /** The others have their turn. */
  private async yield(task: Task): Promise<void> {
    this.left = this.slice;
    await this.machine.parts.rt.sleep(task, this.machine.clock.takeDebt());
  }

  private async payDebt(task: Task): Promise<void> {
    const ms = this.machine.clock.takeDebt();
    if (ms > 0) await this.machine.parts.rt.sleep(task, ms);
  }
}

/** Could anything but an order of another CPU end its wait? */
function canWake(virtual: VirtualCpu): boolean {
  const { cpu } = virtual;
  const external = (cpu.systemMask & MASK_EXTERNAL) !== 0 && (cpu.crLo[0]! & EXTERNAL_SUBCLASSES) !== 0;
  const io = (cpu.systemMask & MASK_IO) !== 0 && cpu.crLo[6]! >>> 24 !== 0;
  return external || io || machineChecksOpen(virtual);
}

function interruptionsOf({ programInterruptions }: Cpu): number {
  let sum = 0;
  for (const times of programInterruptions.values()) sum += times;
  return sum;
}
