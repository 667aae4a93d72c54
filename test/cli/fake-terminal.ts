/**
 * A terminal and a source of signals made of memory, for commands that run inside the test.
 */
import type { SignalSource } from '../../src/cli/interrupt.ts';
import type { Output, Terminal } from '../../src/cli/terminal.ts';

export class FakeOutput implements Output {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;
  /** Answered to every write. */
  error: Error | null = null;

  constructor(isTTY = false, columns = 80) {
    this.isTTY = isTTY;
    this.columns = columns;
  }

  write(text: string, done?: (error?: Error | null) => void): boolean {
    if (this.error === null) this.text += text;
    done?.(this.error);
    return true;
  }
}

export interface FakeTerminal extends Terminal {
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
}

export function fakeTerminal(isTTY = false, env: Record<string, string> = {}): FakeTerminal {
  return { stdout: new FakeOutput(isTTY), stderr: new FakeOutput(isTTY), env };
}

export class FakeSignals implements SignalSource {
  readonly exits: number[] = [];
  private readonly listeners = new Map<string, (() => void)[]>();

  on(name: string, listener: () => void): void {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
  }

  removeListener(name: string, listener: () => void): void {
    this.listeners.set(
      name,
      (this.listeners.get(name) ?? []).filter((other) => other !== listener),
    );
  }

  exit(code: number): void {
    this.exits.push(code);
  }

  /** Answers how many heard it. */
  send(name: string): number {
    const listeners = this.listeners.get(name) ?? [];
    for (const listener of listeners) listener();
    return listeners.length;
  }
}
