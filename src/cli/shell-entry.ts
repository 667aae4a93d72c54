/**
 * The outer half of `apemu shell`: starts the same command line once more inside a namespace, and ends as that one does.
 * No kernel counterpart.
 */
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { DIRECTORY_VARIABLE, RuntimeDirectory } from '../session/runtime-directory.ts';
import { exitCodeOf, namespaceArguments } from '../session/shell-process.ts';
import type { ParsedOptions } from './options.ts';
import { NAME } from './option-values.ts';
import { withSessionErrors } from './session-errors.ts';
import type { Terminal } from './terminal.ts';

const STAGE = 'APEMU_SHELL_STAGE';
const INSIDE = 'inside';
/** Where the event loop cannot watch them, two mounts want a thread each, all the time, and more now and then; the rest is for files. */
const POOL = '16';
/** Descriptor of the inner process that ends with the outer one. */
const LIFELINE = 3;
const FORWARDED = ['SIGTERM', 'SIGHUP'] as const;
/** From a terminal they reach the command itself, which decides what they mean. */
const IGNORED = ['SIGINT', 'SIGQUIT'] as const;
/** Before the inner process listens they end it: that is what was wanted. */
const ASKED_TO_END: ReadonlySet<NodeJS.Signals> = new Set([...FORWARDED, ...IGNORED]);

export const isInside = (env: Terminal['env']): boolean => env[STAGE] === INSIDE;

/** What the command must not see of how it was started. */
export function withoutStage(env: Terminal['env']): Record<string, string | undefined> {
  const { [STAGE]: _stage, UV_THREADPOOL_SIZE: _pool, ...rest } = env;
  return rest;
}

/** Answers the exit code of the inner process. */
export async function enterNamespace(options: ParsedOptions, terminal: Terminal): Promise<number> {
  return await withSessionErrors('apemu shell', async () => {
    const { env } = terminal;
    const directory = new RuntimeDirectory(env);
    const name = options.get('session', NAME);
    if (name !== undefined) directory.checkName(name);
    const into = await namespaceArguments();
    // Inside a user namespace the user has another number, so that the directory would not be found by it.
    const inner = { ...env, [STAGE]: INSIDE, [DIRECTORY_VARIABLE]: directory.path, UV_THREADPOOL_SIZE: POOL };
    const args = [...into, process.execPath, ...process.execArgv, ...process.argv.slice(1)];
    const child = spawn('unshare', args, { stdio: ['inherit', 'inherit', 'inherit', 'pipe'], env: inner });
    const stops = [
      ...FORWARDED.map((signal) => onSignal(signal, () => child.kill(signal))),
      ...IGNORED.map((signal) => onSignal(signal, () => undefined)),
    ];
    try {
      return await new Promise<number>((resolve, reject) => {
        child.on('error', reject);
        child.on('exit', (code, signal) => {
          if (signal !== null && !ASKED_TO_END.has(signal))
            terminal.stderr.write(`apemu shell: the process that emulates the host was ended by ${signal}\n`);
          resolve(exitCodeOf(code, signal));
        });
      });
    } finally {
      for (const stop of stops) stop();
      // What it left when it was killed.
      await directory.sessions();
    }
  });
}

/** Inside: `gone` is called when the outer process has gone. Does not keep this process alive. */
export function watchOuter(gone: () => void): void {
  const lifeline = new Socket({ fd: LIFELINE, readable: true, writable: false });
  lifeline.on('error', () => undefined).on('close', gone);
  lifeline.resume().unref();
}

/** Signals inside are those of the outer half; answers what ends that. */
export function watchSignals(stop: (signal: NodeJS.Signals) => void): () => void {
  const stops = [
    ...FORWARDED.map((signal) => onSignal(signal, () => stop(signal))),
    ...IGNORED.map((signal) => onSignal(signal, () => undefined)),
  ];
  return () => {
    for (const end of stops) end();
  };
}

function onSignal(signal: NodeJS.Signals, act: () => void): () => void {
  process.on(signal, act);
  return () => void process.removeListener(signal, act);
}
