/**
 * The driver's view of one queue: states, waiting and sent requests, counters (the fields of struct ap_queue that change).
 * Everything here is touched under the lock of the queue only.
 */
import { EAGAIN, type Errno } from '../base/errno.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { ApMessage } from './ap-message.ts';

/** enum ap_dev_state. */
export type DeviceState = 'UNINITIATED' | 'OPERATING' | 'SHUTDOWN' | 'ERROR';

/** enum ap_sm_state. */
export type SmState = 'RESET_START' | 'RESET_WAIT' | 'SETIRQ_WAIT' | 'IDLE' | 'WORKING' | 'QUEUE_FULL' | 'ASSOC_WAIT';

export class QueueState {
  deviceState: DeviceState = 'UNINITIATED';
  smState: SmState = 'RESET_START';
  /** Response code that led to the last ERROR. */
  lastErrRc: number = Rc.NORMAL;
  config: boolean;
  chkstop: boolean;
  /** Bind state of Secure Execution: the bits 0xC000 of the function word, shifted to 0..3. */
  bindState = 0;
  /** Index of the associated secret; null: none, or an association that went wrong. */
  associationIndex: number | null = null;
  /** The next RAPQ carries the F bit, which ends a binding. */
  unbinds = false;
  /** Requests believed to be on the hardware. */
  queueCount = 0;
  totalRequests = 0;
  /** Not sent yet, oldest first. */
  readonly requestq: ApMessage[] = [];
  /** Sent and not answered, oldest first. */
  readonly pendingq: ApMessage[] = [];

  constructor(config: boolean, chkstop: boolean) {
    this.config = config;
    this.chkstop = chkstop;
  }

  /** Events reach the state machine only then; the hardware would refuse every instruction otherwise. */
  get listening(): boolean {
    return this.config && !this.chkstop && this.deviceState !== 'UNINITIATED';
  }

  /** IDLE or WORKING, as the hardware is believed to be. */
  settle(): void {
    this.smState = this.queueCount > 0 ? 'WORKING' : 'IDLE';
  }

  fail(rc: number): void {
    this.deviceState = 'ERROR';
    this.lastErrRc = rc;
  }

  /** Takes the sent request with this psmid off its list. */
  takePending(psmid: bigint): ApMessage | null {
    const at = this.pendingq.findIndex((message) => message.psmid === psmid);
    return at < 0 ? null : this.pendingq.splice(at, 1)[0]!;
  }

  /** The hardware has none of the sent requests any more: all go to the head of the waiting ones, in their order. */
  resendPending(): void {
    this.requestq.unshift(...this.pendingq);
    this.pendingq.length = 0;
    this.queueCount = 0;
  }

  /** Ends all requests, sent ones first; the hardware is not asked. */
  flush(rc: Errno = EAGAIN): void {
    const all = [...this.pendingq, ...this.requestq];
    this.pendingq.length = 0;
    this.requestq.length = 0;
    this.queueCount = 0;
    for (const message of all) message.complete(rc, null);
  }

  /** Takes a request off whichever list holds it. */
  forget(message: ApMessage): boolean {
    for (const list of [this.pendingq, this.requestq]) {
      const at = list.indexOf(message);
      if (at < 0) continue;
      list.splice(at, 1);
      message.leave();
      return true;
    }
    return false;
  }
}
