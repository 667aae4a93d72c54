/**
 * An ioctl that a program of this machine makes on /dev/z90crypt or an additional node: fetches what it points to, lets zcrypt do it, and
 * gives back the answer (zcrypt_unlocked_ioctl and zcrypt_compat_ioctl of drivers/s390/crypto/zcrypt_api.c).
 */
import { EFAULT, ENOTTY, EPERM, OK, type Errno } from '../base/errno.ts';
import type { Task } from '../runtime/task.ts';
import { ioctlName } from '../ap-bus/zcrypt/ioctl-numbers.ts';
import { ioctl } from '../ap-bus/zcrypt/ioctl.ts';
import type { ZcryptFile } from '../ap-bus/zcrypt/zcrypt-file.ts';
import { CallerMemory, type ProcessFiles } from './caller-memory.ts';
import type { Abi } from './z90crypt-layout.ts';
import { AnswerStorage, ProgramStorage } from './z90crypt-storage.ts';

export interface IoctlCall {
  readonly command: number;
  /** An address of the program. */
  readonly argument: number;
  /** Of the thread; 0 when it is in no namespace that this server sees. */
  readonly pid: number;
  /** File-system uid of the thread. */
  readonly uid: number;
  readonly abi: Abi;
}

export interface IoctlAnswer {
  readonly errno: Errno;
  /** What the kernel copies to the argument, for commands that tell a size; else empty. */
  readonly bytes: Uint8Array;
}

/** Whose programs may be looked into, and how. */
export interface MemoryRights {
  /** The uid of the mount's owner. */
  readonly owner: number;
  readonly files?: ProcessFiles;
}

const NO_BYTES = new Uint8Array(0);

/**
 * -EPERM for a process of another user and by the node's mask, -ESRCH for one that has gone, -ENOTTY, -EFAULT, and what zcrypt answers.
 * After -EFAULT nothing has been written.
 */
export async function programIoctl(task: Task, file: ZcryptFile, call: IoctlCall, rights: MemoryRights): Promise<IoctlAnswer> {
  const { command, argument, abi } = call;
  const refused = await file.check(task, command);
  if (refused !== OK) return failed(refused);
  const name = ioctlName(command);
  if (name === undefined) return failed(ENOTTY);
  if (sizeOf(command) > 0) {
    const storage = new AnswerStorage({ name, argument, abi });
    const errno = await ioctl(task, file, storage, { command, argument });
    return errno === OK ? { errno, bytes: storage.answer } : failed(errno);
  }
  if (call.uid !== rights.owner) return failed(EPERM);
  const memory = await CallerMemory.open(call.pid, rights.owner, rights.files);
  if (typeof memory === 'number') return failed(memory);
  try {
    const storage = await ProgramStorage.fetch({ name, argument, abi }, memory);
    const errno = await ioctl(task, file, storage, { command, argument: storage.argument });
    // Some give back their structure also after an error; never half of an answer.
    const written = errno === EFAULT ? OK : await storage.flush();
    return failed(errno === OK ? written : errno);
  } finally {
    await memory.close();
  }
}

const failed = (errno: Errno): IoctlAnswer => ({ errno, bytes: NO_BYTES });

/** Bytes that the number of an ioctl announces. */
const sizeOf = (command: number): number => (command >>> 16) & 0x3fff;
