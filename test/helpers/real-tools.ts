/**
 * Finds the real programs that tests run, and says what is missing where one is not there: scripts/install-real-tools.sh installs them. A
 * group of tests that cannot run is skipped with the reason in its name.
 */
import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { describe } from 'vitest';
import { findProgram, mayUse, s390xProgram, s390xRoot } from './real-programs.ts';

/** Why tests that need this cannot run here; null when they can. */
export type Need = () => string | null;

/** One of these programs. */
export const program =
  (...names: readonly string[]): Need =>
  () =>
    findProgram(...names) === null ? `no ${names.join(' or ')} on this machine` : null;

export const root: Need = () => (process.getuid?.() === 0 ? null : 'needs root');

/** A mount of a file system of one's own, in a mount namespace of one's own. */
export const mounts: Need = () => {
  if (!mayUse('/dev/fuse', constants.R_OK | constants.W_OK)) return 'no /dev/fuse that can be opened here';
  const unshare = findProgram('unshare');
  if (unshare === null) return 'no unshare on this machine';
  const { status } = spawnSync(unshare, ['-m', '--propagation', 'private', 'mount', '-t', 'tmpfs', 'none', '/tmp'], { stdio: 'ignore' });
  return status === 0 ? null : 'no mount namespaces here';
};

/** A network namespace: without one, what a test tells its own libvirt would be told to everybody. */
export const networkNamespaces: Need = () => {
  const unshare = findProgram('unshare');
  return unshare !== null && spawnSync(unshare, ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? null : 'no network namespaces here';
};

export const s390xTools: Need = () =>
  program('qemu-s390x-static', 'qemu-s390x')() ?? (s390xProgram('lszcrypt') === null ? `no s390-tools for s390x in ${s390xRoot}` : null);

/** `describe`, skipped with the first reason in its name where something is missing. */
export function describeReal(title: string, needs: readonly Need[], body: () => void): void {
  const reason = needs.map((need) => need()).find((missing) => missing !== null);
  describe.skipIf(reason !== undefined)(reason === undefined ? title : `${title} (skipped: ${reason})`, body);
}
