/**
 * Runs a program of the machine and waits for its end without stopping the server. No kernel counterpart.
 */
import { spawn } from 'node:child_process';

export interface ProgramEnd {
  /** Null when it could not be started, or was ended by a signal. */
  readonly status: number | null;
  /** What it wrote to its standard error, or why it could not be started: one line. */
  readonly said: string;
}

export interface ProgramOptions {
  /** Inherited as descriptor 3. */
  readonly file?: number;
  /** Milliseconds after which it is killed. */
  readonly timeout?: number;
}

export function runProgram(name: string, args: readonly string[], options: ProgramOptions = {}): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    const child = spawn(name, args, {
      stdio: ['ignore', 'ignore', 'pipe', options.file ?? 'ignore'],
      env: { ...process.env, LC_ALL: 'C' },
      ...(options.timeout !== undefined && { timeout: options.timeout, killSignal: 'SIGKILL' as const }),
    });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.once('error', (error) => resolve({ status: null, said: error.message }));
    child.once('close', (status) => resolve({ status, said: said.trim().replaceAll('\n', '; ') }));
  });
}
