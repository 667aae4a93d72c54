/**
 * Reads requests in a thread of Node's pool, which waits in the kernel: works with documented functions only, but a request needs two
 * wake-ups, one thread of the pool is always taken, and Node cannot exit before the connection ends (kernel: fuse_dev_read without O_NONBLOCK).
 */
import { closeSync, read } from 'node:fs';
import { hostAfter } from '../runtime/host-clock.ts';
import { isEarly, isPassing, RETRY_MS, type DeviceReader, type Mounting } from './device-reader.ts';
import { MAX_REQUEST } from './protocol.ts';

export class PoolReader implements DeviceReader {
  private readonly file: number;
  private readonly mounting: Mounting;

  constructor(file: number, mounting: Mounting) {
    this.file = file;
    this.mounting = mounting;
  }

  start(receive: (request: Buffer) => void, ended: (error: NodeJS.ErrnoException) => void): void {
    let [buffer, other] = [Buffer.allocUnsafeSlow(MAX_REQUEST), Buffer.allocUnsafeSlow(MAX_REQUEST)];
    const next = (): void => read(this.file, buffer, 0, MAX_REQUEST, null, come);
    const come = (error: NodeJS.ErrnoException | null, length: number): void => {
      if (error === null) {
        // The thread waits for the next request while this one is worked on.
        [buffer, other] = [other, buffer];
        next();
        receive(other.subarray(0, length));
      } else if (isPassing(error)) next();
      else if (isEarly(error, this.mounting)) hostAfter(RETRY_MS, next);
      else ended(error);
    };
    next();
  }

  close(): void {
    closeSync(this.file);
  }
}
