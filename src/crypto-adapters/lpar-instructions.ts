/**
 * The AP instructions as the host kernel issues them: all queues of the machine, notification bytes in host storage
 * (the local summary indicator of ap_bus.c), interruptions on the host's own ISC.
 */
import type { Apqn } from '../base/apqn.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type {
  ApInstructions,
  AqicOperand,
  DqapResult,
  NqapRequest,
  QactRequest,
  QactResult,
  QciInfo,
  TapqResult,
} from './ap-instructions.ts';
import type { ApStatus } from './ap-status.ts';
import type { CryptoAdapters } from './crypto-adapters.ts';
import type { InterruptTarget, NotificationByte } from './interrupts.ts';

export class LparInstructions implements ApInstructions {
  private readonly hardware: CryptoAdapters;
  private readonly target: InterruptTarget;
  private readonly bytes = new Map<number, NotificationByte>();

  constructor(hardware: CryptoAdapters, target: InterruptTarget) {
    this.hardware = hardware;
    this.target = target;
  }

  /** Makes a byte of host storage known, so that AQIC can name it. Answers the function that takes it back. */
  registerNotificationByte(nib: NotificationByte): () => void {
    if (nib.address === 0 || this.bytes.has(nib.address)) {
      throw new Error(`expected a notification byte at a new address above 0, got 0x${nib.address.toString(16)}`);
    }
    this.bytes.set(nib.address, nib);
    return () => {
      this.bytes.delete(nib.address);
    };
  }

  tapq(task: Task, apqn: Apqn): MaybePromise<TapqResult> {
    return this.hardware.tapq(task, apqn);
  }

  rapq(task: Task, apqn: Apqn): MaybePromise<ApStatus> {
    return this.hardware.rapq(task, apqn);
  }

  zapq(task: Task, apqn: Apqn): MaybePromise<ApStatus> {
    return this.hardware.zapq(task, apqn);
  }

  aqic(task: Task, apqn: Apqn, { ir, isc, nib }: AqicOperand): MaybePromise<ApStatus> {
    return this.hardware.aqic(task, apqn, { ir, isc, target: this.target, nib: this.bytes.get(nib) ?? null });
  }

  qact(task: Task, apqn: Apqn, wanted: QactRequest): MaybePromise<QactResult> {
    return this.hardware.qact(task, apqn, wanted);
  }

  qci(task: Task): MaybePromise<QciInfo | null> {
    return this.hardware.qci(task);
  }

  nqap(task: Task, apqn: Apqn, request: NqapRequest): MaybePromise<ApStatus> {
    return this.hardware.nqap(task, apqn, request);
  }

  dqap(task: Task, apqn: Apqn, capacity: number): MaybePromise<DqapResult> {
    return this.hardware.dqap(task, apqn, capacity);
  }
}
