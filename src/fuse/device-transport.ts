/**
 * /dev/fuse as a transport: one read(2) brings one request, one write(2) takes one answer. Reading waits in a thread of Node's pool.
 * No kernel counterpart.
 */
import { closeSync, read, write, writeSync } from 'node:fs';
import { hostAfter } from '../runtime/host-clock.ts';
import { MAX_WRITE, PAGE_SIZE } from './protocol.ts';
import type { FuseTransport } from './transport.ts';

/** The longest write with its headers. */
const BUFFER = MAX_WRITE + PAGE_SIZE;
const RETRY_MS = 1;
/** The request was withdrawn between two steps of the kernel: there are others. */
const AGAIN: ReadonlySet<string | undefined> = new Set(['ENOENT', 'EINTR', 'EAGAIN']);

export class DeviceTransport implements FuseTransport {
  private readonly file: number;
  private notifying = 0;
  private ended = false;
  private readonly mounting: { readonly done: boolean };

  /** `mounting` tells whether mount(8) has ended: from then on the descriptor is a connection, or never will be. */
  constructor(file: number, mounting: { readonly done: boolean }) {
    this.file = file;
    this.mounting = mounting;
  }

  start(receive: (request: Buffer) => void, closed: (reason: string) => void): void {
    let [buffer, other] = [Buffer.allocUnsafeSlow(BUFFER), Buffer.allocUnsafeSlow(BUFFER)];
    const next = (): void => read(this.file, buffer, 0, BUFFER, null, come);
    const come = (error: NodeJS.ErrnoException | null, length: number): void => {
      if (error === null) {
        // The thread waits for the next request while this one is worked on.
        [buffer, other] = [other, buffer];
        next();
        receive(other.subarray(0, length));
      } else if (AGAIN.has(error.code)) next();
      // No connection yet. mount(8) may ask the new file system before it ends, and nothing tells when mount(2) was: so it is tried again.
      else if (error.code === 'EPERM' && !this.mounting.done) hostAfter(RETRY_MS, next);
      else this.end(error, closed);
    };
    next();
  }

  reply(message: Buffer): void {
    if (this.ended) return;
    try {
      writeSync(this.file, message);
    } catch (error) {
      // Whoever asked is gone, or the whole connection is, which the reader is about to learn.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENODEV' && code !== 'ECONNABORTED' && code !== 'EPERM') throw error;
    }
  }

  notify(message: Buffer): Promise<void> {
    if (this.ended) return Promise.resolve();
    this.notifying++;
    return new Promise((resolve) => {
      // -ENOENT says that the kernel does not remember it anyway.
      write(this.file, message, 0, message.length, null, () => {
        this.notifying--;
        this.closeWhenIdle();
        resolve();
      });
    });
  }

  private end(error: NodeJS.ErrnoException, closed: (reason: string) => void): void {
    this.ended = true;
    this.closeWhenIdle();
    closed(error.code ?? error.message);
  }

  private closeWhenIdle(): void {
    if (this.ended && this.notifying === 0) closeSync(this.file);
  }
}
