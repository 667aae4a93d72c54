/**
 * The place of a mount before there is one: what is wrong with it is said in one line; a mount whose server was killed is cleared away.
 * No kernel counterpart.
 */
import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { mountAt } from './mount-table.ts';
import { runProgram } from './run-program.ts';

/** Something that the user can do something about; the message is one line. */
export class MountError extends Error {}

/** How a mount of ours names its type. */
export const FILE_SYSTEM = 'fuse.apemu';
/** Long enough for a server that is alive, in milliseconds. */
const PROBE_MS = 5000;

/**
 * Answers the path without links. It is looked at in the table of mounts before anybody touches it: a mount whose server hangs would hang
 * whoever does. Throws MountError unless it is an empty directory on which nothing is mounted.
 */
export async function prepareMountPoint(path: string): Promise<string> {
  const at = locate(path);
  while (mountAt(at) !== null) {
    const { type } = mountAt(at)!;
    if (type !== FILE_SYSTEM)
      throw new MountError(`expected ${at} to be an empty directory, a file system of type ${type} is mounted on it`);
    if (!(await isDead(at))) throw new MountError(`expected ${at} to be an empty directory, another apemu is mounted on it and runs`);
    const { status, said } = await runProgram('umount', ['-c', '-i', '-n', '-l', at]);
    if (status !== 0) throw new MountError(`expected ${at} to be free, the mount of an apemu that was killed cannot be removed: ${said}`);
  }
  checkEmpty(at);
  return at;
}

/** The absolute path, links followed as far as no mount point is looked into. */
function locate(path: string): string {
  let at = resolve(path);
  try {
    at = join(realpathSync(dirname(at)), basename(at));
    // The root of a mount is a directory, never a link.
    return mountAt(at) === null ? realpathSync(at) : at;
  } catch (error) {
    throw new MountError(`expected ${at} to be an empty directory, ${reason(error)}`);
  }
}

function checkEmpty(at: string): void {
  const stat = lstatSync(at);
  if (!stat.isDirectory())
    throw new MountError(`expected ${at} to be an empty directory, it is a ${stat.isFile() ? 'file' : 'special file'}`);
  let found: number;
  try {
    found = readdirSync(at).length;
  } catch (error) {
    throw new MountError(`expected ${at} to be an empty directory, ${reason(error)}`);
  }
  if (found > 0) throw new MountError(`expected ${at} to be an empty directory, it has ${found} ${found === 1 ? 'entry' : 'entries'}`);
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'ENOTDIR') return 'what should be a directory above it is none';
  if (code === 'EACCES') return 'it may not be looked into';
  return message;
}

/** Another process asks the file system: it would be that one that hangs. */
async function isDead(at: string): Promise<boolean> {
  const { status, said } = await runProgram('stat', ['-f', at], { timeout: PROBE_MS });
  return status !== 0 && said.includes('not connected');
}
