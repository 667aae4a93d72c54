/**
 * A file of many lines: an event log, the trace of a program. A full disk ends the writing, not the run. No kernel counterpart.
 */
import { closeSync, openSync, writeSync } from 'node:fs';

/** Characters collected before they are written: a write for each line would slow the run down. */
const CHUNK = 1 << 16;

export class LineFile {
  private readonly fd: number;
  private lines: string[] = [];
  private pending = 0;
  private error: Error | null = null;

  /** Throws the system's error when the file cannot be opened. */
  constructor(path: string) {
    this.fd = openSync(path, 'w');
  }

  /** `line` with its end. */
  readonly write = (line: string): void => {
    this.lines.push(line);
    this.pending += line.length;
    if (this.pending >= CHUNK) this.flush();
  };

  /** Answers the first error there was. */
  close(): Error | null {
    this.flush();
    closeSync(this.fd);
    return this.error;
  }

  private flush(): void {
    const bytes = Buffer.from(this.lines.join(''));
    this.lines = [];
    this.pending = 0;
    if (this.error !== null) return;
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.fd, bytes, at);
    } catch (error) {
      this.error = error as Error;
    }
  }
}
