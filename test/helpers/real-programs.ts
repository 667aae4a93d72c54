/**
 * Where the real programs are that tests and benchmarks run: in the usual folders, and those for s390x in the directory into which
 * scripts/install-real-tools.sh unpacks them.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const FOLDERS = [
  ...(process.env['PATH'] ?? '').split(delimiter),
  '/usr/sbin',
  '/sbin',
  '/usr/local/sbin',
  // Where distributions put the callouts of mdevctl.
  '/usr/lib/mdevctl/scripts.d/callouts',
  '/etc/mdevctl.d/scripts.d/callouts',
];

/** The path of the first of these programs that is there. */
export function findProgram(...names: readonly string[]): string | null {
  for (const name of names) {
    for (const folder of FOLDERS) {
      const path = join(folder, name);
      if (folder !== '' && mayUse(path, constants.X_OK)) return path;
    }
  }
  return null;
}

/** The directory into which the packages for s390x are unpacked; it need not be there. */
export const s390xRoot =
  process.env['APEMU_S390X_ROOT'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'apemu', 's390x');

/** A program of the s390x packages under user emulation: the words of the command line that starts it, or null. */
export function s390xProgram(name: string): readonly string[] | null {
  const emulator = findProgram('qemu-s390x-static', 'qemu-s390x');
  const path = ['usr/sbin', 'sbin', 'usr/bin'].map((folder) => join(s390xRoot, folder, name)).find((file) => existsSync(file));
  return emulator === null || path === undefined ? null : [emulator, '-L', s390xRoot, path];
}

export function mayUse(path: string, how: number): boolean {
  try {
    accessSync(path, how);
    return true;
  } catch {
    return false;
  }
}
