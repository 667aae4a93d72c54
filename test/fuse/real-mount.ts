/**
 * The small sysfs of these tests on a real mount in a directory of its own, and programs that work on it. The server is this process, so
 * everything that touches the mount is done by others.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReaderKind } from '../../src/fuse/device-reader.ts';
import { mountFuse, type FuseMount } from '../../src/fuse/mount.ts';
import { SysfsTree } from '../../src/fuse/sysfs-tree.ts';
import { sysfsWorld, type SysfsWorld } from './served-world.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly end: Promise<Ended>;
}

interface StartOptions {
  readonly uid?: number;
  /** Beside the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

export function start(program: string, args: readonly string[], options: StartOptions = {}): Started {
  const env = { ...process.env, LC_ALL: 'C', ...options.env };
  const child = spawn(program, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'], env });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const end = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, out, err }));
  });
  return { child, end };
}

/** A directory for a mount, whose way others may go. */
export function mountPoint(): string {
  const at = mkdtempSync(join(tmpdir(), 'apemu-fuse-'));
  chmodSync(at, 0o755);
  return at;
}

export interface Mounted extends SysfsWorld {
  readonly at: string;
  readonly mount: FuseMount;
  /** Starts a shell script in the directory of the card. */
  readonly start: (script: string, options?: { uid?: number }) => Started;
  readonly sh: (script: string, options?: { uid?: number }) => Promise<Ended>;
}

/** Mounts, runs the body and unmounts, however the body ends. */
export async function onMount(
  reader: ReaderKind,
  body: (mounted: Mounted) => Promise<void>,
  options: { allowOther?: boolean } = {},
): Promise<void> {
  const world = sysfsWorld();
  const at = mountPoint();
  try {
    const mount = await mountFuse({ rt: world.rt, tree: new SysfsTree(world.sysfs), at, reader, ...options });
    const run: Mounted['start'] = (script, more) => start('sh', ['-c', `cd ${at}/devices/ap/card05 && ${script}`], more);
    try {
      await body(Object.assign(world, { at, mount, start: run, sh: (script: string, more?: { uid?: number }) => run(script, more).end }));
    } finally {
      await mount.unmount();
    }
  } finally {
    rmdirSync(at);
    world.rt.shutdown();
  }
  if (world.failures.length > 0) throw new AggregateError(world.failures, 'tasks of the server failed');
}
