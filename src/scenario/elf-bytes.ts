/**
 * The bytes of an ELF file that the user named. No kernel counterpart.
 */
import { readFileSync, statSync } from 'node:fs';

/** Throws an Error whose message is what was found instead of a file that can be read. */
export function elfBytes(path: string): Uint8Array {
  try {
    const found = statSync(path);
    // It may have no end.
    if (found.isCharacterDevice() || found.isBlockDevice()) throw new Error('a device');
    return readFileSync(path);
  } catch (error) {
    // The system's message repeats call and path after a comma.
    throw new Error((error as Error).message.split(',')[0], { cause: error });
  }
}
