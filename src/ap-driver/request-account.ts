/**
 * The books of one queue about the requests it has accepted, and of all queues of a host and its guests together. No kernel counterpart:
 * what a checker compares with the lists of the queues. Looking on, not part of the model, so no explorer is told of it.
 */
import type { LockLayer } from '../locks/lock-layer.ts';
import type { ApQueue } from './ap-queue.ts';

export class RequestAccount {
  /** Requests that the queue took; whether they were sent does not matter. */
  accepted = 0;
  /** Of those, requests that ended with a reply or an errno. */
  ended = 0;
  /** Of those, requests that their owner took back. */
  cancelled = 0;
  /** Something happened to a request that must not. */
  onWrong: (what: string) => void = () => undefined;

  /** Accepted, and neither ended nor taken back. */
  get open(): number {
    return this.accepted - this.ended - this.cancelled;
  }

  wrong(what: string): void {
    this.onWrong(what);
  }
}

const LEDGERS = new WeakMap<LockLayer, QueueLedger>();

/** All queues with a driver that were made over one lock layer: those of the host and of its guests. */
export class QueueLedger {
  /** In the order in which they were made; a queue that was removed and has no open request is not kept. */
  readonly queues = new Set<ApQueue>();
  /** A queue was made. */
  onQueue: (queue: ApQueue) => void = () => undefined;

  static of(layer: LockLayer): QueueLedger {
    let ledger = LEDGERS.get(layer);
    if (ledger === undefined) LEDGERS.set(layer, (ledger = new QueueLedger()));
    return ledger;
  }

  add(queue: ApQueue): void {
    this.queues.add(queue);
    this.onQueue(queue);
  }

  /** The driver has let go of it. */
  remove(queue: ApQueue): void {
    if (queue.account.open === 0) this.queues.delete(queue);
  }
}
