/**
 * A mistake of the user: told in one line, without a stack. No kernel counterpart.
 */
import { didYouMean } from '../scenario/did-you-mean.ts';

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** `WHERE: expected WHAT, got "VALUE"`, and the known word that was meant. */
export function wrongWord(where: string, expected: string, got: { readonly word: string; readonly known: readonly string[] }): UsageError {
  const hint = didYouMean(got.word, got.known);
  return new UsageError(`${where}: expected ${expected}, got ${JSON.stringify(got.word)}${hint === undefined ? '' : `; ${hint}`}`);
}
