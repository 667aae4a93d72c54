/**
 * The AP instructions of a guest: interpreted by the machine under the CRYCB masks, except AQIC, which is intercepted.
 * One object a vCPU; implements the port that guest drivers use.
 */
import { adapterOf, domainOf, type Apqn } from '../base/apqn.ts';
import { OPERATION_EXCEPTION, ProgramInterruption, SPECIFICATION_EXCEPTION } from '../base/program-interruption.ts';
import type { ApInstructions, AqicOperand, DqapResult, NqapRequest, QciInfo, TapqResult } from '../crypto-adapters/ap-instructions.ts';
import { bareStatus, type ApStatus } from '../crypto-adapters/ap-status.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { finishPqap, handlePqapLocked } from './pqap-intercept.ts';
import type { Kvm } from './kvm.ts';
import type { PqapAnswer, PqapInterception } from './pqap-port.ts';
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

  tapq(task: Task, apqn: Apqn): Promise<TapqResult> {
    return this.onQueue(task, apqn, { refused: { status: NOT_AVAILABLE, info: null }, run: () => this.hardware.tapq(task, apqn) });
  }

  rapq(task: Task, apqn: Apqn): Promise<ApStatus> {
    return this.onQueue(task, apqn, { refused: NOT_AVAILABLE, run: () => this.hardware.rapq(task, apqn) });
  }

  zapq(task: Task, apqn: Apqn): Promise<ApStatus> {
    return this.onQueue(task, apqn, { refused: NOT_AVAILABLE, run: () => this.hardware.zapq(task, apqn) });
  }

  nqap(task: Task, apqn: Apqn, request: NqapRequest): Promise<ApStatus> {
    return this.onQueue(task, apqn, { refused: NOT_AVAILABLE, run: () => this.hardware.nqap(task, apqn, request) });
  }

  dqap(task: Task, apqn: Apqn, capacity: number): Promise<DqapResult> {
    const refused = { status: NOT_AVAILABLE, psmid: 0n, reply: null, residual: 0 };
    return this.onQueue(task, apqn, { refused, run: () => this.hardware.dqap(task, apqn, capacity) });
  }

  async qci(task: Task): Promise<QciInfo | null> {
    this.requireInterpretation();
    if (!this.kvm.facilities.qci) throw new ProgramInterruption(SPECIFICATION_EXCEPTION, 'QCI without facility 12');
    using _run = await this.vcpu.mutex.acquire(task);
    return await this.vcpu.inSieLocked(task, async () => {
      const host = await this.hardware.qci(task);
      if (host === null) return null;
      const { apm, aqm, adm } = this.kvm.apcb.inspect();
      return { ...host, apm: host.apm.and(apm), aqm: host.aqm.and(aqm), adm: host.adm.and(adm) };
    });
  }

  async aqic(task: Task, apqn: Apqn, operand: AqicOperand): Promise<ApStatus> {
    this.requireInterpretation();
    const answer = await this.interceptAqic(task, { apqn, operand });
    return await finishPqap(task, this.vcpu, answer);
  }

  private async interceptAqic(task: Task, request: { apqn: Apqn; operand: AqicOperand }): Promise<PqapAnswer> {
    using _run = await this.vcpu.mutex.acquire(task);
    // SIE is entered and left again with the interception; the handler runs outside of it, where a mask setter need not wait for it.
    await this.vcpu.inSieLocked(task, () => undefined);
    return await handlePqapLocked(task, this.interception, { ...request, kvm: this.kvm, vcpu: this.vcpu });
  }

  private async onQueue<T>(task: Task, apqn: Apqn, instruction: { refused: T; run: () => MaybePromise<T> }): Promise<T> {
    this.requireInterpretation();
    using _run = await this.vcpu.mutex.acquire(task);
    return await this.vcpu.inSieLocked(task, () => (this.covers(apqn) ? instruction.run() : instruction.refused));
  }

  /** Inside SIE the machine reads the masks; they cannot change before the vCPU has left it. */
  private covers(apqn: Apqn): boolean {
    const { apm, aqm } = this.kvm.apcb.inspect();
    return apm.has(adapterOf(apqn)) && aqm.has(domainOf(apqn));
  }

  private requireInterpretation(): void {
    if (!this.kvm.facilities.apie) throw new ProgramInterruption(OPERATION_EXCEPTION, 'AP instructions are not provided to this guest');
  }

  private get hardware() {
    return this.kvm.host.hardware;
  }
}
