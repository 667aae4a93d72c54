/**
 * A guest without a kernel: each vCPU executes a list of AP instructions, one after another, and ends. No bus, no driver, no polling and no
 * timers, so that a schedule has no other steps than those of the instructions (no kernel counterpart: a stand-alone test program).
 */
import type { Apqn } from '../base/apqn.ts';
import type { EventLog } from '../base/event-log.ts';
import { ProgramInterruption } from '../base/program-interruption.ts';
import type { ApInstructions } from '../crypto-adapters/ap-instructions.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { AP_ISC } from './guest-interrupts.ts';
import type { Answer, GuestInstruction } from './guest-instruction.ts';
import type { GuestCpu, GuestPlatform } from './guest-port.ts';
import type { GuestProgram } from './guest-program.ts';
import { GuestStatistics } from './guest-statistics.ts';

export interface InstructionProgramParts {
  readonly rt: Runtime;
  readonly events: EventLog;
  /** Called after each instruction. */
  readonly onOperation: () => void;
  /** Lists begin anew until `stop`; default: they are executed once. */
  readonly endless?: boolean;
}

/** Every card answers it at once with an error reply: what is enqueued matters here, not what is computed. */
const MESSAGE = new Uint8Array(16);
const REPLY_CAPACITY = 12 * 1024;
/** Between two turns of an endless program. */
const PAUSE_MS = 1;

const hex = (code: number): string => code.toString(16).padStart(2, '0');
const answerText = (answer: Answer): string => (answer === 'exception' ? answer : hex(answer));

export class InstructionProgram implements GuestProgram {
  readonly name: string;
  readonly statistics = new GuestStatistics();
  readonly daemon = false;
  readonly lastQueues: readonly Apqn[] = [];
  readonly outstanding = 0;
  readonly answers = new Map<string, number>();
  private readonly lists: readonly (readonly GuestInstruction[])[];
  private readonly parts: InstructionProgramParts;
  private readonly expected: number;
  /** Address of the notification byte of every AQIC. */
  private readonly nib: number;
  private nextPsmid = 1n;
  private stopped = false;

  /** One list a vCPU; a vCPU without one has nothing to do. */
  constructor(platform: GuestPlatform, lists: readonly (readonly GuestInstruction[])[], parts: InstructionProgramParts) {
    this.name = platform.name;
    this.lists = lists;
    this.parts = parts;
    this.expected = lists.reduce((sum, list) => sum + list.length, 0);
    this.nib = platform.storage.allocatePage();
  }

  get progress(): { readonly operations: number; readonly expected: number } {
    return { operations: this.statistics.operations, expected: this.expected };
  }

  uses(cpu: GuestCpu): boolean {
    return (this.lists[cpu.id]?.length ?? 0) > 0;
  }

  stop(): void {
    this.stopped = true;
  }

  async runVcpu(task: Task, cpu: GuestCpu): Promise<void> {
    const list = this.lists[cpu.id] ?? [];
    do {
      for (const instruction of list) {
        if (this.stopped) return;
        await this.step(task, cpu, instruction);
      }
      if (this.endless) await this.parts.rt.sleep(task, PAUSE_MS);
    } while (this.endless);
  }

  private get endless(): boolean {
    return this.parts.endless === true && !this.stopped;
  }

  private async step(task: Task, cpu: GuestCpu, instruction: GuestInstruction): Promise<void> {
    const { rt, events, onOperation } = this.parts;
    const since = rt.now();
    const answer = await this.execute(task, cpu.instructions, instruction);
    const key = `${instruction.name} ${answerText(answer)}`;
    this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
    events.emit('guest.instruction', this.name, () => ({
      guest: this.name,
      cpu: cpu.id,
      instruction: instruction.text,
      answer: answerText(answer),
    }));
    if (instruction.expect?.includes(answer) ?? true) this.statistics.succeeded(rt.now() - since);
    else this.statistics.failed(rt.now() - since, `${instruction.text}, got ${answerText(answer)}`);
    onOperation();
  }

  private async execute(task: Task, instructions: ApInstructions, instruction: GuestInstruction): Promise<Answer> {
    try {
      return await this.issue(task, instructions, instruction);
    } catch (error) {
      // What the machine does not provide to the guest is an answer like any other.
      if (error instanceof ProgramInterruption) return 'exception';
      throw error;
    }
  }

  private async issue(task: Task, instructions: ApInstructions, { name, apqn, on }: GuestInstruction): Promise<number> {
    switch (name) {
      case 'qci':
        await instructions.qci(task);
        return Rc.NORMAL;
      case 'aqic':
        return (await instructions.aqic(task, apqn, { ir: on, isc: AP_ISC, nib: on ? this.nib : 0 })).rc;
      case 'tapq':
        return (await instructions.tapq(task, apqn)).status.rc;
      case 'rapq':
        return (await instructions.rapq(task, apqn)).rc;
      case 'zapq':
        return (await instructions.zapq(task, apqn)).rc;
      case 'nqap':
        return (await instructions.nqap(task, apqn, { psmid: this.nextPsmid++, message: MESSAGE })).rc;
      case 'dqap':
        return (await instructions.dqap(task, apqn, REPLY_CAPACITY)).status.rc;
    }
  }
}
