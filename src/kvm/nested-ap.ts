/**
 * The AP instructions of a nested guest while its vCPU is inside SIE: the machine interprets them under the shadow masks. AQIC, and
 * everything where AP is not interpreted for it, is intercepted and is its hypervisor's to handle; the host never does.
 */
import { adapterOf, domainOf, type Apqn } from '../base/apqn.ts';
import { ProgramInterruption, SPECIFICATION_EXCEPTION } from '../base/program-interruption.ts';
import type {
  ApInstructions,
  DqapResult,
  NqapRequest,
  PqapRegisters,
  PqapResult,
  QciInfo,
  TapqResult,
} from '../crypto-adapters/ap-instructions.ts';
import { bareStatus, type ApStatus } from '../crypto-adapters/ap-status.ts';
import { maxMessageSize } from '../crypto-adapters/card-type.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { hasApxa } from './crycb.ts';
import type { Kvm } from './kvm.ts';
import { interpretPqap } from './pqap-interpreted.ts';
import { BEYOND_SMALL, PqapFunction, functionOf, imageOf, registersOf } from './pqap-registers.ts';
import { seenInside } from './seen-inside.ts';
import type { ShadowMasks } from './vsie-shadow.ts';

/** First halfwords of the instructions. */
const NQAP = 0xb2ad;
const DQAP = 0xb2ae;
const PQAP = 0xb2af;

const NOT_AVAILABLE = bareStatus(Rc.Q_NOT_AVAIL);

/** Leaves SIE: the instruction goes to the hypervisor of the nested guest. */
export class NestedInterception extends Error {
  /** First halfword of the instruction. */
  readonly ipa: number;

  constructor(ipa: number) {
    super(`instruction ${ipa.toString(16)} of a nested guest is intercepted`);
    this.name = 'NestedInterception';
    this.ipa = ipa;
  }
}

export class NestedAp implements ApInstructions {
  private readonly kvm: Kvm;
  private readonly shadow: ShadowMasks | null;
  /** Where its storage begins in that of its hypervisor. */
  private readonly mso: number;

  /** `shadow` null: nothing is interpreted. */
  constructor(kvm: Kvm, shadow: ShadowMasks | null, mso = 0) {
    this.kvm = kvm;
    this.shadow = shadow;
    this.mso = mso;
  }

  /** Problem state is what the nested guest itself looks at before. */
  async pqap(task: Task, given: PqapRegisters): Promise<PqapResult> {
    const registers = imageOf(given);
    if (functionOf(registers.gr0) === PqapFunction.AQIC) throw new NestedInterception(PQAP);
    this.interpreted(PQAP);
    const store = (address: number, bytes: Uint8Array): boolean => this.kvm.memory.write(this.mso + address, bytes);
    const machine = { facilities: this.kvm.facilities, problemState: false, instructions: this, store };
    const cc = await interpretPqap(task, machine, registers);
    return { ...registersOf(given.gr0, registers), cc };
  }

  async tapq(task: Task, apqn: Apqn): Promise<TapqResult> {
    if (!this.covers(PQAP, apqn)) return { status: NOT_AVAILABLE, info: null };
    const result = await this.hardware.tapq(task, apqn);
    return this.kvm.facilities.apft ? result : { ...result, info: null };
  }

  rapq(task: Task, apqn: Apqn): MaybePromise<ApStatus> {
    return this.covers(PQAP, apqn) ? this.hardware.rapq(task, apqn) : NOT_AVAILABLE;
  }

  zapq(task: Task, apqn: Apqn): MaybePromise<ApStatus> {
    return this.covers(PQAP, apqn) ? this.hardware.zapq(task, apqn) : NOT_AVAILABLE;
  }

  nqap(task: Task, apqn: Apqn, request: NqapRequest): MaybePromise<ApStatus> {
    if (!this.covers(NQAP, apqn)) return NOT_AVAILABLE;
    return this.hardware.nqap(task, apqn, { ...request, controls: this.shadow!.masks.adm });
  }

  dqap(task: Task, apqn: Apqn, capacity: number): MaybePromise<DqapResult> {
    if (!this.covers(DQAP, apqn)) return { status: NOT_AVAILABLE, psmid: 0n, reply: null, residual: 0 };
    return this.hardware.dqap(task, apqn, capacity);
  }

  async qci(task: Task): Promise<QciInfo | null> {
    const { masks } = this.interpreted(PQAP);
    if (!this.kvm.facilities.qci) throw new ProgramInterruption(SPECIFICATION_EXCEPTION, 'QCI without facility 12');
    const host = await this.hardware.qci(task);
    return host === null ? null : seenInside(host, { masks, format: this.kvm.crycbFormat });
  }

  /** Nothing that the nested guest executes, so that nobody is told. */
  async messageLimit(task: Task, apqn: Apqn): Promise<number | null> {
    const masks = this.shadow?.masks;
    if (masks === undefined || !masks.apm.has(adapterOf(apqn)) || !masks.aqm.has(domainOf(apqn))) return null;
    const { info } = await this.hardware.tapq(task, apqn);
    return info === null ? null : maxMessageSize(info.ml);
  }

  aqic(): never {
    throw new NestedInterception(PQAP);
  }

  private covers(ipa: number, apqn: Apqn): boolean {
    const { apm, aqm } = this.interpreted(ipa).masks;
    if (!hasApxa(this.kvm.crycbFormat) && (apqn & BEYOND_SMALL) !== 0) {
      throw new ProgramInterruption(SPECIFICATION_EXCEPTION, 'an APQN beyond adapter 63 or domain 15, without APXA');
    }
    return apm.has(adapterOf(apqn)) && aqm.has(domainOf(apqn));
  }

  private interpreted(ipa: number): ShadowMasks {
    if (this.shadow === null) throw new NestedInterception(ipa);
    this.kvm.onNestedInstruction(this.shadow.own);
    return this.shadow;
  }

  private get hardware() {
    return this.kvm.host.hardware;
  }
}
