/**
 * The AP instructions of a program in machine code, counted by name and answer on their way to the machine: a program that nobody knows
 * shows what it does with its queues. No kernel counterpart: what a trace of SIE interceptions would show if they were all intercepted.
 */
import type { Apqn } from '../../base/apqn.ts';
import { ProgramInterruption } from '../../base/program-interruption.ts';
import type {
  ApInstructions,
  AqicOperand,
  DqapResult,
  NqapRequest,
  PqapRegisters,
  PqapResult,
  QciInfo,
  TapqResult,
} from '../../crypto-adapters/ap-instructions.ts';
import { SpecificationException } from '../../crypto-adapters/ap-instructions.ts';
import type { ApStatus } from '../../crypto-adapters/ap-status.ts';
import { Rc } from '../../crypto-adapters/response-code.ts';
import type { MaybePromise } from '../../runtime/runtime.ts';
import type { Task } from '../../runtime/task.ts';

/** Is told of every AP instruction that has ended. */
export interface ApObserver {
  /** `answer`: a response code in hexadecimal, `partial`, or `exception`. */
  ended(instruction: string, answer: string): void;
  /** A request was accepted by a queue. */
  accepted(apqn: Apqn, psmid: bigint): void;
  /** The whole reply to it has been taken. */
  replied(apqn: Apqn, psmid: bigint): void;
}

/** By function code. */
const FUNCTIONS = ['tapq', 'rapq', 'zapq', 'aqic', 'qci', 'qact', 'qbap', 'bapq', 'aapq'];
const QCI = 4;

const hex = (code: number): string => code.toString(16).padStart(2, '0');
const answerOf = (rc: number): string => (rc === Rc.PARTIAL ? 'partial' : hex(rc));

export class CountedInstructions implements ApInstructions {
  private readonly machine: ApInstructions;
  private readonly observer: ApObserver;

  constructor(machine: ApInstructions, observer: ApObserver) {
    this.machine = machine;
    this.observer = observer;
  }

  async tapq(task: Task, apqn: Apqn): Promise<TapqResult> {
    return await this.counted(
      'tapq',
      () => this.machine.tapq(task, apqn),
      ({ status }) => status.rc,
    );
  }

  async rapq(task: Task, apqn: Apqn, unbinds?: boolean): Promise<ApStatus> {
    return await this.counted('rapq', () => this.machine.rapq(task, apqn, unbinds), rcOf);
  }

  async zapq(task: Task, apqn: Apqn): Promise<ApStatus> {
    return await this.counted('zapq', () => this.machine.zapq(task, apqn), rcOf);
  }

  async aqic(task: Task, apqn: Apqn, operand: AqicOperand): Promise<ApStatus> {
    return await this.counted('aqic', () => this.machine.aqic(task, apqn, operand), rcOf);
  }

  async qci(task: Task): Promise<QciInfo | null> {
    return await this.counted(
      'qci',
      () => this.machine.qci(task),
      () => Rc.NORMAL,
    );
  }

  async nqap(task: Task, apqn: Apqn, request: NqapRequest): Promise<ApStatus> {
    const status = await this.counted('nqap', () => this.machine.nqap(task, apqn, request), rcOf);
    if (status.rc === Rc.NORMAL) this.observer.accepted(apqn, request.psmid);
    return status;
  }

  async dqap(task: Task, apqn: Apqn, capacity: number): Promise<DqapResult> {
    const result = await this.counted(
      'dqap',
      () => this.machine.dqap(task, apqn, capacity),
      ({ status }) => status.rc,
    );
    if (result.status.rc === Rc.NORMAL) this.observer.replied(apqn, result.psmid);
    return result;
  }

  async messageLimit(task: Task, apqn: Apqn): Promise<number | null> {
    return (await this.machine.messageLimit?.(task, apqn)) ?? null;
  }

  /** QCI stores no status. */
  async pqap(task: Task, registers: PqapRegisters): Promise<PqapResult> {
    const { machine } = this;
    const code = Number((registers.gr0 >> 24n) & 0xffn);
    const name = FUNCTIONS[code] ?? `pqap-${hex(code)}`;
    const rc = ({ gr1 }: PqapResult): number => (code === QCI ? Rc.NORMAL : Number((gr1 >> 16n) & 0xffn));
    if (machine.pqap === undefined) throw new Error(`expected a vCPU that executes PQAP by its registers, got one without (${name})`);
    return await this.counted(name, () => machine.pqap!(task, registers), rc);
  }

  private async counted<T>(name: string, issue: () => MaybePromise<T>, rc: (result: T) => number): Promise<T> {
    try {
      const result = await issue();
      this.observer.ended(name, answerOf(rc(result)));
      return result;
    } catch (error) {
      if (error instanceof ProgramInterruption || error instanceof SpecificationException) this.observer.ended(name, 'exception');
      throw error;
    }
  }
}

const rcOf = ({ rc }: ApStatus): number => rc;
