/**
 * Goal: sessions are found in a directory that only their user can enter, and what a killed session has left goes. Method: directories with
 * every defect; a process that is killed while it listens.
 */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DIRECTORY_VARIABLE, RuntimeDirectory, SessionError } from '../../src/session/runtime-directory.ts';
import { endSessionsAfterEach, hostSession, sessionEnvironment, temporaryFolder } from '../helpers/sessions.ts';

endSessionsAfterEach();

const at = (path: string): RuntimeDirectory => new RuntimeDirectory({ [DIRECTORY_VARIABLE]: path });

test('it is made below XDG_RUNTIME_DIR, private whatever the umask', () => {
  const folder = temporaryFolder();
  const before = process.umask(0o277);
  const { path } = new RuntimeDirectory({ XDG_RUNTIME_DIR: folder });
  process.umask(before);
  expect(path).toBe(join(folder, 'apemu'));
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(new RuntimeDirectory({ XDG_RUNTIME_DIR: folder }).path).toBe(path);
});

test('where that is missing, it is one of the user below the temporary directory', () => {
  const { path } = new RuntimeDirectory({ XDG_RUNTIME_DIR: join(temporaryFolder(), 'gone') });
  expect(path).toMatch(new RegExp(`/apemu-${process.getuid!()}$`));
});

describe('it is refused when it is', () => {
  const refused = (make: (path: string) => void, got: string | RegExp): void => {
    const path = join(temporaryFolder(), 'run');
    make(path);
    expect(() => at(path)).toThrow(SessionError);
    expect(() => at(path)).toThrow(got);
  };

  test('open to others', () => {
    refused((path) => {
      mkdirSync(path);
      chmodSync(path, 0o750);
    }, /nobody else can enter \(mode 0700\), got mode 0750$/);
  });

  test('a file', () => refused((path) => writeFileSync(path, ''), /got something that is no directory$/));

  test('a link to a directory', () => {
    refused((path) => {
      mkdirSync(`${path}.real`, { mode: 0o700 });
      symlinkSync(`${path}.real`, path);
    }, /got something that is no directory$/);
  });

  test.skipIf(process.getuid!() !== 0)('of another user (only root can make one: skipped for others)', () => {
    refused((path) => {
      mkdirSync(path, { mode: 0o700 });
      chownSync(path, 65534, 65534);
    }, /got one of user 65534$/);
  });
});

test('names that are none, and paths that no socket can have', () => {
  const directory = at(join(temporaryFolder(), 'run'));
  for (const name of ['', '.', '..', '../x', 'a/b', '-x', 'x y', 'x'.repeat(65)]) {
    expect(() => directory.checkName(name)).toThrow(/^expected a session name of at most 64/);
  }
  directory.checkName('a.b-c_1');
  const deep = join(temporaryFolder(), 'd'.repeat(60));
  expect(() => at(deep).checkName('x'.repeat(60))).toThrow(/^expected a socket path of at most 107 bytes/);
});

/** A process that listens at the socket of a session until it is killed. */
async function killedSession(directory: RuntimeDirectory, name: string): Promise<void> {
  const code = 'require("node:net").createServer().listen(process.argv[1], () => console.log("listens"))';
  const child = spawn(process.execPath, ['-e', code, directory.socketOf(name)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGKILL');
  await ended;
}

test('the socket and the folder of a session that was killed are cleaned, those of one that runs are not', async () => {
  const folder = temporaryFolder();
  const directory = new RuntimeDirectory(sessionEnvironment(folder));
  await killedSession(directory, 'dead');
  mkdirSync(join(directory.folderOf('dead'), 'sys'), { recursive: true });
  directory.noteMount('dead', join(folder, 'mounted'));
  mkdirSync(join(folder, 'mounted'));
  writeFileSync(join(folder, 'mounted', 'file'), 'of the user');
  await hostSession(folder, 'alive');
  expect(await directory.sessions()).toEqual(['alive']);
  expect(readdirSync(directory.path)).toEqual(['alive.sock']);
  // What is no dead mount is the user's.
  expect(existsSync(join(folder, 'mounted', 'file'))).toBe(true);
});

test('files in the folder of a dead session are nobody knows whose, and stay', async () => {
  const directory = at(join(temporaryFolder(), 'run'));
  mkdirSync(directory.folderOf('dead'));
  writeFileSync(join(directory.folderOf('dead'), 'file'), '');
  expect(await directory.sessions()).toEqual([]);
  expect(readdirSync(directory.folderOf('dead'))).toEqual(['file']);
});

test('where there is no room for its folder, the user is told which one and what can be done', () => {
  const path = join(temporaryFolder(), 'run');
  const directory = at(path);
  // A file in the place of the folder refuses what a full file system refuses.
  writeFileSync(directory.folderOf('one'), '');
  for (const act of [() => directory.noteMount('one', '/mnt'), () => directory.makePlace('one', 'sys')]) {
    expect(act).toThrow(SessionError);
    expect(act).toThrow(/^expected to write to \S+\/one\.d\S*, got [^\n]*; set APEMU_RUNTIME_DIR to another directory$/);
  }
});

test('one that was removed has no sessions', async () => {
  const directory = at(join(temporaryFolder(), 'run'));
  rmdirSync(directory.path);
  expect(await directory.sessions()).toEqual([]);
});
