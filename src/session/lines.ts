/**
 * Cuts a stream of bytes into lines, and gives up on a line that is too long. No kernel counterpart.
 */
const NEWLINE = 0x0a;

export class LineReader {
  private readonly longest: number;
  private parts: Buffer[] = [];
  private length = 0;

  /** `longest`: bytes of a line without its end. */
  constructor(longest: number) {
    this.longest = longest;
  }

  /** The lines that this piece completes, without their ends; null when one is too long, after which there is no use in going on. */
  push(bytes: Buffer): string[] | null {
    const lines: string[] = [];
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
      if (!this.keep(bytes.subarray(from, at))) return null;
      lines.push(this.take());
      from = at + 1;
    }
    return this.keep(bytes.subarray(from)) ? lines : null;
  }

  /** What came behind the last end of a line. */
  rest(): string {
    return this.take();
  }

  private keep(bytes: Buffer): boolean {
    this.length += bytes.length;
    if (this.length > this.longest) return false;
    this.parts.push(bytes);
    return true;
  }

  private take(): string {
    const line = Buffer.concat(this.parts).toString();
    this.parts = [];
    this.length = 0;
    return line;
  }
}
