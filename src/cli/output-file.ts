/**
 * Where `--output` sends a result: a file, or stdout. No kernel counterpart.
 */
import { writeFileSync } from 'node:fs';
import type { ParsedOptions } from './options.ts';
import { FILE } from './option-values.ts';
import { writeOut, type Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** UsageError when the file cannot be written. */
export async function writeResult(
  where: string,
  text: string,
  { options, terminal }: { options: ParsedOptions; terminal: Terminal },
): Promise<void> {
  const file = options.get('output', FILE);
  if (file === undefined) return await writeOut(terminal.stdout, text);
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`${where}: --output: expected a file that can be written, got ${(error as Error).message}`);
  }
}
