/**
 * Goal: a command sees the emulated parts of /sys and the rest of the real one read-only, has its exit code, and nothing of it can be seen or
 * is left outside. Method: the built command and real namespaces, as root and as an ordinary user. Skipped, with the reason, where that fails.
 */
import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fuseProblem } from '../helpers/fuse-probe.ts';
import { endSessionsAfterEach, sessionEnvironment, temporaryFolder, UUID } from '../helpers/sessions.ts';
import { CommandProcess, program, runToEnd, type ProcessEnd } from './command-process.ts';

endSessionsAfterEach();

const isRoot = process.getuid!() === 0;
const problem = fuseProblem() ?? (isRoot ? null : 'these tests become root and nobody');
const NOBODY = 65534;

/** Null when an ordinary user can have a namespace here. */
function userProblem(): string | null {
  if (problem !== null) return problem;
  if ((statSync('/dev/fuse').mode & 0o006) !== 0o006) return '/dev/fuse is for root only';
  const { status, stderr } = spawnSync('unshare', ['-U', '-r', '-m', 'true'], { uid: NOBODY, gid: NOBODY, encoding: 'utf8' });
  return status === 0 ? null : `users cannot make namespaces: ${stderr.trim()}`;
}

function place(uid = 0): { folder: string; env: Record<string, string> } {
  const folder = temporaryFolder();
  const run = join(folder, 'run');
  mkdirSync(run, { mode: 0o700 });
  for (const path of [folder, run]) chownSync(path, uid, uid);
  return { folder, env: sessionEnvironment(folder) };
}

const left = (folder: string): string[] => readdirSync(join(folder, 'run'));
/** Other tests mount at the same time. */
const mounts = (folder: string): string[] =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter((line) => !line.includes(' fuse.apemu ') || line.includes(folder));

const SEES = `
echo 5 > /sys/devices/vfio_ap/matrix/$UUID/assign_adapter
cat /sys/devices/vfio_ap/matrix/$UUID/guest_matrix
ls /sys/bus/ap/devices
readlink -f /sys/class/mdev_bus/matrix
test -d /sys/class/net/lo/ && echo net
cat /sys/kernel/mm/transparent_hugepage/enabled > /dev/null && echo thp
echo "$SYSFS_ROOT $APEMU_SESSION $MDEV_m1"
ls /etc/mdevctl.d/scripts.d
touch /etc/mdevctl.d/mine && echo private
for file in /sys/kernel/profiling /sys/module/fuse/uevent /sys/class/net/lo/mtu; do (: >> $file) 2>/dev/null && echo "$file can be written"; done
exit 7
`;

function expectSeen({ code, out, err }: ProcessEnd): void {
  expect(err).toBe('');
  expect(out.split('\n')).toEqual([
    ...['05.0004', '05.00ab', ...['05.0004', '05.0047', '05.00ab', '06.0004', '06.0047', '06.00ab', 'card05', 'card06']],
    ...['/sys/devices/vfio_ap/matrix', 'net', 'thp', `/sys here ${UUID}`, 'callouts', 'notifiers', 'private', ''],
  ]);
  expect(code).toBe(7);
}

describe.skipIf(problem !== null)(`as root${problem === null ? '' : ` (skipped: ${problem})`}`, () => {
  test('the command sees the host, the rest of /sys is read-only, and outside nothing changes', async () => {
    const { folder, env } = place();
    const before = { mounts: mounts(folder), mdevctl: spawnSync('ls', ['-lR', '/etc/mdevctl.d'], { encoding: 'utf8' }).stdout };
    const run = new CommandProcess(['shell', '--session', 'here', '--', 'sh', '-c', `echo up; ${SEES}`], { env });
    await run.seen(/^up\n/);
    expect(mounts(folder)).toEqual(before.mounts);
    const { code, out, err } = await run.ended;
    expectSeen({ code, signal: null, out: out.replace(/^up\n/, ''), err });
    expect(mounts(folder)).toEqual(before.mounts);
    expect(spawnSync('ls', ['-lR', '/etc/mdevctl.d'], { encoding: 'utf8' }).stdout).toBe(before.mdevctl);
    expect(left(folder)).toEqual([]);
  });

  test.each([
    [['sh', '-c', 'kill -KILL $$'], 137],
    [['sh', '-c', 'kill -TERM $$'], 143],
    [['no-such-command'], 127],
  ])('the exit code of %j is %i', async (command, code) => {
    const { folder, env } = place();
    expect(await runToEnd(['shell', '--', ...command], { env })).toMatchObject({ code, out: '' });
    expect(left(folder)).toEqual([]);
  });

  test('a command that does not exist is named', async () => {
    const { env } = place();
    expect((await runToEnd(['shell', '--', 'no-such-command'], { env })).err).toBe(
      'apemu shell: expected a command, got no-such-command: not found\n',
    );
  });

  test('Ctrl-C before the command runs is no complaint', async () => {
    const { folder, env } = place();
    // The script that builds the namespace calls mkdir, which interrupts it.
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'mkdir'), '#!/bin/sh\nkill -INT $PPID\n', { mode: 0o755 });
    const path = `${bin}:${process.env['PATH']}`;
    expect(await runToEnd(['shell', '--', 'true'], { env: { ...env, PATH: path } })).toMatchObject({ code: 130, out: '', err: '' });
    expect(left(folder)).toEqual([]);
  });

  test('arguments come through as they are, and without a command it is $SHELL', async () => {
    const { env } = place();
    const args = ['--', '-x', 'a b', '', '$UUID', "it's"];
    expect((await runToEnd(['shell', '--', 'printf', '%s|', ...args.slice(1)], { env })).out).toBe("-x|a b||$UUID|it's|");
    expect(await runToEnd(['shell'], { env: { ...env, SHELL: '/bin/true' } })).toMatchObject({ code: 0, out: '', err: '' });
    expect(await runToEnd(['shell', '--'], { env: { ...env, SHELL: '/bin/false' } })).toMatchObject({ code: 1, out: '', err: '' });
  });

  test('status and event find the session from inside, and a finding makes the exit code 1', async () => {
    const { env } = place();
    const apemu = `${process.execPath} ${join(import.meta.dirname, '../../bin/apemu.js')}`;
    const script = `${apemu} status | head -1; ${apemu} event 'unbind 05.0004 expect=EBUSY'; true`;
    const { code, out, err } = await runToEnd(['shell', '--', 'sh', '-c', script], { env });
    expect(out).toMatch(/^shell-\d+: apemu shell one-mdev, up for [^\n]*\nok, expected EBUSY/);
    expect(err).toMatch(/Finding 1 of 1: assertion[^]*\napemu shell: FAILED: 1 finding \(assertion\)/);
    expect(code).toBe(1);
  });

  test('with --dev it has z90crypt and the real nodes', async () => {
    const { env } = place();
    const script = 'test -e /dev/z90crypt && echo z90crypt; echo > /dev/null && head -c 3 /dev/zero | wc -c; readlink /dev/fd';
    expect(await runToEnd(['shell', '--dev', '--', 'sh', '-c', script], { env })).toMatchObject({
      code: 0,
      out: 'z90crypt\n3\n/proc/self/fd\n',
      err: '',
    });
  });

  test.each(['SIGTERM', 'SIGHUP'] as const)('%s ends the command, and everything else', async (signal) => {
    const { folder, env } = place();
    const run = new CommandProcess(['shell', '--', 'sh', '-c', 'echo up; exec sleep 1000'], { env });
    await run.seen(/^up\n/);
    run.child.kill(signal);
    expect(await run.ended).toMatchObject({ code: signal === 'SIGTERM' ? 143 : 129 });
    expect(left(folder)).toEqual([]);
  });

  /** The processes of a shell that is up: outer half, inner half, command. */
  async function processes(run: CommandProcess): Promise<{ inner: number; command: number }> {
    const [, command] = await run.seen(/^up (\d+)\n/);
    const parent = (pid: number): number => Number(/\nPPid:\t(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
    return { inner: parent(Number(command)), command: Number(command) };
  }

  test('kill -9 of the host ends the command and leaves nothing', async () => {
    const { folder, env } = place();
    const run = new CommandProcess(['shell', '--', 'sh', '-c', 'echo up $$; exec sleep 1000'], { env });
    const { inner } = await processes(run);
    process.kill(inner, 'SIGKILL');
    const { code, err } = await run.ended;
    expect(code).toBe(137);
    expect(err).toBe('apemu shell: the process that emulates the host was ended by SIGKILL\n');
    expect(left(folder)).toEqual([]);
  });

  test('kill -9 of the outer half ends the host and the command', async () => {
    const { folder, env } = place();
    const run = new CommandProcess(['shell', '--', 'sh', '-c', 'echo up $$; exec sleep 1000'], { env });
    await processes(run);
    run.child.kill('SIGKILL');
    // The pipes are closed when the last of the processes has ended.
    await run.ended;
    expect(left(folder)).toEqual([]);
  });

  test('after kill -9 of both halves the next start finds nothing to be there', async () => {
    const { folder, env } = place();
    const run = new CommandProcess(['shell', '--', 'sh', '-c', 'echo up $$; exec sleep 1000'], { env });
    const { inner } = await processes(run);
    run.child.kill('SIGKILL');
    process.kill(inner, 'SIGKILL');
    await run.ended;
    expect(left(folder)).not.toEqual([]);
    expect(await runToEnd(['status'], { env })).toMatchObject({ code: 2 });
    expect(left(folder)).toEqual([]);
  });

  test('a program that the command has left behind does not keep the session', async () => {
    const { folder, env } = place();
    const script = '(exec sleep 1000) > /dev/null 2>&1 & echo $!';
    const { code, out } = await runToEnd(['shell', '--', 'sh', '-c', script], { env });
    expect(code).toBe(0);
    expect(left(folder)).toEqual([]);
    const sees = await program('nsenter', ['-t', out.trim(), '-m', 'cat', '/sys/bus/ap/apmask']);
    expect(sees.code).not.toBe(0);
    process.kill(Number(out), 'SIGKILL');
  });
});

const noUser = userProblem();
describe.skipIf(noUser !== null)(`as an ordinary user${noUser === null ? '' : ` (skipped: ${noUser})`}`, () => {
  test('the command sees the same, and the session is found from inside and outside', async () => {
    const { folder, env } = place(NOBODY);
    const script = `sleep 0; ${SEES}`;
    expectSeen(await runToEnd(['shell', '--session', 'here', '--', 'sh', '-c', script], { env: { ...env, HOME: '/' }, uid: NOBODY }));
    expect(left(folder)).toEqual([]);
    const run = new CommandProcess(['shell', '--session', 'here', '--', 'sh', '-c', 'echo up; exec sleep 1000'], { env, uid: NOBODY });
    await run.seen(/^up\n/);
    expect((await runToEnd(['status'], { env, uid: NOBODY })).out).toMatch(/^here: apemu shell one-mdev/);
    run.child.kill('SIGTERM');
    expect(await run.ended).toMatchObject({ code: 143 });
    expect(left(folder)).toEqual([]);
  });
});

test('where there is no namespace to be had it says so, and names the other way', async () => {
  const { env } = isRoot ? place() : { env: sessionEnvironment(temporaryFolder()) };
  // Without the program the answer is the same as without the right.
  const { code, out, err } = await runToEnd(['shell', '--', 'true'], { env: { ...env, PATH: '/nonexistent' } });
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(
    /^apemu shell: expected a mount namespace of its own, got: [^\n]*; without one: apemu mount DIR as root, then SYSFS_ROOT=DIR [^\n]*\n$/,
  );
});

test('bad input is refused before anything is started', async () => {
  const { env } = isRoot ? place() : { env: sessionEnvironment(temporaryFolder()) };
  expect(await runToEnd(['shell', 'none.yaml', '--', 'echo', 'ran'], { env })).toMatchObject({ code: 2, out: '' });
  expect(await runToEnd(['shell', '--design', 'x', '--', 'echo', 'ran'], { env })).toMatchObject({ code: 2, out: '' });
  expect(await runToEnd(['shell', '--session', 'a/b', '--', 'echo', 'ran'], { env })).toMatchObject({ code: 2, out: '' });
});
