/**
 * A shell inside `apemu shell`, the built command, that runs one command after another: real programs on the emulated /sys of one host.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../tidy/tree.ts';

const BINARY = join(ROOT, 'bin', 'apemu.js');

export interface Answer {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

interface Ended {
  /** Of the command line; null when a signal ended it. */
  readonly status: number | null;
  /** What is left of the session: nothing. */
  readonly left: readonly string[];
  /** Everything that apemu, and commands without a place of their own, said on stderr. */
  readonly err: string;
}

export class RealShell {
  /** For files of the test; the shell sees it under the same name. */
  readonly folder = mkdtempSync(join(tmpdir(), 'apemu-real-'));
  private readonly child: ChildProcess;
  /** Where its session is, and no other. */
  private readonly sessions = join(this.folder, 'sessions');
  private readonly lines: AsyncIterator<string>;
  private err = '';
  private count = 0;

  /** `args` of `apemu shell` before the command. */
  private constructor(args: readonly string[]) {
    mkdirSync(this.sessions, { mode: 0o700 });
    this.child = spawn(process.execPath, [BINARY, 'shell', ...args, '--', '/bin/sh'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: this.env,
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => void (this.err += text));
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  /** Rejects with what was said when there is no shell. */
  static async start(args: readonly string[] = []): Promise<RealShell> {
    const shell = new RealShell(args);
    await shell.run(':');
    return shell;
  }

  /** Runs it with nothing on stdin; resolves when it has ended. Rejects when the shell has ended. */
  async run(command: string): Promise<Answer> {
    const name = join(this.folder, `command${++this.count}`);
    writeFileSync(`${name}.sh`, command);
    this.child.stdin!.write(`/bin/sh '${name}.sh' </dev/null >'${name}.out' 2>'${name}.err'; echo "ended ${this.count} $?"\n`);
    for (;;) {
      const { value, done } = await this.lines.next();
      if (done === true) throw new Error(`expected an answer to: ${command}\nthe shell has ended: ${this.err}`);
      const ended = /^ended (\d+) (\d+)$/.exec(value);
      if (ended !== null && Number(ended[1]) === this.count) {
        return { status: Number(ended[2]), out: readFileSync(`${name}.out`, 'utf8'), err: readFileSync(`${name}.err`, 'utf8') };
      }
    }
  }

  /** The standard output of a command that must succeed without a word on stderr. */
  async good(command: string): Promise<string> {
    const { status, out, err } = await this.run(command);
    if (status !== 0 || err !== '') throw new Error(`expected ${command} to succeed, got status ${status}: ${err}${out}`);
    return out;
  }

  /** What another `apemu` command says of this session. */
  ask(...args: string[]): Promise<Answer> {
    return new Promise((resolve) => {
      execFile(process.execPath, [BINARY, ...args], { env: this.env, encoding: 'utf8' }, (error, out, err) =>
        resolve({ status: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err }),
      );
    });
  }

  /** Ends the shell and waits for apemu. */
  async end(): Promise<Ended> {
    this.child.stdin!.end();
    const status = this.child.exitCode ?? this.child.signalCode ?? ((await once(this.child, 'close')) as [number | null])[0];
    const left = readdirSync(this.sessions);
    rmSync(this.folder, { recursive: true });
    return { status: typeof status === 'number' ? status : null, left, err: this.err };
  }

  private get env(): NodeJS.ProcessEnv {
    return { ...process.env, APEMU_RUNTIME_DIR: this.sessions, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  }
}
