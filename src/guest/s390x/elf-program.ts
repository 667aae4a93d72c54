/**
 * A guest that runs a program in machine code on its vCPUs: loads it, counts what it does, and judges how it ended. No kernel counterpart:
 * QEMU with -kernel, and the script that looks at what came out.
 */
import { apqnOf, type Apqn } from '../../base/apqn.ts';
import type { EventLog } from '../../base/event-log.ts';
import { ProgramInterruption } from '../../base/program-interruption.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Task } from '../../runtime/task.ts';
import type { GuestCpu, GuestPlatform } from '../guest-port.ts';
import type { CodeReport, GuestProgram } from '../guest-program.ts';
import type { GuestStatistics } from '../guest-statistics.ts';
import { CountedInstructions } from './counted-instructions.ts';
import type { Cpu } from './cpu/cpu.ts';
import { loadSegments, type ElfImage } from './elf.ts';
import { InstructionTrace } from './instruction-trace.ts';
import { interruptionCounts } from './interruption-counts.ts';
import { GuestMachine } from './machine/guest-machine.ts';
import { ProgramActivity } from './program-activity.ts';
import { ProgramConsole } from './program-console.ts';
import { endText, resultOf, type ProgramResult } from './program-end.ts';

export interface ElfProgramParts {
  readonly rt: Runtime;
  readonly events: EventLog;
  /** As reports call the program. */
  readonly program: string;
  readonly image: ElfImage;
  /** Of all vCPUs together. */
  readonly maxInstructions: number;
  /** It begins anew until `stop`, and how it ends does not matter; default: it runs once. */
  readonly endless?: boolean;
  /** Called after each operation. */
  readonly onOperation: () => void;
  /** Takes a line, with its end, about each instruction. */
  readonly trace?: (line: string) => void;
}

/** Lines of the console that are told when a program has failed. */
const KEPT_LINES = 5;
/** Before a program begins anew, where it may end at once each time. */
const PAUSE_MS = 1;

export class ElfProgram implements GuestProgram {
  readonly name: string;
  readonly daemon = false;
  readonly lastQueues: readonly Apqn[] = [];
  readonly outstanding = 0;
  private readonly activity: ProgramActivity;
  private readonly parts: ElfProgramParts;
  private readonly platform: GuestPlatform;
  private readonly screen = new ProgramConsole();
  private readonly traces = new Map<Cpu, InstructionTrace>();
  private machine: GuestMachine;
  private restarts = 0;
  private stopped = false;
  /** vCPUs that have not come to the end of this run of the program. */
  private working: number;

  /** The program fits into the storage of the platform (`checkFits`), which is one array. */
  constructor(platform: GuestPlatform, parts: ElfProgramParts) {
    const { rt, events, onOperation } = parts;
    this.name = platform.name;
    this.parts = parts;
    this.activity = new ProgramActivity({ name: platform.name, rt, events, onOperation });
    this.platform = this.counted(platform);
    this.working = platform.cpus.length;
    this.machine = this.load();
  }

  get statistics(): GuestStatistics {
    return this.activity.statistics;
  }

  get answers(): ReadonlyMap<string, number> {
    return this.activity.answers;
  }

  /** Nobody knows how many operations there are going to be. */
  get progress(): { readonly operations: number; readonly expected: number } {
    const { operations } = this.statistics;
    return { operations, expected: operations };
  }

  get code(): CodeReport {
    const { machine, screen, restarts } = this;
    const { end } = machine;
    const { status } = screen;
    return {
      program: this.parts.program,
      result: this.result,
      end: end === null ? 'has not ended' : endText(end, status),
      reason: end?.reason ?? 'running',
      status,
      console: screen.text,
      instructions: machine.executed,
      interruptions: interruptionCounts(machine),
      unimplemented: Object.fromEntries(machine.unimplemented),
      ...(restarts === 0 ? {} : { restarts }),
    };
  }

  stop(): void {
    this.stopped = true;
    this.machine.stop();
    for (const cpu of this.platform.cpus) cpu.kick();
  }

  async runVcpu(task: Task, cpu: GuestCpu): Promise<void> {
    for (;;) {
      const { machine } = this;
      await machine.runVcpu(task, cpu);
      if (--this.working === 0) this.ended();
      if (!this.endless) return;
      cpu.setStatus?.({ problemState: false, ioEnabled: false, iscs: 0 });
      // The last one loads the program again; the others wait for that.
      if (this.working === 0) await this.restart(task, cpu);
      while (this.machine === machine && !this.stopped) await cpu.idle(task, () => this.machine !== machine || this.stopped);
      if (this.stopped) return;
    }
  }

  private get endless(): boolean {
    return this.parts.endless === true && !this.stopped;
  }

  private get result(): ProgramResult {
    const { end } = this.machine;
    return end === null ? 'open' : resultOf(end, this.screen.status);
  }

  /** Every CPU has come to its end. */
  private ended(): void {
    for (const trace of this.traces.values()) trace.end();
    const { end } = this.machine;
    if (this.parts.endless === true || end === null || end.reason === 'ended') return;
    if (this.result === 'passed' || this.result === 'skipped') return;
    const { program } = this.parts;
    const { complaints } = this.statistics;
    this.statistics.failed(0, `${program}: ${endText(end, this.screen.status)}`);
    const lines = this.screen.text.split('\n').filter((line) => line.trim() !== '');
    const failures = lines.filter((line) => line.startsWith('FAIL'));
    const told = failures.length > 0 ? failures.slice(0, KEPT_LINES) : lines.slice(-KEPT_LINES);
    complaints.push(...told.map((line) => `console: ${line}`));
  }

  /** What a reset of the machine does: queues are reset, storage is cleared, and the program is loaded again. */
  private async restart(task: Task, cpu: GuestCpu): Promise<void> {
    await this.resetQueues(task, cpu);
    await this.parts.rt.sleep(task, PAUSE_MS);
    if (this.stopped) return;
    this.restarts++;
    this.screen.clear();
    this.traces.clear();
    this.working = this.platform.cpus.length;
    // At first it is zero by itself, and nobody needs to touch all of it.
    this.machine.storage.bytes.fill(0);
    this.machine = this.load();
    for (const other of this.platform.cpus) if (other.id !== cpu.id) other.kick();
  }

  private async resetQueues(task: Task, { instructions }: GuestCpu): Promise<void> {
    try {
      const masks = await instructions.qci(task);
      for (const adapter of masks?.apm.bits() ?? [])
        for (const domain of masks!.aqm.bits()) if (!this.stopped) await instructions.rapq(task, apqnOf(adapter, domain));
    } catch (error) {
      // A guest without AP instructions has no queues.
      if (!(error instanceof ProgramInterruption)) throw error;
    }
  }

  private load(): GuestMachine {
    const { rt, image, maxInstructions, trace, events } = this.parts;
    const { name, platform } = this;
    const print = (text: string): void => {
      this.screen.write(text);
      events.emit('guest.console', name, () => ({ guest: name, text }));
    };
    const tracing = trace === undefined ? {} : { trace: (cpu: Cpu) => this.traceOf(cpu, trace).step() };
    const machine = new GuestMachine({ rt, platform, print, maxInstructions, ...tracing });
    loadSegments(image, machine.storage);
    machine.start(image.entry);
    return machine;
  }

  private traceOf(cpu: Cpu, write: (line: string) => void): InstructionTrace {
    let trace = this.traces.get(cpu);
    if (trace === undefined) this.traces.set(cpu, (trace = new InstructionTrace(cpu, write)));
    return trace;
  }

  /** The same platform with vCPUs that count their AP instructions; whatever else it offers is its own. */
  private counted(platform: GuestPlatform): GuestPlatform {
    const cpus = platform.cpus.map((cpu): GuestCpu => {
      const instructions = new CountedInstructions(cpu.instructions, this.activity.observer(cpu.id));
      const nested = this.activity.observer(cpu.id, 'nested ');
      const sie: GuestCpu['sie'] = (task, origin, program) =>
        cpu.sie!(task, origin, {
          execute: (by, address, inside) => program.execute(by, address, new CountedInstructions(inside, nested)),
        });
      const changed = { instructions: { value: instructions }, ...(cpu.sie === undefined ? {} : { sie: { value: sie } }) };
      return Object.create(cpu, changed) as GuestCpu;
    });
    return Object.create(platform, { cpus: { value: cpus } }) as GuestPlatform;
  }
}
