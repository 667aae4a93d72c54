/**
 * Runs a command inside a mount namespace whose /sys is that of a session. No kernel counterpart.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { MountError } from '../fuse/mount-point.ts';
import { ownMountinfo, READY, scriptArguments, type NamespacePlan } from '../fuse/namespace-script.ts';
import { runProgram } from '../fuse/run-program.ts';
import { hostAfter } from '../runtime/host-clock.ts';

/** Arguments of `unshare`. */
const AS_ROOT = ['-m', '--propagation', 'private'];
/** Inside, the user is root of a user namespace of its own. */
const AS_USER = ['-U', '-r', ...AS_ROOT];

/** How long a command may take to end when it is asked to, in milliseconds. */
const GRACE_MS = 5000;

/** The way to a private mount namespace that this user has. MountError, which names another way, when there is none. */
export async function namespaceArguments(): Promise<readonly string[]> {
  let why = '';
  for (const args of process.getuid?.() === 0 ? [AS_ROOT, AS_USER] : [AS_USER]) {
    const { status, said } = await runProgram('unshare', [...args, 'true']);
    if (status === 0) return args;
    why ||= said === '' ? `unshare ended with status ${status}` : said;
  }
  throw new MountError(
    `expected a mount namespace of its own, got: ${why}; without one: apemu mount DIR as root, then SYSFS_ROOT=DIR lszcrypt and the like`,
  );
}

/** Exit code of a shell for how a process ended. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** Exit codes of what was asked to end, by Ctrl-C or otherwise. */
const ENDED_BY_SIGNAL = new Set((['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => exitCodeOf(null, signal)));

export interface ShellCommand {
  /** CMD and its arguments. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The command in its namespace. Whoever made it waits for `ended`. */
export class ShellProcess {
  /** The exit code as a shell gives it. Rejects with a MountError when the namespace could not be built: then nothing was run. */
  readonly ended: Promise<number>;
  private readonly child: ChildProcess;
  private over = false;

  constructor(plan: NamespacePlan, { command, env }: ShellCommand) {
    // It is told when this process is killed: what it sees as /sys would be dead from then on.
    const die = ['setpriv', '--pdeathsig', 'HUP'];
    const script = ['sh', ...scriptArguments(plan, ownMountinfo(), command)];
    this.child = spawn('unshare', [...AS_ROOT, ...die, ...script], { stdio: ['inherit', 'inherit', 'pipe', 2], env: { ...env } });
    this.ended = this.follow();
  }

  /** Asks it to end, and makes it when it takes too long; `free` lets go of what it may be stuck in. */
  stop(signal: NodeJS.Signals, free: () => void): void {
    if (this.over) return;
    this.child.kill(signal);
    const late = hostAfter(GRACE_MS, () => {
      free();
      this.child.kill('SIGKILL');
    });
    this.ended.then(
      () => late.stop(),
      () => late.stop(),
    );
  }

  private follow(): Promise<number> {
    const { child } = this;
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (said += text));
    return new Promise((resolve, reject) => {
      child.on('error', (error) => reject(new MountError(`expected to run unshare, got ${error.message}`)));
      child.on('close', (code, signal) => {
        this.over = true;
        const lines = said.split('\n').filter((line) => line !== '');
        const status = exitCodeOf(code, signal);
        // Who is asked to end while the namespace is being built has nothing to complain about.
        if (lines.at(-1) === READY || ENDED_BY_SIGNAL.has(status)) resolve(status);
        else reject(new MountError(`expected a namespace with the emulated /sys, got: ${lines.join('; ') || `exit code ${status}`}`));
      });
    });
  }
}
