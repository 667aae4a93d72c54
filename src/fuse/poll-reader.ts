/**
 * Reads requests when epoll of the event loop says that there are some (kernel: fuse_dev_poll, fuse_dev_read with O_NONBLOCK): one wake-up
 * for a request, and no thread.
 *
 * Node has no documented way to watch a descriptor of this kind, so it is told that it is a pipe: `process.binding('pipe_wrap')` is
 * deprecated. Where it is missing, or does something else, the other reader is used.
 */
import { readSync } from 'node:fs';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { hostAfter } from '../runtime/host-clock.ts';
import { isEarly, isPassing, RETRY_MS, type DeviceReader, type Mounting } from './device-reader.ts';
import { MAX_REQUEST } from './protocol.ts';
import { WakefulLoop } from './wakeful-loop.ts';

/** What is used of libuv's pipes as Node wraps them. */
export interface PipeHandle {
  /** 0 or an error of libuv; the descriptor belongs to the handle then. */
  open(file: number): number;
  close(closed?: () => void): void;
}

type PipeClass = new (kind: number) => PipeHandle;
/** Neither a server nor for descriptors (`constants.SOCKET` of the binding). */
const PLAIN = 0;

/** Null where this Node has no such thing. */
export function findPipes(from: { readonly binding?: (name: string) => { readonly Pipe?: unknown } } = process as never): PipeClass | null {
  try {
    const pipe = from.binding?.('pipe_wrap').Pipe;
    const parts = ['open', 'close', 'readStart', 'useUserBuffer'];
    return typeof pipe === 'function' && parts.every((part) => part in (pipe.prototype as object)) ? (pipe as PipeClass) : null;
  } catch {
    // The permission model refuses it, or it has been removed.
    return null;
  }
}

export class PollReader implements DeviceReader {
  private readonly file: number;
  private readonly mounting: Mounting;
  private readonly handle: PipeHandle;
  private readonly closeHandle: () => void;
  private readonly loop = new WakefulLoop();
  private readonly buffer = Buffer.allocUnsafeSlow(MAX_REQUEST);

  private constructor(file: number, mounting: Mounting, handle: PipeHandle) {
    this.file = file;
    this.mounting = mounting;
    this.handle = handle;
    this.closeHandle = handle.close.bind(handle);
  }

  /** The descriptor was opened with O_NONBLOCK, and is the reader's from now on. Null when libuv does not want it. */
  static over(file: number, mounting: Mounting, pipes: PipeClass): PollReader | null {
    const handle = new pipes(PLAIN);
    return handle.open(file) === 0 ? new PollReader(file, mounting, handle) : null;
  }

  /** Before there is a connection, epoll would report an error again and again: so the first look does not use it. */
  start(receive: (request: Buffer) => void, ended: (error: NodeJS.ErrnoException) => void): void {
    let length = 0;
    try {
      length = readSync(this.file, this.buffer, 0, MAX_REQUEST, null);
    } catch (thrown) {
      const error = thrown as NodeJS.ErrnoException;
      if (isEarly(error, this.mounting)) return void hostAfter(RETRY_MS, () => this.start(receive, ended));
      if (!isPassing(error)) return ended(error);
    }
    this.watch(receive, ended);
    if (length > 0) receive(this.buffer.subarray(0, length));
  }

  close(): void {
    this.closeHandle();
  }

  /** A request is shorter than the buffer, and after a short read libuv lets others have their turn first: one request a turn. */
  private watch(receive: (request: Buffer) => void, ended: (error: NodeJS.ErrnoException) => void): void {
    const { buffer, handle, loop } = this;
    const callback = (length: number): boolean => {
      loop.asked();
      receive(buffer.subarray(0, length));
      loop.answered();
      return true;
    };
    // A socket closes what it has when a read fails; but a notification may still be on its way to the descriptor, whose number must not
    // come to mean something else.
    handle.close = () => undefined;
    const options = { handle, readable: true, writable: false, onread: { buffer, callback } };
    new Socket(options as SocketConstructorOpts).once('error', ended).resume();
  }
}
