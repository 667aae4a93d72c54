/**
 * A double for the AP instructions: answers what the test scripted, first scripted first, else as an idle healthy queue would.
 */
import type { Apqn } from '../../src/base/apqn.ts';
import type { Task } from '../../src/runtime/task.ts';
import type {
  ApInstructions,
  AqicOperand,
  DqapResult,
  NqapRequest,
  QciInfo,
  TapqInfo,
  TapqResult,
} from '../../src/crypto-adapters/ap-instructions.ts';
import type { ApStatus } from '../../src/crypto-adapters/ap-status.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';

export type Instruction = 'tapq' | 'rapq' | 'zapq' | 'aqic' | 'nqap' | 'dqap';

/** What one execution answers: a status with this code, and for DQAP whose reply it is. */
export interface Answer extends Partial<ApStatus> {
  readonly psmid?: bigint;
  readonly reply?: Uint8Array;
  readonly residual?: number;
}

const CEX8C_INFO: TapqInfo = { functions: 0x92000000, type: 14, domains: 255, ml: 3, depth: 7 };

const IDLE: ApStatus = { queueEmpty: true, repliesWaiting: false, queueFull: false, asyncError: false, irqEnabled: false, rc: Rc.NORMAL };

export class ScriptedInstructions implements ApInstructions {
  /** What was executed: `tapq`, `nqap 3` (psmid). */
  readonly calls: string[] = [];
  /** Used when nothing is scripted. */
  irqEnabled = false;
  private readonly scripts = new Map<Instruction, Answer[]>();

  /** The next executions of `instruction` answer these, one each. */
  script(instruction: Instruction, ...answers: Answer[]): void {
    this.scripts.set(instruction, [...(this.scripts.get(instruction) ?? []), ...answers]);
  }

  /** Scripted answers that nobody asked for yet. */
  get left(): number {
    return [...this.scripts.values()].reduce((sum, answers) => sum + answers.length, 0);
  }

  tapq(_task: Task, _apqn: Apqn): TapqResult {
    return { status: this.answer('tapq', 'tapq').status, info: CEX8C_INFO };
  }

  rapq(_task: Task, _apqn: Apqn): ApStatus {
    return this.answer('rapq', 'rapq').status;
  }

  zapq(_task: Task, _apqn: Apqn): ApStatus {
    return this.answer('zapq', 'zapq').status;
  }

  aqic(_task: Task, _apqn: Apqn, operand: AqicOperand): ApStatus {
    return this.answer('aqic', operand.ir ? 'aqic on' : 'aqic off').status;
  }

  qci(): QciInfo | null {
    return null;
  }

  nqap(_task: Task, _apqn: Apqn, request: NqapRequest): ApStatus {
    return this.answer('nqap', `nqap ${request.psmid}`).status;
  }

  dqap(_task: Task, _apqn: Apqn, capacity: number): DqapResult {
    const { status, answer } = this.answer('dqap', `dqap ${capacity}`, { rc: Rc.NO_PENDING_REPLY, queueEmpty: false });
    return { status, psmid: answer.psmid ?? 0n, reply: answer.reply ?? null, residual: answer.residual ?? 0 };
  }

  private answer(instruction: Instruction, call: string, byDefault: Answer = {}): { status: ApStatus; answer: Answer } {
    this.calls.push(call);
    const answer = this.scripts.get(instruction)?.shift() ?? byDefault;
    const { psmid: _psmid, reply: _reply, residual: _residual, ...status } = answer;
    return { status: { ...IDLE, irqEnabled: this.irqEnabled, ...status }, answer };
  }
}
