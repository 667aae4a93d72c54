/**
 * The mounts of this process, and how they go when it goes. A thread of Node's pool may wait in the kernel, for the next request or to write
 * a notification, and Node waits for that thread when it exits: so a connection is aborted first, whatever the way out. Only SIGKILL leaves
 * a dead mount, which the next start at the same place removes. No kernel counterpart.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { ReaderKind } from './device-reader.ts';
import { mountAt, mounts } from './mount-table.ts';

export interface LiveMount {
  readonly at: string;
  /** Of its connection. */
  readonly minor: number;
  readonly reader: ReaderKind;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** A helper that is stuck must not keep the process, in milliseconds. */
const HELPER_MS = 5000;
const live = new Set<LiveMount>();

export const liveMounts = (): Iterable<LiveMount> => live;

export function addLiveMount(mount: LiveMount): void {
  if (live.size === 0) {
    process.on('exit', onExit);
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
  live.add(mount);
}

/** The connection has ended. */
export function removeLiveMount(mount: LiveMount): void {
  live.delete(mount);
  if (live.size > 0) return;
  process.removeListener('exit', onExit);
  for (const signal of SIGNALS) process.removeListener(signal, onSignal);
}

/**
 * Ends the connection: callers that wait get an error, the reader comes back. False when nothing could be done. Synchronous, because it
 * also runs while the process exits; nothing in it touches the mount.
 */
export function abortMount({ at, minor }: LiveMount): boolean {
  // MNT_FORCE aborts before MNT_DETACH takes it away.
  if (mountAt(at)?.minor === minor && helper('umount', ['-c', '-i', '-n', '-f', '-l', at])) return true;
  // Detached by somebody else while in use, or hidden below another mount: then only its control file is left.
  const control = mounts().find(({ type }) => type === 'fusectl');
  if (control !== undefined) return writeAbort(`${control.point}/${minor}/abort`);
  const script = 'mount -i -t fusectl fusectl "$1" && echo 1 > "$1/$2/abort"';
  return helper('unshare', ['-m', '--propagation', 'private', 'sh', '-c', script, 'sh', '/tmp', String(minor)]);
}

function writeAbort(path: string): boolean {
  try {
    writeFileSync(path, '1');
    return true;
  } catch {
    return false;
  }
}

function helper(name: string, args: readonly string[]): boolean {
  return spawnSync(name, args, { stdio: 'ignore', timeout: HELPER_MS, killSignal: 'SIGKILL' }).status === 0;
}

function onExit(): void {
  const stuck = [...live].filter((mount) => !abortMount(mount));
  live.clear();
  // Its thread never comes back, and Node would wait for it: a dead mount is better than a dead process.
  if (stuck.length > 0) process.kill(process.pid, 'SIGKILL');
}

/** Acts only when nobody else cares for the signal: then it ends the process as it always does, but not before the mounts are gone. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  for (const mount of live) abortMount(mount);
  live.clear();
  process.removeListener(signal, onSignal);
  process.kill(process.pid, signal);
}
