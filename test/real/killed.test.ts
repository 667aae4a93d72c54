/**
 * A server that is killed in the middle of everything: callers get errors, and what it leaves behind the next start cleans.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { s390xProgram } from '../helpers/real-programs.ts';
import { describeReal, mounts, root, s390xTools } from '../helpers/real-tools.ts';
import { ROOT } from '../tidy/tree.ts';

const BINARY = join(ROOT, 'bin/apemu.js');
const RIVALS = join(ROOT, 'test/fixtures/real/rivals.yaml');

describeReal('apemu mount', [root, mounts], () => {
  let folder = '';
  let at = '';
  let children: ChildProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'apemu-real-'));
    at = join(folder, 'sys');
    for (const name of ['sys', 'dev', 'sessions']) mkdirSync(join(folder, name), { mode: 0o700 });
    children = [];
  });
  afterEach(async () => {
    for (const child of children) if (child.exitCode === null && child.signalCode === null) await end(child, 'SIGKILL');
    for (const name of mountsHere()) await run('umount', ['-l', name]);
    rmSync(folder, { recursive: true });
  });

  const mountsHere = (): string[] =>
    readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '')
      .filter((place) => place.startsWith(folder));
  const env = (): NodeJS.ProcessEnv => ({ ...process.env, APEMU_RUNTIME_DIR: join(folder, 'sessions') });
  const run = (file: string, args: readonly string[]): Promise<{ status: number; out: string; err: string }> =>
    new Promise((resolve) => {
      execFile(file, args, { env: { ...env(), SYSFS_ROOT: at }, encoding: 'utf8' }, (error, out, err) =>
        resolve({ status: error === null ? 0 : Number(error.code), out, err }),
      );
    });
  /** Resolves when it is ready. */
  const start = async (...args: string[]): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [BINARY, 'mount', at, RIVALS, '--session', 'mine', '--quiet', ...args], { env: env() });
    children.push(child);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => void (said += text));
    for await (const line of createInterface({ input: child.stdout })) {
      expect(line).toContain(at);
      child.stdout.resume();
      return child;
    }
    throw new Error(`expected apemu mount to say that it is ready, it has ended: ${said}`);
  };
  const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<unknown> => {
    const exited = once(child, 'exit');
    child.kill(signal);
    return (await exited)[0];
  };

  test('after kill -9 the next one at the same place cleans up, and ends without leaving anything', async () => {
    const first = await start('--dev', join(folder, 'dev'), '--endless');
    expect((await run('cat', [`${at}/bus/ap/apmask`])).out).toMatch(/^0x[0-9a-f]{64}\n$/);
    // In the middle of work of others.
    const reader = spawn('sh', ['-c', `while cat ${at}/devices/ap/card05/load >/dev/null 2>&1; do :; done`]);
    children.push(reader);
    const over = once(reader, 'exit');
    await once(reader, 'spawn');
    expect(await end(first, 'SIGKILL')).toBeNull();
    await over;
    expect((await run('cat', [`${at}/bus/ap/apmask`])).err).toMatch(/not connected/i);
    expect(mountsHere().toSorted()).toEqual([join(folder, 'dev'), at].toSorted());
    expect(readdirSync(join(folder, 'sessions'))).not.toEqual([]);

    const second = await start('--dev', join(folder, 'dev'));
    expect((await run('cat', [`${at}/bus/ap/apmask`])).out).toMatch(/^0x[0-9a-f]{64}\n$/);
    expect((await run('ls', [join(folder, 'dev')])).out).toBe('z90crypt\n');
    expect(await end(second, 'SIGTERM')).toBe(0);
    expect({ mounts: mountsHere(), sessions: readdirSync(join(folder, 'sessions')) }).toEqual({ mounts: [], sessions: [] });
  });

  test('umount from outside ends it, and its report is clean', async () => {
    const child = await start();
    const exited = once(child, 'exit');
    expect(await run('umount', [at])).toMatchObject({ status: 0 });
    expect((await exited)[0]).toBe(0);
    expect(readdirSync(join(folder, 'sessions'))).toEqual([]);
  });

  describeReal('with s390-tools', [s390xTools], () => {
    test('lszcrypt finds the host by SYSFS_ROOT alone', async () => {
      const child = await start();
      const [command, ...args] = s390xProgram('lszcrypt')!;
      const { status, out } = await run(command!, [...args, '-V']);
      expect(status).toBe(0);
      const names = out.split('\n').slice(2).map((line) => line.split(/\s+/)[0]); // prettier-ignore
      expect(names).toEqual([...['05', '06', '07'].flatMap((card) => [card, `${card}.0004`, `${card}.0047`, `${card}.00ab`]), '']);
      expect(await end(child, 'SIGTERM')).toBe(0);
    });
  });
});
