/**
 * Says whether this machine lets the tests mount a FUSE file system, without leaving one behind.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

let answer: string | null | undefined;

/** Null when mounts work here, otherwise the reason why not: for the name of what is skipped. */
export function fuseProblem(): string | null {
  return (answer ??= probe());
}

function probe(): string | null {
  try {
    closeSync(openSync('/dev/fuse', 'r+'));
  } catch (error) {
    return `/dev/fuse cannot be opened: ${(error as NodeJS.ErrnoException).code}`;
  }
  const { status, error, stderr } = spawnSync('unshare', ['-m', '--propagation', 'private', 'mount', '-t', 'tmpfs', 'probe', '/tmp'], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  if (error !== undefined) return `unshare and mount cannot be run: ${error.message}`;
  return status === 0 ? null : `nothing can be mounted here: ${stderr.trim()}`;
}
