/**
 * What a program has printed, and the exit status in it: the last line `EXIT: STATUS=n`, n being twice its exit code and one. No kernel
 * counterpart: the terminal behind a guest's SCLP console, and the convention of bare-metal test programs for QEMU's exit device.
 */

/** A program that prints without end keeps its last words. */
const KEPT = 1 << 20;
const STATUS_LINE = /^EXIT: STATUS=([0-9]{1,10})[ \t]*\r?$/gm;

export class ProgramConsole {
  /** Characters that were dropped from the beginning. */
  dropped = 0;
  private kept = '';

  get text(): string {
    return this.kept;
  }

  write(text: string): void {
    this.kept += text;
    // Rarely, so that a long output is not copied with each line.
    if (this.kept.length > 2 * KEPT) {
      this.dropped += this.kept.length - KEPT;
      this.kept = this.kept.slice(-KEPT);
    }
  }

  /** As printed; null when no such line is there. */
  get status(): number | null {
    const last = [...this.kept.matchAll(STATUS_LINE)].at(-1);
    return last === undefined ? null : Number(last[1]);
  }

  clear(): void {
    this.kept = '';
    this.dropped = 0;
  }
}
