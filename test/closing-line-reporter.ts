/**
 * Prints how the run ended as the last line of stdout, alone on it: `12 passed, 0 failed`, with `, 3 skipped` when some were.
 * Scripts and people read that line; a run in which no test ran is a failure, not a success of zero tests.
 */
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** The part of `process` that the reporter needs. */
interface HostProcess {
  exitCode?: number | string | null | undefined;
  readonly stdout: { write(text: string): boolean };
  readonly stderr: { write(text: string): boolean };
  once(event: 'exit', listener: () => void): unknown;
}

/** A file that cannot be loaded, a failing hook and an error outside of any test each count as one failure. */
function tally(modules: readonly TestModule[], unhandledErrors: number): Tally {
  const sum: Tally = { passed: 0, failed: unhandledErrors, skipped: 0 };
  for (const testModule of modules) {
    sum.failed += testModule.errors().length;
    for (const suite of testModule.children.allSuites()) sum.failed += suite.errors().length;
    for (const test of testModule.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') sum.passed++;
      else if (state === 'failed') sum.failed++;
      else sum.skipped++;
    }
  }
  return sum;
}

function closingLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

export class ClosingLineReporter implements Reporter {
  private readonly host: HostProcess;
  private started = false;
  private result: Tally | null = null;

  constructor(host: HostProcess) {
    this.host = host;
  }

  onInit(): void {
    // Other reporters and the runner itself still print after the run has ended; nothing prints after this.
    this.host.once('exit', () => this.close());
  }

  onTestRunStart(): void {
    this.started = true;
    this.result = null;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    this.started = true;
    this.result = tally(modules, unhandledErrors.length);
  }

  private close(): void {
    // Listing tests is not a run.
    if (!this.started) return;
    const result = this.result ?? { passed: 0, failed: 1, skipped: 0 };
    if (this.result === null) this.host.stderr.write('expected the test run to end, it was cut off\n');
    else if (result.passed + result.failed === 0) this.host.stderr.write('expected at least one test to run, none did\n');
    // Whatever went wrong, a caller that looks at the exit code only must see it.
    if (result.failed > 0 || result.passed === 0) this.host.exitCode ||= 1;
    this.host.stdout.write(`${closingLine(result)}\n`);
  }
}
