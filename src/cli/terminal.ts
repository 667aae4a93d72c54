/**
 * Where a command writes: results to stdout, diagnostics and progress to stderr. No kernel counterpart.
 */
import { COLOUR, PLAIN, type Paint } from '../report/paint.ts';
import { UsageError } from './usage-error.ts';

/** The part of a stream that commands use. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string, done?: (error?: Error | null) => void): boolean;
}

export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export const processTerminal = (): Terminal => ({ stdout: process.stdout, stderr: process.stderr, env: process.env });

/** Colour for people only: a pipe and NO_COLOR (https://no-color.org) get plain text. */
export function paintFor({ stdout, env }: Terminal): Paint {
  const plain = env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '';
  return stdout.isTTY === true && !plain && env['TERM'] !== 'dumb' ? COLOUR : PLAIN;
}

/** Resolves when the text is with the system; a reader that has gone away is no error. */
export function writeOut(output: Output, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => {
      if (error === undefined || error === null || isClosedPipe(error)) resolve();
      else reject(new UsageError(`apemu: expected to write the result, got ${error.message}`));
    });
  });
}

export const isClosedPipe = (error: Error): boolean => (error as NodeJS.ErrnoException).code === 'EPIPE';
