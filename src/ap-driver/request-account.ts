/**
 * The books of one queue about the requests it has accepted. No kernel counterpart: what a checker compares with the lists of the queue.
 * Looking on, not part of the model, so no explorer is told of it.
 */
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
