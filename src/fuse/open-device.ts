/**
 * Opens /dev/fuse (kernel: fuse_dev_open) for the reader that works best here: one that watches it in the event loop, or else one that
 * waits in a thread.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { READERS, type DeviceReader, type Mounting, type ReaderKind } from './device-reader.ts';
import { liveMounts } from './live-mounts.ts';
import { MountError } from './mount-point.ts';
import { findPipes, PollReader } from './poll-reader.ts';
import { PoolReader } from './pool-reader.ts';

export interface OpenDevice {
  readonly file: number;
  readonly kind: ReaderKind;
  readonly reader: DeviceReader;
}

const DEVICE = '/dev/fuse';
/** For those who must do without what this Node does not promise, or want to compare. */
const VARIABLE = 'APEMU_FUSE_READER';
export const WITHOUT = 'without a mount, lszcrypt and chzcrypt can be shown a copy of the tree by SYSFS_ROOT=DIR';
/** Threads that a mount may need at a time: one reads requests, one writes notifications. */
const THREADS = 2;
const DEFAULT_POOL = 4;

/** What the user wants: null when it does not matter. Throws MountError for what is no reader. */
export function wantedReader(env: { readonly [VARIABLE]?: string | undefined } = process.env): ReaderKind | null {
  const value = env[VARIABLE];
  if (value === undefined || value === '') return null;
  const kind = READERS.find((one) => one === value);
  if (kind === undefined) throw new MountError(`expected ${VARIABLE} to be ${READERS.join(' or ')}, got ${JSON.stringify(value)}`);
  return kind;
}

/** Throws MountError for what the user can change. */
export function openDevice(wanted: ReaderKind | null, mounting: Mounting, pipes = findPipes()): OpenDevice {
  if (wanted !== 'pool') {
    const polled = pipes === null ? null : openPolled(mounting, pipes);
    if (polled !== null) return polled;
    if (wanted === 'poll')
      throw new MountError(`expected to watch ${DEVICE} in the event loop, ${process.version} offers no way: use ${VARIABLE}=pool`);
  }
  checkThreads('pool');
  const file = open(constants.O_RDWR);
  return { file, kind: 'pool', reader: new PoolReader(file, mounting) };
}

function openPolled(mounting: Mounting, pipes: NonNullable<ReturnType<typeof findPipes>>): OpenDevice | null {
  checkThreads('poll');
  const file = open(constants.O_RDWR | constants.O_NONBLOCK);
  const reader = PollReader.over(file, mounting, pipes);
  if (reader !== null) return { file, kind: 'poll', reader };
  closeSync(file);
  return null;
}

/**
 * With too few threads, notifications would keep the place of a reader, on whom they depend. While all mounts are read by the event loop,
 * they depend on no thread.
 */
function checkThreads(kind: ReaderKind): void {
  const kinds = [kind, ...Array.from(liveMounts(), ({ reader }) => reader)];
  if (!kinds.includes('pool')) return;
  const pool = Number(process.env['UV_THREADPOOL_SIZE'] ?? DEFAULT_POOL);
  const needed = kinds.length * THREADS;
  if (needed > pool) throw new MountError(`expected at least ${needed} threads for one more mount, UV_THREADPOOL_SIZE gives ${pool}`);
}

function open(flags: number): number {
  try {
    return openSync(DEVICE, flags);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is none' : code === 'EACCES' || code === 'EPERM' ? 'this user may not' : `it fails with ${code}`;
    throw new MountError(`expected to open ${DEVICE}, ${why}; ${WITHOUT}`);
  }
}
