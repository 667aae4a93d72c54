/**
 * The AP instructions as drivers issue them (ap_tapq, ap_rapq, ap_zapq, ap_aqic, ap_qci, ap_nqap, ap_dqap in asm/ap.h).
 * One port for the host kernel and for guests: who implements it decides which queues are behind it.
 */
import type { ApMask } from '../base/ap-mask.ts';
import type { Apqn } from '../base/apqn.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { ApStatus } from './ap-status.ts';

/** What TAPQ leaves in GR2. */
export interface TapqInfo {
  /** The upper word: facility bits, class, bind state. */
  readonly functions: number;
  /** 10 (CEX4) to 14 (CEX8). */
  readonly type: number;
  /** Highest domain number. */
  readonly domains: number;
  /** Message limit in 4 KiB units; up to 3 means the classic 12 KiB. */
  readonly ml: number;
  /** Queue depth minus one. */
  readonly depth: number;
}

/** What QCI stores. */
export interface QciInfo {
  /** Bytes 0-3 of the block as a word, see `QciFlag`. */
  readonly flags: number;
  /** Highest adapter number. */
  readonly na: number;
  /** Highest domain number. */
  readonly nd: number;
  readonly apm: ApMask;
  readonly aqm: ApMask;
  readonly adm: ApMask;
}

export interface AqicOperand {
  /** true enables, false disables. */
  readonly ir: boolean;
  readonly isc: number;
  /** Absolute address of the notification byte; 0 = none. */
  readonly nib: number;
}

export interface NqapRequest {
  readonly psmid: bigint;
  readonly message: Uint8Array;
  /** Special command; needs the APSC facility of the card. */
  readonly special?: boolean;
  /** Domains whose administration is let through, by the ADM of a guest; else code 42. Default: whichever it names. */
  readonly controls?: ApMask;
}

export interface DqapResult {
  /** rc PARTIAL: the capacity was too small, the next DQAP goes on where this one stopped. */
  readonly status: ApStatus;
  readonly psmid: bigint;
  readonly reply: Uint8Array | null;
  /** Bytes of this reply still in the queue. */
  readonly residual: number;
}

export interface TapqResult {
  readonly status: ApStatus;
  /** null when the response code carries none. */
  readonly info: TapqInfo | null;
}

/** General registers 0, 1 and 2 around a PQAP, 64 bits each, unsigned. */
export interface PqapRegisters {
  /** Function code in bits 32 to 39, T bit 40, adapter in bits 48 to 55, domain in bits 56 to 63. */
  readonly gr0: bigint;
  readonly gr1: bigint;
  readonly gr2: bigint;
}

/** What PQAP leaves behind. */
export interface PqapResult extends PqapRegisters {
  /** Condition code. */
  readonly cc: number;
}

export interface QactRequest {
  /** Three bits: CCA, accelerator, EP11. */
  readonly mode: number;
  /** The highest type that the program knows. */
  readonly type: number;
}

export interface QactResult {
  readonly status: ApStatus;
  readonly type: number;
}

export interface ApInstructions {
  /** With the T bit. */
  tapq(task: Task, apqn: Apqn): MaybePromise<TapqResult>;
  /** `unbinds`: with the F bit, which ends a binding of Secure Execution. */
  rapq(task: Task, apqn: Apqn, unbinds?: boolean): MaybePromise<ApStatus>;
  zapq(task: Task, apqn: Apqn): MaybePromise<ApStatus>;
  aqic(task: Task, apqn: Apqn, operand: AqicOperand): MaybePromise<ApStatus>;
  /** null without facility 12. */
  qci(task: Task): MaybePromise<QciInfo | null>;
  nqap(task: Task, apqn: Apqn, request: NqapRequest): MaybePromise<ApStatus>;
  dqap(task: Task, apqn: Apqn, capacity: number): MaybePromise<DqapResult>;
  /** The known type of card that the one of this queue is compatible with, 0 for none: no higher than `type`. Absent where QCI says so. */
  qact?(task: Task, apqn: Apqn, wanted: QactRequest): MaybePromise<QactResult>;
  /** Binds the queue to this guest with Secure Execution. Absent without the facility, as is the next. */
  bapq?(task: Task, apqn: Apqn): MaybePromise<ApStatus>;
  /** Associates the secret with this index with a bound queue: begins, and TAPQ shows when it is done. */
  aapq?(task: Task, apqn: Apqn, secret: number): MaybePromise<ApStatus>;
  /**
   * The longest message that the queue takes, bytes, as TAPQ tells it; null when it is not there. Not an instruction: what the machine looks
   * at before NQAP and DQAP with long buffers. Absent where only drivers are served, as is the next.
   */
  messageLimit?(task: Task, apqn: Apqn): MaybePromise<number | null>;
  /** PQAP by its registers, whatever function they ask for. */
  pqap?(task: Task, registers: PqapRegisters): MaybePromise<PqapResult>;
}

/** The program issued an AP instruction that the machine answers with program interruption 6 instead of a status. */
export class SpecificationException extends Error {
  constructor(message: string) {
    super(`specification exception: ${message}`);
    this.name = 'SpecificationException';
  }
}
