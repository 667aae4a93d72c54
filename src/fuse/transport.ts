/**
 * The way between a FUSE connection and the kernel (kernel: struct fuse_dev). A test puts its own end there.
 */
export interface FuseTransport {
  /**
   * Begins to read. `receive` is called with one request at a time; its bytes are valid during the call only. `closed` is called once,
   * when no request will come any more, with the reason.
   */
  start(receive: (request: Buffer) => void, closed: (reason: string) => void): void;
  /** Answers a request. Never waits; an answer that nobody waits for any more is dropped. */
  reply(message: Buffer): void;
  /**
   * Writes what the kernel did not ask for. The kernel takes the lock of a directory for it, which somebody may hold who waits for an answer
   * of this process: so it is done elsewhere, and ends later. Never rejects.
   */
  notify(message: Buffer): Promise<void>;
}
