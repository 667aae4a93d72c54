/**
 * Where the sessions of a user are: a directory that nobody else can enter, with one socket and one folder a session. What a session that was
 * killed has left is found because nobody answers at its socket, and cleaned. No kernel counterpart.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, readlinkSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareMountPoint } from '../fuse/mount-point.ts';

/** What a user has to put right before a session can be started or found. */
export class SessionError extends Error {
  override readonly name = 'SessionError';
}

type Environment = Readonly<Record<string, string | undefined>>;

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
/** sun_path has 108 bytes, the last of which is zero. */
const LONGEST_PATH = 107;
const SOCKET = '.sock';
const FOLDER = '.d';

/** Inside a user namespace the user has another number, and must find the same directory all the same. */
export const DIRECTORY_VARIABLE = 'APEMU_RUNTIME_DIR';
export const SESSION_VARIABLE = 'APEMU_SESSION';

export class RuntimeDirectory {
  readonly path: string;

  /** Makes it where it is missing. SessionError when it is not the user's own, or others could enter it. */
  constructor(env: Environment) {
    this.path = pickDirectory(env);
  }

  socketOf(name: string): string {
    return join(this.path, name + SOCKET);
  }

  /** For what a session needs to put somewhere: mount points. */
  folderOf(name: string): string {
    return join(this.path, name + FOLDER);
  }

  /** SessionError for a name that is none, or is too long for a socket in this directory. */
  checkName(name: string): void {
    const expected = 'a session name of at most 64 letters, digits, "_", "." and "-"';
    if (!NAME.test(name)) throw new SessionError(`expected ${expected}, got ${JSON.stringify(name)}`);
    const path = this.socketOf(name);
    if (Buffer.byteLength(path) > LONGEST_PATH)
      throw new SessionError(`expected a socket path of at most ${LONGEST_PATH} bytes, got ${path}; set ${DIRECTORY_VARIABLE}`);
  }

  /** Names of the sessions that answer, sorted; what others have left is cleaned. */
  async sessions(): Promise<string[]> {
    const alive: string[] = [];
    for (const name of this.names()) {
      if (await answers(this.socketOf(name))) alive.push(name);
      else await this.clean(name);
    }
    return alive;
  }

  /** An empty directory of a session, to mount something at. SessionError when there is no room for it. */
  makePlace(name: string, part: string): string {
    const at = join(this.folderOf(name), part);
    demand(at, () => mkdirSync(at, { recursive: true, mode: 0o700 }));
    return at;
  }

  /**
   * Notes where a session has mounted something, outside of its folder: when it is killed, a dead mount stays there. SessionError when there
   * is no room for the note.
   */
  noteMount(name: string, at: string): void {
    const folder = this.folderOf(name);
    demand(folder, () => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      symlinkSync(at, join(folder, `mount-${readdirSync(folder).length}`));
    });
  }

  /** Takes away what a session has left that has ended or was killed: socket, folder, dead mounts. A folder that is still in use stays. */
  async clean(name: string): Promise<void> {
    attempt(() => unlinkSync(this.socketOf(name)));
    for (const at of notedMounts(this.folderOf(name))) {
      // What is no dead mount of ours is left alone, for whatever reason.
      await prepareMountPoint(at).catch(() => undefined);
    }
    removeEmptied(this.folderOf(name));
  }

  /** With a socket, a folder or both; none when somebody has removed the directory. */
  private names(): string[] {
    const names = new Set<string>();
    let files: string[] = [];
    attempt(() => (files = readdirSync(this.path)));
    for (const file of files) for (const ending of [SOCKET, FOLDER]) if (file.endsWith(ending)) names.add(file.slice(0, -ending.length));
    return [...names].filter((name) => NAME.test(name)).toSorted();
  }
}

function pickDirectory(env: Environment): string {
  const given = env[DIRECTORY_VARIABLE];
  if (given !== undefined && given !== '') return own(given);
  const runtime = env['XDG_RUNTIME_DIR'];
  // Many a process has the variable of a login that is over.
  if (runtime !== undefined && runtime.startsWith('/') && canHold(join(runtime, 'apemu'))) return own(join(runtime, 'apemu'));
  return own(join(tmpdir(), `apemu-${userId()}`));
}

const userId = (): number => process.getuid?.() ?? 0;

function canHold(path: string): boolean {
  try {
    make(path);
    return true;
  } catch {
    return false;
  }
}

/** Throws what the system says, unless there is something already. */
function make(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  // Whatever the umask has taken away, and nothing more.
  chmodSync(path, 0o700);
}

function own(path: string): string {
  const expected = `expected ${path} to be a directory of yours that nobody else can enter (mode 0700)`;
  try {
    make(path);
  } catch (error) {
    throw new SessionError(`${expected}, got ${(error as Error).message}`);
  }
  const found = lstatSync(path);
  if (!found.isDirectory()) throw new SessionError(`${expected}, got something that is no directory`);
  if (found.uid !== userId()) throw new SessionError(`${expected}, got one of user ${found.uid}`);
  if ((found.mode & 0o077) !== 0) throw new SessionError(`${expected}, got mode 0${(found.mode & 0o777).toString(8)}`);
  return path;
}

/** A full or read-only file system is nothing that could be repaired here. */
function demand(path: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    throw new SessionError(`expected to write to ${path}, got ${(error as Error).message}; set ${DIRECTORY_VARIABLE} to another directory`);
  }
}

/** Somebody listens. A socket whose owner was killed refuses. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (alive: boolean): void => {
      socket.destroy();
      resolve(alive);
    };
    socket.once('connect', () => end(true));
    socket.once('error', (error: NodeJS.ErrnoException) => end(!['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(error.code ?? '')));
  });
}

function notedMounts(folder: string): string[] {
  const found: string[] = [];
  attempt(() => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isSymbolicLink()) found.push(readlinkSync(join(folder, entry.name)));
    }
  });
  return found;
}

/** Links are taken away; the rest are mount points, which are empty when nothing is mounted on them: what is mounted must never be looked into, let alone deleted. */
function removeEmptied(path: string): void {
  attempt(() => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const at = join(path, entry.name);
      attempt(() => (entry.isSymbolicLink() ? unlinkSync(at) : rmdirSync(at)));
    }
    rmdirSync(path);
  });
}

function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // It is gone already, or somebody uses it: then it is not ours to take away.
  }
}
