/**
 * A guest of a guest of bare instructions: what its hypervisor, which is such a guest itself, executes SIE for. It has a list of AP
 * instructions and no kernel. What is intercepted is answered as KVM answers it where no driver has registered a hook, and where there
 * is no AP for the guest (arch/s390/kvm/priv.c: handle_pqap; this one is a stand-alone test program).
 */
import { OPERATION_EXCEPTION, ProgramInterruption } from '../base/program-interruption.ts';
import type { ApInstructions } from '../crypto-adapters/ap-instructions.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { Task } from '../runtime/task.ts';
import type { Answer, GuestInstruction } from './guest-instruction.ts';
import type { GuestCpu, NestedProgram, SieExit } from './guest-port.ts';

/** One nested guest with one vCPU, as it lies in the storage of its hypervisor. */
export interface NestedPart {
  /** Address of the state description. */
  readonly origin: number;
  /** Where its program begins, in its own storage. */
  readonly start: number;
  /** ECA.APIE is set in the state description. */
  readonly apie: boolean;
  readonly instructions: readonly GuestInstruction[];
  /** Stores its first address as the next one into the state description. */
  restart(): void;
}

/** What the program that runs it does with an instruction and with an answer. */
export interface NestedHost {
  issue(task: Task, instructions: ApInstructions, instruction: GuestInstruction): Promise<Answer>;
  /** Answers a complaint when the answer was not the one expected. */
  ended(instruction: GuestInstruction, answer: Answer): string | null;
}

const INSTRUCTION_BYTES = 4;
const INSTRUCTION = 0x04;
const WAIT = 0x1c;
const VALIDITY = 0x20;

export class NestedGuest implements NestedProgram {
  private readonly part: NestedPart;
  private readonly host: NestedHost;
  /** About answers that were not those expected, since the last time it was run. */
  complaints: readonly string[] = [];
  /** Issued and not ended: what an interception is about. */
  private issued: GuestInstruction | null = null;

  constructor(part: NestedPart, host: NestedHost) {
    this.part = part;
    this.host = host;
  }

  /**
   * Executes SIE for it, from its first instruction until it waits (`wait`) or cannot be run (`validity-003c`). An interruption of the
   * hypervisor is taken in between. Throws ProgramInterruption where SIE itself is refused.
   */
  async run(task: Task, cpu: GuestCpu): Promise<Answer> {
    if (cpu.sie === undefined) throw new ProgramInterruption(OPERATION_EXCEPTION, 'SIE is not provided');
    this.part.restart();
    this.complaints = [];
    for (;;) {
      const exit = await cpu.sie(task, this.part.origin, this);
      const end = this.handled(cpu, task, exit);
      if (end !== null) return end;
    }
  }

  async execute(task: Task, address: number, instructions: ApInstructions): Promise<boolean> {
    const instruction = this.part.instructions[(address - this.part.start) / INSTRUCTION_BYTES];
    if (instruction === undefined) return false;
    this.issued = instruction;
    this.ended(await this.host.issue(task, instructions, instruction));
    return true;
  }

  /** Null: SIE again. */
  private handled(cpu: GuestCpu, task: Task, exit: SieExit): Answer | null {
    if (exit.kind === 'in-use') throw new Error('a state description is in use: expected one for each vCPU');
    if (exit.kind === 'interruption') {
      while (cpu.takeInterruption(task) !== null);
      return null;
    }
    const { code, ipb } = exit.interception;
    switch (code) {
      case INSTRUCTION:
        this.ended(this.emulated());
        return null;
      case WAIT:
        return 'wait';
      case VALIDITY:
        return `validity-${(ipb >>> 16).toString(16).padStart(4, '0')}`;
      default:
        throw new Error(`expected SIE to end with an instruction, a wait or a validity interception, got code ${code.toString(16)}`);
    }
  }

  /** No hook: the queue is not available. Without APIE there is no such instruction. */
  private emulated(): Answer {
    return this.part.apie && this.issued?.name === 'aqic' ? Rc.Q_NOT_AVAIL : 'exception';
  }

  private ended(answer: Answer): void {
    const { issued } = this;
    if (issued === null) throw new Error('an instruction of a nested guest ended, but none was issued');
    this.issued = null;
    const complaint = this.host.ended(issued, answer);
    if (complaint !== null) this.complaints = [...this.complaints, complaint];
  }
}
