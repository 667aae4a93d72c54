/**
 * Reads a file that the user named: UTF-8 text, or an error that says what was found instead. No kernel counterpart.
 */
import { readFileSync } from 'node:fs';
import { ScenarioError } from './place.ts';

/** `what` is what the error expects to be readable: `scenario file`. */
export function readText(path: string, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // The system's message repeats call and path after a comma.
    const reason = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'a file that is not UTF-8' : (message.split(',')[0] ?? message);
    throw new ScenarioError({ file: path, line: 1, column: 1 }, [], { expected: `a readable ${what}`, got: reason });
  }
}
