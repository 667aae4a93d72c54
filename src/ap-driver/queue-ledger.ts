/**
 * The queues that drivers use and the messages that are allocated, of a host and its guests together. No kernel counterpart: what a checker
 * counts. Looking on, not part of the model, so no explorer is told of it.
 */
import type { Mutex } from '../locks/mutex.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { ApMessage } from './ap-message.ts';
import type { RequestAccount } from './request-account.ts';

/** What is counted of a queue. */
export interface CountedQueue {
  readonly name: string;
  readonly lock: Mutex;
  readonly account: RequestAccount;
  readonly queueCount: number;
  readonly requestqCount: number;
  readonly pendingqCount: number;
  readonly totalRequests: number;
}

const LEDGERS = new WeakMap<Runtime, QueueLedger>();

export class QueueLedger {
  /** In the order in which they were made; a queue that was removed and has no open request is not kept. */
  readonly queues = new Set<CountedQueue>();
  /** Allocated and not freed. */
  readonly messages = new Set<ApMessage>();
  /** A queue was made. */
  onQueue: (queue: CountedQueue) => void = () => undefined;
  /** A message was freed that a queue still has. */
  onEarlyFree: (message: ApMessage) => void = () => undefined;

  /** The one of this runtime. */
  static of(rt: Runtime): QueueLedger {
    let ledger = LEDGERS.get(rt);
    if (ledger === undefined) LEDGERS.set(rt, (ledger = new QueueLedger()));
    return ledger;
  }

  /** Lasts until it is disposed of (ap_init_apmsg, ap_release_apmsg). `replyCapacity`, `onDone`: see `ApMessage`. */
  allocate(psmid: bigint, request: Uint8Array, replyCapacity: number, onDone: (message: ApMessage) => void): ApMessage & Disposable {
    const message = new AllocatedMessage(this, { psmid, request, replyCapacity, onDone });
    this.messages.add(message);
    return message;
  }

  free(message: ApMessage): void {
    this.messages.delete(message);
    if (message.open) this.onEarlyFree(message);
  }

  add(queue: CountedQueue): void {
    this.queues.add(queue);
    this.onQueue(queue);
  }

  /** The driver has let go of it. */
  remove(queue: CountedQueue): void {
    if (queue.account.open === 0) this.queues.delete(queue);
  }
}

interface MessageParts {
  readonly psmid: bigint;
  readonly request: Uint8Array;
  readonly replyCapacity: number;
  readonly onDone: (message: ApMessage) => void;
}

class AllocatedMessage extends ApMessage implements Disposable {
  private readonly ledger: QueueLedger;

  constructor(ledger: QueueLedger, { psmid, request, replyCapacity, onDone }: MessageParts) {
    super(psmid, request, replyCapacity, onDone);
    this.ledger = ledger;
  }

  [Symbol.dispose](): void {
    this.ledger.free(this);
  }
}
