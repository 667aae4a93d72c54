/**
 * The console of a program on stdout, as it comes. No kernel counterpart.
 */
import { isClosedPipe, type Output } from './terminal.ts';

/** What a stream of Node has below it, where that is a pipe: not documented, so that a stream without it has to do. */
interface OverPipe {
  readonly _handle?: { setBlocking?(on: boolean): unknown } | null;
}

/**
 * Writes to a pipe wait for its reader, as those to a file or a terminal do by themselves. Otherwise Node keeps what a reader does not take:
 * a program prints faster than any reader reads, and what is kept is lost when it has become too much.
 */
const waitForReader = (output: Output): unknown => (output as OverPipe)._handle?.setBlocking?.(true);

export class ConsoleOutput {
  private readonly output: Output;
  private pending = 0;
  private error: Error | null = null;
  private settled: (() => void) | null = null;

  constructor(output: Output) {
    this.output = output;
    waitForReader(output);
  }

  /** Nothing more after the first error. */
  write(text: string): void {
    if (this.error !== null) return;
    this.pending++;
    this.output.write(text, (error) => this.written(error ?? null));
  }

  /** Resolves when everything is with the system: to the first error, null when there was none. A reader that has gone away is no error. */
  async end(): Promise<Error | null> {
    if (this.pending > 0) await new Promise<void>((resolve) => (this.settled = resolve));
    return this.error === null || isClosedPipe(this.error) ? null : this.error;
  }

  private written(error: Error | null): void {
    this.error ??= error;
    if (--this.pending === 0) this.settled?.();
  }
}
