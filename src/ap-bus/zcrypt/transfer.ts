/**
 * A request to zcrypt as the dispatcher sees it, whatever its kind (struct zcrypt_ops of drivers/s390/crypto/zcrypt_api.h).
 */
import type { Errno } from '../../base/errno.ts';
import type { Admission } from './admission.ts';
import type { ZcryptCard } from './zcrypt-card.ts';
import type { ZcryptQueue } from './zcrypt-queue.ts';

/** Why there is no result. `status` is for the user of a CPRB. `offline`: the device talks nonsense, its queue is given up. */
export interface Failure {
  readonly errno: Errno;
  readonly status?: number;
  readonly offline?: boolean;
}

/** What a request asks of cards and queues. */
export interface Wanted {
  /** Weight of the request on this card, lower is faster; null when it cannot be done there. Loads and penalties come on top. */
  weight(card: ZcryptCard): number | null;
  /** May it go to this queue of such a card? */
  takes(queue: ZcryptQueue): boolean;
}

/** One attempt. */
export interface Transfer<Result extends object> extends Wanted {
  /** Not tried again: -EAGAIN becomes -EIO. */
  readonly admin: boolean;
  /** NQAP with the special-command bit. */
  readonly special: boolean;
  /** For the queue that was chosen, or why there is none. */
  message(card: ZcryptCard, queue: ZcryptQueue): Uint8Array | Errno;
  convert(card: ZcryptCard, reply: Uint8Array): Result | Failure;
}

/** `prepare` is asked anew for each attempt, as the kernel fetches the request from the user each time. */
export interface ZcryptRequest<Result extends object> {
  prepare(admission: Admission, largestMessage: number): Transfer<Result> | Errno;
}

export function isFailure(answer: object): answer is Failure {
  return 'errno' in answer;
}
