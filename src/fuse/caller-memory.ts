/**
 * Storage of the process that made a request, through /proc/PID/mem (what copy_from_user and copy_to_user are to the kernel's drivers).
 *
 * Who asks is a number, which may be somebody else's by now, and the server may be allowed to read more than its user should. So: the
 * process must belong to the owner of the mount with its real, effective, saved and file-system uid (a program that changes its user has
 * secrets of more than one), and it must be the same process before and after its memory was opened. What is open then stays the memory of
 * that program, also when the number is given to another one.
 *
 * /proc/PID/mem ignores the protection of pages; what may be read and written is therefore looked up in /proc/PID/maps. All accesses are
 * asynchronous: the memory may be a mapping of a file of this very server.
 */
import { open, readFile } from 'node:fs/promises';
import { EPERM, ESRCH, type Errno } from '../base/errno.ts';

/** An open /proc/PID/mem. Both answer how many bytes they moved, and may throw. */
export interface OpenMemory {
  read(bytes: Uint8Array, address: number): Promise<number>;
  write(bytes: Uint8Array, address: number): Promise<number>;
  close(): Promise<void>;
}

/** What is needed of /proc; both throw an error with a `code`. */
export interface ProcessFiles {
  text(pid: number, file: 'stat' | 'status' | 'maps'): Promise<string>;
  memory(pid: number): Promise<OpenMemory>;
}

/** Bytes for an address. */
export interface Write {
  readonly address: number;
  readonly bytes: Uint8Array;
}

interface Region {
  readonly start: number;
  readonly end: number;
  readonly readable: boolean;
  readonly writable: boolean;
}

/** Ranges of addresses of one moment, in ascending order. */
export class AddressSpace {
  private readonly regions: readonly Region[];

  /** The text of /proc/PID/maps. */
  constructor(maps: string) {
    this.regions = [...maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) ([r-])([w-])/gm)].map(([, start, end, readable, writable]) => ({
      start: Number(`0x${start}`),
      end: Number(`0x${end}`),
      readable: readable === 'r',
      writable: writable === 'w',
    }));
  }

  /** Is each byte of it there, and may the program read or write it? No bytes are anywhere. */
  allows(access: 'readable' | 'writable', address: number, length: number): boolean {
    // Beyond that, numbers no longer tell a byte from the next one; no program of Linux reaches so far.
    if (!Number.isSafeInteger(address + length)) return false;
    let next = address;
    for (const region of this.regions) {
      if (next >= address + length) break;
      if (region.end <= next) continue;
      if (region.start > next || !region[access]) return false;
      next = region.end;
    }
    return next >= address + length;
  }
}

export class CallerMemory {
  private readonly pid: number;
  private readonly files: ProcessFiles;
  private readonly memory: OpenMemory;

  private constructor(pid: number, files: ProcessFiles, memory: OpenMemory) {
    this.pid = pid;
    this.files = files;
    this.memory = memory;
  }

  /**
   * `pid` as the request has it: the id of a thread, 0 when it is in no namespace that this server sees. `owner`: uid of the mount's owner.
   * -EPERM when it is not to be looked at, -ESRCH when it is not there any more.
   */
  static async open(pid: number, owner: number, files: ProcessFiles = PROCESS_FILES): Promise<CallerMemory | Errno> {
    if (pid === 0) return EPERM;
    let memory: OpenMemory | null = null;
    try {
      const before = await identity(files, pid);
      if (!before.uids.every((uid) => uid === owner)) return EPERM;
      memory = await files.memory(pid);
      const after = await identity(files, pid);
      if (after.uids.every((uid) => uid === owner) && after.start === before.start && after.tgid === before.tgid) {
        const caller = new CallerMemory(pid, files, memory);
        memory = null;
        return caller;
      }
      return ESRCH;
    } catch (error) {
      return ['EACCES', 'EPERM'].includes(codeOf(error)) ? EPERM : ESRCH;
    } finally {
      await memory?.close();
    }
  }

  /** As it is now; without any region when the process has gone. */
  async addressSpace(): Promise<AddressSpace> {
    return new AddressSpace(await this.files.text(this.pid, 'maps').catch(() => ''));
  }

  /** A copy; null when one of the bytes cannot be read. */
  async read(space: AddressSpace, address: number, length: number): Promise<Uint8Array | null> {
    if (!space.allows('readable', address, length)) return null;
    const bytes = new Uint8Array(length);
    try {
      for (let done = 0; done < length;) {
        const count = await this.memory.read(bytes.subarray(done), address + done);
        if (count <= 0) return null;
        done += count;
      }
      return bytes;
    } catch {
      return null;
    }
  }

  /** All of them, or none and false: what may be written is looked up anew, as time may have gone by. */
  async write(writes: readonly Write[]): Promise<boolean> {
    if (writes.length === 0) return true;
    const space = await this.addressSpace();
    if (!writes.every(({ address, bytes }) => space.allows('writable', address, bytes.length))) return false;
    try {
      for (const { address, bytes } of writes) {
        for (let done = 0; done < bytes.length;) {
          const count = await this.memory.write(bytes.subarray(done), address + done);
          if (count <= 0) return false;
          done += count;
        }
      }
      return true;
    } catch {
      return false;
    }
  }

  close(): Promise<void> {
    return this.memory.close();
  }
}

interface Identity {
  readonly uids: readonly number[];
  readonly tgid: string;
  /** Clock ticks since boot at which the thread began: with its number that is who it is. */
  readonly start: string;
}

/** Field of /proc/PID/stat, counted behind the name, which may contain blanks and parentheses. */
const START_TIME = 19;

async function identity(files: ProcessFiles, pid: number): Promise<Identity> {
  const status = await files.text(pid, 'status');
  const stat = await files.text(pid, 'stat');
  const uids = /^Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$/m.exec(status);
  const tgid = /^Tgid:\s+(\d+)$/m.exec(status)?.[1];
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_TIME];
  if (uids === null || tgid === undefined || start === undefined)
    throw new Error(`expected the uids, the group and the start time of process ${pid}, got ${JSON.stringify(status.slice(0, 200))}`);
  return { uids: uids.slice(1).map(Number), tgid, start };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Those of this machine. */
const PROCESS_FILES: ProcessFiles = {
  text: (pid, file) => readFile(`/proc/${pid}/${file}`, 'utf8'),
  async memory(pid) {
    const file = await open(`/proc/${pid}/mem`, 'r+');
    return {
      read: async (bytes, address) => (await file.read(bytes, 0, bytes.length, address)).bytesRead,
      write: async (bytes, address) => (await file.write(bytes, 0, bytes.length, address)).bytesWritten,
      close: () => file.close(),
    };
  },
};
