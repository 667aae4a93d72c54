/**
 * What a user has to put right about sessions and mounts, as a mistake of the command line: one line, exit code 2. No kernel counterpart.
 */
import { MountError } from '../fuse/mount-point.ts';
import { SessionError } from '../session/runtime-directory.ts';
import { UsageError } from './usage-error.ts';

/** Runs `body`; `command` is shown in front of what it complains about: `apemu status`. */
export async function withSessionErrors<T>(command: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof SessionError || error instanceof MountError) throw new UsageError(`${command}: ${error.message}`);
    throw error;
  }
}
