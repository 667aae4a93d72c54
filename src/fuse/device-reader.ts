/**
 * How requests are read from /dev/fuse (kernel: fuse_dev_read): the event loop watches the descriptor (`poll`), or a thread of Node's pool
 * waits in read(2) (`pool`).
 */
export const READERS = ['poll', 'pool'] as const;
export type ReaderKind = (typeof READERS)[number];

export interface DeviceReader {
  /** `receive` as for a transport; `ended` is called once, with the error that ends the connection. */
  start(receive: (request: Buffer) => void, ended: (error: NodeJS.ErrnoException) => void): void;
  /** Closes the descriptor; called once, behind `ended`, when nobody else uses it any more. */
  close(): void;
}

/** Whether mount(8) has ended: from then on the descriptor is a connection, or never will be. */
export interface Mounting {
  readonly done: boolean;
}

/** Between two looks whether mount(2) has tied the descriptor to a mount, of which nothing tells, in milliseconds. */
export const RETRY_MS = 1;

/** No connection yet. mount(8) may ask the new file system before it ends, so its end must not be waited for. */
export const isEarly = ({ code }: NodeJS.ErrnoException, mounting: Mounting): boolean => code === 'EPERM' && !mounting.done;

/** The request was withdrawn between two steps of the kernel, or there is none: there will be others. */
export const isPassing = ({ code }: NodeJS.ErrnoException): boolean => code === 'ENOENT' || code === 'EINTR' || code === 'EAGAIN';
