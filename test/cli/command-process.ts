/**
 * The built command line in a process of its own, for commands that go on until they are stopped.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ROOT } from '../tidy/tree.ts';

export interface ProcessEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly env: Record<string, string>;
  /** User and group to become first; root only. */
  readonly uid?: number;
}

export class CommandProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<ProcessEnd>;
  out = '';
  err = '';
  private readonly listeners = new Set<() => void>();

  /** Ended with the test, if it has not ended by itself. */
  constructor(args: readonly string[], { env, uid }: Started) {
    const user = uid === undefined ? {} : { uid, gid: uid };
    this.child = spawn(process.execPath, [join(ROOT, 'bin', 'apemu.js'), ...args], {
      ...user,
      cwd: '/',
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.child;
    stdout!.setEncoding('utf8').on('data', (text: string) => this.note(() => (this.out += text)));
    stderr!.setEncoding('utf8').on('data', (text: string) => this.note(() => (this.err += text)));
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => this.note(() => resolve({ code, signal, out: this.out, err: this.err })));
    });
    onTestFinished(async () => {
      // A first signal asks, a second one insists: unlike SIGKILL neither leaves a mount.
      for (let i = 0; i < 2 && this.child.exitCode === null && this.child.signalCode === null; i++) this.child.kill('SIGTERM');
      await this.ended;
    });
  }

  /** Resolves with the match when stdout has it; rejects when the process ends before. */
  seen(pattern: RegExp): Promise<RegExpMatchArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const match = this.out.match(pattern);
        if (match === null) return;
        this.listeners.delete(look);
        resolve(match);
      };
      this.listeners.add(look);
      void this.ended.then(({ code, err }) =>
        reject(new Error(`expected ${pattern} on stdout, but it ended with ${code}: ${this.out}${err}`)),
      );
      look();
    });
  }

  private note(change: () => void): void {
    change();
    for (const listener of this.listeners) listener();
  }
}

export const runToEnd = (args: readonly string[], started: Started): Promise<ProcessEnd> => new CommandProcess(args, started).ended;

/** Another program, with its own answer. */
export function program(name: string, args: readonly string[], env: Record<string, string> = {}): Promise<ProcessEnd> {
  const child = spawn(name, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, out, err }));
  });
}
