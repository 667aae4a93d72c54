/**
 * Goal: apemu mount shows the host at a directory until somebody ends it, in every way in which that can happen, and leaves nothing.
 * Method: the built command and real mounts; every access to a mount by another process. Skipped, with the reason, where nothing can be mounted.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ask } from '../../src/session/control-client.ts';
import type { TaskStatus } from '../../src/session/host-status.ts';
import { RuntimeDirectory } from '../../src/session/runtime-directory.ts';
import { fuseProblem } from '../helpers/fuse-probe.ts';
import { endSessionsAfterEach, sessionEnvironment, temporaryFolder, UUID } from '../helpers/sessions.ts';
import { ROOT } from '../tidy/tree.ts';
import { CommandProcess, program, runToEnd } from './command-process.ts';

endSessionsAfterEach();

const problem = fuseProblem() ?? (process.getuid!() === 0 ? null : 'only root can mount outside of a user namespace');
const mounted = (folder: string): string[] =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes(folder));

/** A mount that is ready. */
async function mount(...more: string[]): Promise<{ run: CommandProcess; at: string; folder: string; env: Record<string, string> }> {
  const folder = temporaryFolder();
  const at = join(folder, 'sys');
  mkdirSync(at);
  const env = sessionEnvironment(folder);
  const run = new CommandProcess(['mount', at, '--session', 'here', ...more], { env });
  await run.seen(/^apemu mount .*\n|^\{"ready".*\n/);
  return { run, at, folder, env };
}

/** Nothing mounted, and no file of the session. */
function expectNothingLeft(folder: string): void {
  expect(mounted(folder)).toEqual([]);
  expect(readdirSync(join(folder, 'run'))).toEqual([]);
}

const matrix = (at: string, attribute: string): string => `${at}/devices/vfio_ap/matrix/${UUID}/${attribute}`;

describe.skipIf(problem !== null)(`a real mount${problem === null ? '' : ` (skipped: ${problem})`}`, () => {
  test('shows the default host, is told of in one line, and Ctrl-C ends it with the report', async () => {
    const { run, at, folder, env } = await mount();
    expect(run.out).toBe(
      `apemu mount one-mdev: /sys of the host at ${at} (SYSFS_ROOT=${at} lszcrypt; apemu status --session here; Ctrl-C ends it)\n`,
    );
    const script = 'echo 5 > "$1" && cat "$2"';
    const wrote = await program('sh', ['-c', script, 'sh', matrix(at, 'assign_adapter'), matrix(at, 'guest_matrix')]);
    expect(wrote).toMatchObject({ code: 0, out: '05.0004\n05.00ab\n', err: '' });
    expect((await program('sh', ['-c', '/bin/echo +5 > "$1"', 'sh', `${at}/bus/ap/apmask`])).err).toMatch(/Device or resource busy/);
    const status = await runToEnd(['status'], { env });
    expect(status.out).toContain(`mounted at ${at}\n`);
    expect((await runToEnd(['event', 'read', matrix('/sys', 'matrix')], { env })).out).toBe('05.0004\n05.00ab\n');
    run.child.kill('SIGINT');
    const { code, out, err } = await run.ended;
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/^apemu: unmounting[^\n]*\n$/) });
    expect(out).toMatch(/\napemu mount one-mdev: stopped after [^]*\nok: 0 operations of 1 guest verified, 0 findings\n$/);
    expectNothingLeft(folder);
  });

  test('ends when somebody unmounts it', async () => {
    const { run, at, folder } = await mount();
    expect(await program('umount', [at])).toMatchObject({ code: 0 });
    expect(await run.ended).toMatchObject({ code: 0, err: '' });
    expectNothingLeft(folder);
  });

  test('ends after the time it was given, with JSON on both lines', async () => {
    const { run, at, folder } = await mount('--json', '--for', '100ms');
    const { code, out } = await run.ended;
    expect(code).toBe(0);
    const [ready, ...report] = out.split('\n');
    expect(JSON.parse(ready!)).toMatchObject({ ready: true, session: 'here', command: 'mount', mounts: [at] });
    expect(JSON.parse(report.join('\n'))).toMatchObject({ command: 'mount', ok: true, outcome: 'limit', findings: [] });
    expectNothingLeft(folder);
  });

  test('has the device nodes where they are wanted', async () => {
    const folder = temporaryFolder();
    for (const name of ['sys', 'dev']) mkdirSync(join(folder, name));
    const run = new CommandProcess(['mount', join(folder, 'sys'), '--dev', join(folder, 'dev')], { env: sessionEnvironment(folder) });
    await run.seen(/, its device nodes at /);
    expect((await program('ls', [join(folder, 'dev')])).out).toBe('z90crypt\n');
    run.child.kill('SIGTERM');
    expect(await run.ended).toMatchObject({ code: 0 });
    expectNothingLeft(folder);
  });

  test('ends as a whole when its terminal goes away', async () => {
    const { run, folder } = await mount();
    run.child.kill('SIGHUP');
    const { code, out } = await run.ended;
    expect(code).toBe(0);
    expect(out).toMatch(/\nok: 0 operations of 1 guest verified, 0 findings\n$/);
    expectNothingLeft(folder);
  });

  test('tells a place with blanks as a shell takes it', async () => {
    const folder = temporaryFolder();
    const at = join(folder, "it's a place");
    mkdirSync(at);
    const { code, out } = await runToEnd(['mount', at, '--for', '1ms'], { env: sessionEnvironment(folder) });
    expect({ code, said: /\(SYSFS_ROOT=(.*) lszcrypt; /.exec(out)?.[1] }).toEqual({
      code: 0,
      said: `'${folder}/it'\\''s a place'`,
    });
  });

  test('each thing that is found of what it is told counts, also where the result is the same', async () => {
    const { run, env } = await mount();
    for (const event of ['unbind 05.0004 expect=EBUSY', 'unbind 06.0004 expect=EBUSY'])
      expect(await runToEnd(['event', event], { env })).toMatchObject({ code: 1 });
    run.child.kill('SIGTERM');
    const { err, out } = await run.ended;
    expect(err).toMatch(/^apemu: assertion: <event>:1:1: unbind 05\.0004: [^\n]*\napemu: assertion: <event>:1:1: unbind 06\.0004: /);
    expect(out).toMatch(/\nFAILED: 2 findings \(assertion\)/);
  });

  test('that something was found makes its exit code 1', async () => {
    const { run, env } = await mount();
    expect(await runToEnd(['event', 'unbind 05.0004 expect=EBUSY'], { env })).toMatchObject({ code: 1 });
    run.child.kill('SIGTERM');
    const { code, out, err } = await run.ended;
    expect(code).toBe(1);
    expect(err).toMatch(/^apemu: assertion: [^\n]*unbind 05\.0004: expected EBUSY, got ok\n/);
    expect(out).toMatch(/\nFAILED: 1 finding \(assertion\)/);
  });

  test('what kill -9 leaves goes with the next start, also at another place', async () => {
    const { run, folder, env } = await mount();
    run.child.kill('SIGKILL');
    await run.ended;
    expect(mounted(folder)).toHaveLength(1);
    expect(await runToEnd(['status'], { env })).toMatchObject({ code: 2 });
    expectNothingLeft(folder);
  });

  test('programs that wait are named with their process ids, and the end of the mount frees them', async () => {
    const { run, at, folder, env } = await mount();
    const socket = new RuntimeDirectory(env).socketOf('here');
    /** Asks until somebody waits as wanted. */
    const waiting = async (wanted: (task: TaskStatus) => boolean): Promise<TaskStatus> => {
      for (;;) {
        const answer = await ask(socket, { request: 'status' });
        const task = 'status' in answer ? answer.status.tasks.find(wanted) : undefined;
        if (task !== undefined) return task;
      }
    };
    const named = /^sh\[\d+\]$/;
    await ask(socket, { request: 'event', event: 'fault reset-hang 05.0004 for=60s' });
    await program('sh', ['-c', 'echo 5 > "$1"', 'sh', matrix(at, 'assign_adapter')]);
    // It waits for the reset with the locks in its hands; the other one waits for those.
    const hung = program('sh', ['-c', 'echo 5 > "$1"', 'sh', matrix(at, 'unassign_adapter')]);
    const first = await waiting(({ task, holds }) => named.test(task) && holds.includes('mdevs_lock'));
    const behind = program('sh', ['-c', 'echo 6 > "$1"', 'sh', matrix(at, 'assign_adapter')]);
    const second = await waiting(({ task, behind: whom }) => named.test(task) && whom.includes(first.task));
    expect(first.holds).toContain(second.waitsFor);
    for (const { task, process } of [first, second]) expect(task).toBe(`sh[${process}]`);
    expect((await runToEnd(['status'], { env })).out).toContain(`  ${second.task} waiting for ${second.waitsFor} for `);
    run.child.kill('SIGTERM');
    expect(await run.ended).toMatchObject({ code: 1 });
    expect((await hung).code).not.toBe(0);
    expect((await behind).code).not.toBe(0);
    expectNothingLeft(folder);
  });
});

test('a place below a directory that has gone is refused, too', async () => {
  const folder = temporaryFolder();
  const apemu = join(ROOT, 'bin', 'apemu.js');
  const script = 'mkdir "$1/gone" && cd "$1/gone" && rmdir "$1/gone" && exec "$2" "$3" mount .';
  const { code, err } = await program('sh', ['-c', script, 'sh', folder, process.execPath, apemu]);
  expect(code).toBe(2);
  expect(err).toMatch(/^apemu mount: expected \. to be an empty directory, got [^\n]*: the current directory has gone\n$/);
});

describe('what cannot be mounted is refused in one line, exit code 2:', () => {
  const refused = async (args: (folder: string) => string[], line: RegExp): Promise<void> => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'full', 'entry'), { recursive: true });
    mkdirSync(join(folder, 'empty'));
    const { code, out, err } = await runToEnd(['mount', ...args(folder)], { env: sessionEnvironment(folder) });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(line);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(mounted(folder)).toEqual([]);
  };

  test.each<[string, (folder: string) => string[], RegExp]>([
    ['no directory', () => [], /^apemu mount: expected DIR, an empty directory to mount at, got none\n$/],
    ['one that is missing', (folder) => [join(folder, 'none')], /^apemu mount: expected \S+ to be an empty directory, /],
    ['one with something in it', (folder) => [join(folder, 'full')], /^apemu mount: expected \S+ to be an empty directory, /],
    [
      'the same one twice',
      (folder) => [join(folder, 'empty'), '--dev', join(folder, 'empty')],
      /^apemu mount: expected another directory for the device nodes than for \/sys, got \S+ for both\n$/,
    ],
    [
      'a second one that is missing',
      (folder) => [join(folder, 'empty'), '--dev', join(folder, 'none')],
      /^apemu mount: expected \S+ to be an empty directory, /,
    ],
    [
      'a scenario that is missing',
      (folder) => [join(folder, 'empty'), 'none.yaml'],
      /^none\.yaml:1:1: .*expected a readable scenario file/,
    ],
    ['an unknown design', (folder) => [join(folder, 'empty'), '--design', 'x'], /^apemu mount: --design: expected a locking design/],
    ['a session name that is none', (folder) => [join(folder, 'empty'), '--session', '../x'], /^apemu mount: expected a session name/],
  ])('%s', async (_name, args, line) => {
    await refused(args, line);
  });
});
