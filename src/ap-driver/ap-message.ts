/**
 * A request on its way through a queue, and its reply (struct ap_message in drivers/s390/crypto/ap_bus.h).
 */
import type { Errno } from '../base/errno.ts';
import type { RequestAccount } from './request-account.ts';

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
  private account: RequestAccount | null = null;
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

  /** A queue has it: it was accepted, and has neither ended nor been taken back. */
  get open(): boolean {
    return this.account !== null && this.result === null;
  }

  /** A queue has taken it, and answers for its end from now on. */
  enter(account: RequestAccount): void {
    if (this.account !== null || this.result !== null) account.wrong(`request ${this.text} is accepted again`);
    this.account = account;
    account.accepted++;
  }

  /** The queue forgets it: it does not end. */
  leave(): void {
    if (this.account !== null) this.account.cancelled++;
    this.account = null;
  }

  /** Called by the queue, exactly once: a second end of the same request is a bug of the driver. */
  complete(rc: Errno, reply: Uint8Array | null): void {
    if (this.result !== null) {
      const what = `request ${this.text} ends a second time with ${rc}, it had ended with ${this.result}`;
      this.account?.wrong(what);
      throw new Error(what);
    }
    this.reply = reply;
    this.result = rc;
    if (this.account !== null) this.account.ended++;
    this.onDone(this);
  }

  private get text(): string {
    return this.psmid.toString(16);
  }
}
