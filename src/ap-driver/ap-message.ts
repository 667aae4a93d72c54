/**
 * A request on its way through a queue, and its reply (struct ap_message in drivers/s390/crypto/ap_bus.h).
 */
import type { Errno } from '../base/errno.ts';

export class ApMessage {
  /** Program supplied message id: the reply carries the same one. Unique among the requests of one queue. */
  readonly psmid: bigint;
  readonly request: Uint8Array;
  /** A longer reply ends the request with -EMSGSIZE. */
  readonly replyCapacity: number;
  /** NQAP with the special-command bit; set before the message is queued. */
  special = false;
  reply: Uint8Array | null = null;
  private result: Errno | null = null;
  private readonly onDone: (message: ApMessage) => void;

  /** `onDone` runs under the lock of the queue: it must neither sleep nor take a lock. */
  constructor(psmid: bigint, request: Uint8Array, replyCapacity: number, onDone: (message: ApMessage) => void) {
    this.psmid = psmid;
    this.request = request;
    this.replyCapacity = replyCapacity;
    this.onDone = onDone;
  }

  /** null while it is under way; 0 with `reply`, or why there is none. */
  get rc(): Errno | null {
    return this.result;
  }

  /** Called by the queue, exactly once: a second end of the same request is a bug of the driver. */
  complete(rc: Errno, reply: Uint8Array | null): void {
    if (this.result !== null) {
      throw new Error(`request ${this.psmid.toString(16)} ends a second time with ${rc}, it had ended with ${this.result}`);
    }
    this.reply = reply;
    this.result = rc;
    this.onDone(this);
  }
}
