/**
 * The AP instructions of a guest: interpreted by the machine under the CRYCB masks, except AQIC, which is intercepted.
 * One object a vCPU; implements the port that guest drivers use.
 */
import { adapterOf, domainOf, type Apqn } from '../base/apqn.ts';
import { OPERATION_EXCEPTION, PRIVILEGED_OPERATION, ProgramInterruption, SPECIFICATION_EXCEPTION } from '../base/program-interruption.ts';
import type {
  ApInstructions,
  AqicOperand,
  DqapResult,
  NqapRequest,
  PqapRegisters,
  PqapResult,
  QciInfo,
  TapqResult,
} from '../crypto-adapters/ap-instructions.ts';
import { bareStatus, conditionCode, decodeStatus, type ApStatus } from '../crypto-adapters/ap-status.ts';
import { maxMessageSize } from '../crypto-adapters/card-type.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { hasApxa } from './crycb.ts';
import type { Kvm } from './kvm.ts';
import { finishPqap, handlePqapLocked, type InterceptedPqap, type PqapOutcome } from './pqap-intercept.ts';
import { interpretPqap, type PqapMachine } from './pqap-interpreted.ts';
import { BEYOND_SMALL, PqapFunction, aqicRegisters, functionOf, imageOf, registersOf, type RegisterImage } from './pqap-registers.ts';
import type { PqapInterception } from './pqap-port.ts';
import { seenInside } from './seen-inside.ts';
import type { Vcpu } from './vcpu.ts';

const NOT_AVAILABLE = bareStatus(Rc.Q_NOT_AVAIL);

export class InterpretiveAp implements ApInstructions {
  private readonly kvm: Kvm;
  private readonly vcpu: Vcpu;
  private readonly interception: PqapInterception;

  constructor(kvm: Kvm, vcpu: Vcpu, interception: PqapInterception) {
    this.kvm = kvm;
    this.vcpu = vcpu;
    this.interception = interception;
  }

  async tapq(task: Task, apqn: Apqn): Promise<TapqResult> {
    const refused = { status: NOT_AVAILABLE, info: null };
    const result = await this.onQueue(task, apqn, { refused, run: () => this.hardware.tapq(task, apqn) });
    this.ended(result.status);
    // Without facility 15 nobody may ask for the hardware information.
    return this.kvm.facilities.apft ? result : { ...result, info: null };
  }

  async rapq(task: Task, apqn: Apqn): Promise<ApStatus> {
    return this.ended(await this.onQueue(task, apqn, { refused: NOT_AVAILABLE, run: () => this.hardware.rapq(task, apqn) }));
  }

  async zapq(task: Task, apqn: Apqn): Promise<ApStatus> {
    return this.ended(await this.onQueue(task, apqn, { refused: NOT_AVAILABLE, run: () => this.hardware.zapq(task, apqn) }));
  }

  async nqap(task: Task, apqn: Apqn, request: NqapRequest): Promise<ApStatus> {
    const run = (): MaybePromise<ApStatus> => this.hardware.nqap(task, apqn, { ...request, controls: this.kvm.apcb.inspect().adm });
    return this.ended(await this.onQueue(task, apqn, { refused: NOT_AVAILABLE, run }));
  }

  async dqap(task: Task, apqn: Apqn, capacity: number): Promise<DqapResult> {
    const refused = { status: NOT_AVAILABLE, psmid: 0n, reply: null, residual: 0 };
    const result = await this.onQueue(task, apqn, { refused, run: () => this.hardware.dqap(task, apqn, capacity) });
    this.ended(result.status);
    return result;
  }

  async qci(task: Task): Promise<QciInfo | null> {
    using _run = await this.vcpu.mutex.acquire(task);
    return await this.vcpu.inSieLocked(task, async () => {
      this.requireInterpretation();
      if (!this.kvm.facilities.qci) throw new ProgramInterruption(SPECIFICATION_EXCEPTION, 'QCI without facility 12');
      const host = await this.hardware.qci(task);
      return host === null ? null : seenInside(host, { masks: this.kvm.apcb.inspect(), format: this.kvm.crycbFormat });
    });
  }

  async aqic(task: Task, apqn: Apqn, operand: AqicOperand): Promise<ApStatus> {
    const registers = aqicRegisters(apqn, operand);
    await this.intercept(task, registers);
    return decodeStatus(registers.gr1);
  }

  async messageLimit(task: Task, apqn: Apqn): Promise<number | null> {
    const { info } = await this.onQueue(task, apqn, {
      refused: { status: NOT_AVAILABLE, info: null },
      run: () => this.hardware.tapq(task, apqn),
    });
    return info === null ? null : maxMessageSize(info.ml);
  }

  /**
   * PQAP with its registers. AQIC is intercepted, and so is every function while AP instructions are not interpreted; the machine executes
   * the others. What the machine or KVM does not provide throws a ProgramInterruption, and leaves registers and condition code alone.
   */
  async pqap(task: Task, given: PqapRegisters): Promise<PqapResult> {
    const registers = imageOf(given);
    if (functionOf(registers.gr0) === PqapFunction.AQIC || !this.vcpu.apie) await this.intercept(task, registers);
    else this.vcpu.conditionCode = await interpretPqap(task, this.machine, registers);
    return { ...registersOf(given.gr0, registers), cc: this.vcpu.conditionCode };
  }

  private get machine(): PqapMachine {
    const { kvm, vcpu } = this;
    const store = (address: number, bytes: Uint8Array): boolean => kvm.memory.write(address, bytes);
    return { facilities: kvm.facilities, problemState: vcpu.problemState, instructions: this, store };
  }

  private async intercept(task: Task, registers: RegisterImage): Promise<void> {
    const request = { kvm: this.kvm, vcpu: this.vcpu, registers };
    await finishPqap(task, request, await this.handle(task, request));
  }

  private async handle(task: Task, request: InterceptedPqap): Promise<PqapOutcome> {
    using _run = await this.vcpu.mutex.acquire(task);
    // SIE is entered and left again with the interception; the handler runs outside of it, where a mask setter need not wait for it.
    await this.vcpu.inSieLocked(task, () => undefined);
    return await handlePqapLocked(task, this.interception, request);
  }

  private async onQueue<T>(task: Task, apqn: Apqn, instruction: { refused: T; run: () => MaybePromise<T> }): Promise<T> {
    using _run = await this.vcpu.mutex.acquire(task);
    return await this.vcpu.inSieLocked(task, () => {
      this.requireInterpretation();
      if (!hasApxa(this.kvm.crycbFormat) && (apqn & BEYOND_SMALL) !== 0) {
        throw new ProgramInterruption(SPECIFICATION_EXCEPTION, 'an APQN beyond adapter 63 or domain 15, without APXA');
      }
      return this.covers(apqn) ? instruction.run() : instruction.refused;
    });
  }

  /** The instruction sets the condition code as well. */
  private ended(status: ApStatus): ApStatus {
    this.vcpu.conditionCode = status.rc === Rc.PARTIAL ? 1 : conditionCode(status);
    return status;
  }

  /** Inside SIE the machine reads the masks; they cannot change before the vCPU has left it. */
  private covers(apqn: Apqn): boolean {
    const { apm, aqm } = this.kvm.apcb.inspect();
    return apm.has(adapterOf(apqn)) && aqm.has(domainOf(apqn));
  }

  private requireInterpretation(): void {
    if (!this.vcpu.apie) throw new ProgramInterruption(OPERATION_EXCEPTION, 'AP instructions are not provided to this guest');
    if (this.vcpu.problemState) throw new ProgramInterruption(PRIVILEGED_OPERATION, 'an AP instruction in problem state');
  }

  private get hardware() {
    return this.kvm.host.hardware;
  }
}
