/**
 * qemu-user for s390x as an oracle: a child process that runs trials, many on their way at a time.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { executorElf } from './executor.ts';
import { inputOf, OUTPUT_BYTES, outcomeOf, type Outcome, type Trial } from './record.ts';

const PROGRAMS = ['qemu-s390x-static', 'qemu-s390x'];

/** The program that is installed, null when there is none. */
export function qemuProgram(): string | null {
  return PROGRAMS.find((program) => spawnSync(program, ['--version']).status === 0) ?? null;
}

/** The process has ended with trials on their way. */
export class OracleEnded extends Error {}

export class QemuOracle {
  private readonly folder = mkdtempSync(join(tmpdir(), 'apemu-oracle-'));
  private readonly child: ChildProcess;
  private readonly waiting: { resolve: (outcome: Outcome) => void; reject: (error: Error) => void }[] = [];
  private received = Buffer.alloc(0);
  private complaint = '';

  constructor(program: string) {
    const elf = join(this.folder, 'executor');
    writeFileSync(elf, executorElf(), { mode: 0o700 });
    this.child = spawn(program, ['-cpu', 'max', elf], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdout!.on('data', (bytes: Buffer) => this.take(bytes));
    this.child.stderr!.on('data', (bytes: Buffer) => (this.complaint += bytes.toString()));
    this.child.stdin!.on('error', () => undefined);
    this.child.on('close', (code, signal) => this.ended(`qemu-user ended with ${code ?? signal}: ${this.complaint}`));
  }

  run(trials: readonly Trial[]): Promise<Outcome[]> {
    const outcomes = trials.map(() => new Promise<Outcome>((resolve, reject) => void this.waiting.push({ resolve, reject })));
    this.child.stdin!.write(Buffer.concat(trials.map(inputOf)));
    return Promise.all(outcomes);
  }

  /** Whatever it does: a trial may have made its program an endless loop. */
  close(): void {
    this.child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private take(bytes: Buffer): void {
    this.received = Buffer.concat([this.received, bytes]);
    let at = 0;
    for (; at + OUTPUT_BYTES <= this.received.length; at += OUTPUT_BYTES) {
      this.waiting.shift()?.resolve(outcomeOf(this.received.subarray(at, at + OUTPUT_BYTES)));
    }
    this.received = this.received.subarray(at);
  }

  private ended(why: string): void {
    for (const { reject } of this.waiting.splice(0)) reject(new OracleEnded(why));
  }
}
