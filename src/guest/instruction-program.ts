/**
 * A guest without a kernel: each vCPU executes a list of AP instructions, one after another, and ends. No bus, no driver, no polling and no
 * timers, so that a schedule has no other steps than those of the instructions (no kernel counterpart: a stand-alone test program).
 */
import type { Apqn } from '../base/apqn.ts';
import type { EventLog } from '../base/event-log.ts';
import { OPERATION_EXCEPTION, ProgramInterruption } from '../base/program-interruption.ts';
import type { ApInstructions } from '../crypto-adapters/ap-instructions.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { AP_ISC } from './guest-interrupts.ts';
import type { Answer, GuestInstruction } from './guest-instruction.ts';
import type { GuestCpu, GuestPlatform } from './guest-port.ts';
import type { GuestProgram } from './guest-program.ts';
import { GuestStatistics } from './guest-statistics.ts';
import { NestedGuest, type NestedPart } from './nested-guest.ts';

export interface InstructionProgramParts {
  readonly rt: Runtime;
  readonly events: EventLog;
  /** Called after each instruction. */
  readonly onOperation: () => void;
  /** Lists begin anew until `stop`; default: they are executed once. */
  readonly endless?: boolean;
  /** By vCPU, what its SIE instructions run; a vCPU without one has none to run. */
  readonly nested?: readonly NestedPart[];
}

/** Every card answers it at once with an error reply: what is enqueued matters here, not what is computed. */
const MESSAGE = new Uint8Array(16);
const REPLY_CAPACITY = 12 * 1024;
/** Function code of PQAP. */
const QCI = 4n;
/** Between two turns of an endless program. */
const PAUSE_MS = 1;

const hex = (code: number): string => code.toString(16).padStart(2, '0');
const answerText = (answer: Answer): string => (typeof answer === 'number' ? hex(answer) : answer);

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
  /** By vCPU. */
  private readonly nested: readonly NestedGuest[];
  private nextPsmid = 1n;
  private stopped = false;

  /** One list a vCPU; a vCPU without one has nothing to do. */
  constructor(platform: GuestPlatform, lists: readonly (readonly GuestInstruction[])[], parts: InstructionProgramParts) {
    this.name = platform.name;
    this.lists = lists;
    this.parts = parts;
    this.expected = lists.reduce((sum, list) => sum + list.length, 0);
    this.nib = platform.storage.allocatePage();
    this.nested = (parts.nested ?? []).map((part, cpu) => this.nestedGuest(part, cpu));
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
    const { rt, onOperation } = this.parts;
    const since = rt.now();
    const nested = instruction.name === 'sie' ? this.nested[cpu.id] : undefined;
    const answer = await this.execute(() =>
      nested === undefined ? this.issue(task, cpu.instructions, instruction) : nested.run(task, cpu),
    );
    this.note(cpu.id, instruction, answer);
    const unexpected = (instruction.expect?.includes(answer) ?? true) ? [] : [`${instruction.text}, got ${answerText(answer)}`];
    const complaints = [...(nested?.complaints ?? []), ...unexpected];
    if (complaints.length === 0) this.statistics.succeeded(rt.now() - since);
    else this.statistics.failed(rt.now() - since, complaints.join('; '));
    onOperation();
  }

  /** What is executed by a nested guest, `nested ` in front, or by the guest itself. */
  private note(cpu: number, { name, text }: GuestInstruction, answer: Answer, level: '' | 'nested ' = ''): void {
    const key = `${level}${name} ${answerText(answer)}`;
    this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
    this.parts.events.emit('guest.instruction', this.name, () => ({
      guest: this.name,
      cpu,
      instruction: `${level}${text}`,
      answer: answerText(answer),
    }));
  }

  private nestedGuest(part: NestedPart, cpu: number): NestedGuest {
    return new NestedGuest(part, {
      issue: (task, instructions, instruction) => this.execute(() => this.issue(task, instructions, instruction)),
      ended: (instruction, answer) => {
        this.note(cpu, instruction, answer, 'nested ');
        return (instruction.expect?.includes(answer) ?? true) ? null : `nested ${instruction.text}, got ${answerText(answer)}`;
      },
    });
  }

  /** The response code where there is one: query functions store no status. */
  private async pqap(task: Task, instructions: ApInstructions, { registers }: GuestInstruction): Promise<number> {
    if (instructions.pqap === undefined || registers === undefined) throw new Error('expected a vCPU that executes PQAP by its registers');
    const { gr1, cc } = await instructions.pqap(task, registers);
    const queries = ((registers.gr0 >> 24n) & 0xffn) === QCI;
    this.parts.events.emit('guest.pqap', this.name, () => ({ guest: this.name, gr1: gr1.toString(16).padStart(16, '0'), cc }));
    return queries ? Rc.NORMAL : Number((gr1 >> 16n) & 0xffn);
  }

  private async execute(issue: () => Promise<Answer>): Promise<Answer> {
    try {
      return await issue();
    } catch (error) {
      // What the machine does not provide to the guest is an answer like any other.
      if (error instanceof ProgramInterruption) return 'exception';
      throw error;
    }
  }

  private async issue(task: Task, instructions: ApInstructions, instruction: GuestInstruction): Promise<number> {
    const { name, apqn, on } = instruction;
    switch (name) {
      case 'pqap':
        return await this.pqap(task, instructions, instruction);
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
      case 'sie':
        throw new ProgramInterruption(OPERATION_EXCEPTION, 'SIE without a nested guest');
    }
  }
}
