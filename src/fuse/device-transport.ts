/**
 * /dev/fuse as a transport (kernel: fs/fuse/dev.c): one read(2) brings one request, one write(2) takes one answer. How requests are
 * waited for is the reader's business.
 */
import { write, writeSync } from 'node:fs';
import type { DeviceReader } from './device-reader.ts';
import type { FuseTransport } from './transport.ts';

export class DeviceTransport implements FuseTransport {
  private readonly file: number;
  private readonly reader: DeviceReader;
  private notifying = 0;
  private ended = false;

  constructor(file: number, reader: DeviceReader) {
    this.file = file;
    this.reader = reader;
  }

  start(receive: (request: Buffer) => void, closed: (reason: string) => void): void {
    this.reader.start(receive, ({ code, message }) => {
      this.ended = true;
      this.closeWhenIdle();
      closed(code ?? message);
    });
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

  private closeWhenIdle(): void {
    if (this.ended && this.notifying === 0) this.reader.close();
  }
}
