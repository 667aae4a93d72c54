/**
 * A file that a command may write in the end: tried before it begins, so that a wrong name is told at once. No kernel counterpart.
 */
import { closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { UsageError } from './usage-error.ts';

export class SaveFile {
  private readonly path: string;
  /** Made by the attempt: it goes again when there is nothing to write. */
  private readonly fresh: boolean;

  /** UsageError when it cannot be written. What is in it stays until there is something else. */
  constructor(where: string, path: string) {
    this.path = path;
    this.fresh = !existsSync(path);
    try {
      closeSync(openSync(path, 'a'));
    } catch (error) {
      throw new UsageError(`${where}: --save: expected a file that can be written, got ${(error as Error).message}`);
    }
  }

  /** Answers what went wrong, null when nothing did. */
  write(text: string): string | null {
    try {
      writeFileSync(this.path, text);
      return null;
    } catch (error) {
      return `--save: expected the file to be written, got ${(error as Error).message}`;
    }
  }

  discard(): void {
    if (this.fresh) rmSync(this.path, { force: true });
  }
}
