/**
 * What a FUSE server serves: a tree of directories, links and files whose bytes somebody answers for (kernel: struct kernfs_node with
 * kernfs_ops; for devices struct file_operations). The server owns node ids, lookup counts, handles and caching; a tree only answers.
 *
 * Whatever may sleep runs as a task of its own, `COMM[PID]` of the caller. Lookups and lists never sleep: callers hold the lock of the
 * directory in the kernel while they wait for them. Errors are negative errno values; what throws is answered with -EIO and ends the run.
 */
import type { Errno } from '../base/errno.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';

/** Who asks. `pid` is that of the thread, 0 when it lives in a pid namespace that the server does not see. */
export interface Caller {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** `/proc/PID/comm` at the time of the request; `?` when it cannot be read. */
  readonly comm: string;
}

interface NodeBase {
  /** Permission bits. */
  readonly mode: number;
  /** Inode number that stat and readdir show; unique within the tree as far as possible, never 0. */
  readonly inode: number;
}

export interface DirectoryNode extends NodeBase {
  readonly kind: 'directory';
  /** The same object for the same directory as long as it exists, however often it is looked up. */
  readonly identity: object;
  child(name: string): TreeNode | null;
  /** Without `.` and `..`, in no particular order. */
  list(): Iterable<readonly [name: string, node: TreeNode]>;
}

export interface LinkNode extends NodeBase {
  readonly kind: 'link';
  readonly target: string;
}

/** How a file was opened. */
export interface Opening {
  readonly caller: Caller;
  readonly read: boolean;
  readonly write: boolean;
  /** O_* flags as they came. */
  readonly flags: number;
}

export interface FileNode extends NodeBase {
  readonly kind: 'file';
  /** Size that stat shows, in bytes: 4096 for an attribute, 0 for a device. */
  readonly size: number;
  /** Open files go on working when the name has gone, as those of a device do; without it they answer -ENODEV, as attributes do. */
  readonly outlivesName?: boolean;
  /** Tells two lookups of one name apart: false when something else has the name now. */
  same(other: FileNode): boolean;
  /** The permission bits were checked by the server already, also for root. */
  open(task: Task, opening: Opening): MaybePromise<OpenFile | Errno>;
  /** Used instead, if it is there: opening waits for nobody and does not care who opens, so that it needs no task. */
  openAtOnce?(): OpenFile | Errno;
}

export type TreeNode = DirectoryNode | LinkNode | FileNode;

export interface ReadRequest {
  readonly caller: Caller;
  /** Bytes from the start of the file; at most `size` bytes are wanted. */
  readonly offset: number;
  readonly size: number;
}

export interface WriteRequest {
  readonly caller: Caller;
  readonly offset: number;
  /** The bytes are the receiver's to keep. */
  readonly data: Buffer;
}

export interface IoctlRequest {
  readonly caller: Caller;
  /** The command as it was given, 32 bits, unsigned. */
  readonly command: number;
  /** The third argument, as it was given: a pointer or a number. */
  readonly argument: bigint;
  /** What the kernel copied in, by the size that `_IOW` and `_IOWR` encode in the command; empty for others. */
  readonly input: Buffer;
  /** Bytes that the kernel copies back to `argument`, by the size that `_IOR` and `_IOWR` encode. */
  readonly outputSize: number;
  /** The caller is a 32-bit program on a 64-bit kernel. */
  readonly compat: boolean;
}

/** `output` longer than `outputSize` is an error of the server (-EIO); shorter is filled up with nothing. */
export interface IoctlAnswer {
  /** What ioctl(2) returns: not negative. */
  readonly result: number;
  readonly output?: Buffer;
}

/** One open file description. A method that is missing answers -EIO (read, write) or -ENOTTY (ioctl). */
export interface OpenFile {
  /** At most `size` bytes; fewer mean the end of the file. */
  read?(task: Task, request: ReadRequest): MaybePromise<Buffer | Errno>;
  /** The number of bytes taken, or a negative errno. */
  write?(task: Task, request: WriteRequest): MaybePromise<number>;
  ioctl?(task: Task, request: IoctlRequest): MaybePromise<IoctlAnswer | Errno>;
  /** Called once, after the last close and behind the requests on it, or when the connection ends. */
  release?(task: Task): MaybePromise<void>;
}

/** Is told of each name that came or went in a directory, or means something else now; before the store that did it returns. */
export type TreeObserver = (identity: object, name: string) => void;

export interface FileTree {
  readonly root: DirectoryNode;
  /** Answers what ends the watch. */
  watch(observer: TreeObserver): () => void;
}
