/**
 * What the operations of one FUSE connection share (kernel: struct fuse_conn): nodes, handles, notifications, and the tasks that requests
 * run as.
 */
import { EINTR, EIO, ERESTARTSYS, type Errno } from '../base/errno.ts';
import { deliverSignal } from '../locks/signal.ts';
import type { MaybePromise, Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { Callers } from './callers.ts';
import type { Caller, FileTree, OpenFile } from './file-tree.ts';
import { Invalidations } from './invalidations.ts';
import { NodeTable, type NodeRecord } from './node-table.ts';
import { Replies, type Attributes, type DirectoryEntry } from './reply.ts';
import type { Request } from './request.ts';
import type { ByteOrder } from './byte-order.ts';
import type { FuseTransport } from './transport.ts';

/** The answer comes from a task, later. */
export const LATER: unique symbol = Symbol('later');
/** The operation has no answer. */
export const NO_ANSWER: unique symbol = Symbol('no answer');
/** A frame with room for the header, or 0 or a negative errno. */
export type Answer = Buffer | Errno;
export type Handled = Answer | typeof LATER | typeof NO_ANSWER;

/** Seconds for which the kernel may remember what is found and what is not: it is told of every change. */
export const VALID = 86_400;

const LARGEST_ERRNO = 511;

const Kind = { DIRECTORY: 0o040000, FILE: 0o100000, LINK: 0o120000 } as const;
export const kindOf = (kind: 'directory' | 'file' | 'link'): number =>
  kind === 'directory' ? Kind.DIRECTORY : kind === 'file' ? Kind.FILE : Kind.LINK;

export interface FileHandle {
  readonly kind: 'file';
  readonly record: NodeRecord;
  readonly file: OpenFile;
}

export interface DirectoryHandle {
  readonly kind: 'directory';
  readonly record: NodeRecord;
  /** As of the last read from the start. */
  entries: readonly DirectoryEntry[];
}

export interface CoreOptions {
  readonly rt: Runtime;
  readonly tree: FileTree;
  readonly transport: FuseTransport;
  readonly order: ByteOrder;
  /** Whom everything belongs to, until somebody says otherwise. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Seconds since 1970: when the tree came into being. */
  readonly time: number;
}

export class ConnectionCore {
  readonly rt: Runtime;
  readonly tree: FileTree;
  readonly table: NodeTable;
  readonly replies: Replies;
  readonly invalidations: Invalidations;
  private readonly handles = new Map<number, FileHandle | DirectoryHandle>();
  private readonly running = new Map<bigint, Task>();
  private readonly callers = new Callers();
  private readonly options: CoreOptions;
  private readonly unwatch: () => void;
  private lastHandle = 0;

  constructor(options: CoreOptions) {
    this.options = options;
    this.rt = options.rt;
    this.tree = options.tree;
    this.table = new NodeTable(options.tree.root);
    this.replies = new Replies(options.order);
    this.invalidations = new Invalidations(this.replies, options.transport);
    this.unwatch = options.tree.watch((identity, name) => {
      const parent = this.table.changed(identity, name);
      if (parent !== null) this.invalidations.entry(parent, name);
    });
  }

  /** Requests that a task works on. */
  get inFlight(): number {
    return this.running.size;
  }

  get openHandles(): number {
    return this.handles.size;
  }

  caller(request: Request): Caller {
    return { pid: request.pid, uid: request.uid, gid: request.gid, comm: this.callers.comm(request.pid) };
  }

  /** Lets a task work on the request and answers with what it says. */
  asTask(request: Request, caller: Caller, body: (task: Task) => MaybePromise<Answer>): typeof LATER {
    const { unique } = request;
    const task = this.rt.spawn(`${caller.comm}[${caller.pid}]`, async (self) => {
      let answer: Answer = EIO;
      try {
        answer = await body(self);
      } finally {
        this.running.delete(unique);
        // Whatever this request made appear or vanish has done so for everybody when the caller goes on.
        const told = this.invalidations.settled();
        if (told !== null) await told;
        this.answer(unique, answer);
      }
    });
    this.running.set(unique, task);
    return LATER;
  }

  /**
   * A signal for the caller of this request: a wait that is interruptible in the kernel ends, any other one goes on, and the caller stays
   * in D state until it is over.
   */
  interrupt(unique: bigint): void {
    const task = this.running.get(unique);
    if (task !== undefined) deliverSignal(task);
  }

  answer(unique: bigint, answer: Answer): void {
    const { replies, options } = this;
    const message =
      typeof answer === 'number' ? replies.finish(replies.frame(0), unique, errnoFor(answer)) : replies.finish(answer, unique, 0);
    options.transport.reply(message);
  }

  openHandle(handle: FileHandle | DirectoryHandle): number {
    this.handles.set(++this.lastHandle, handle);
    return this.lastHandle;
  }

  fileHandle(id: number): FileHandle | null {
    const handle = this.handles.get(id);
    return handle?.kind === 'file' ? handle : null;
  }

  directoryHandle(id: number): DirectoryHandle | null {
    const handle = this.handles.get(id);
    return handle?.kind === 'directory' ? handle : null;
  }

  closeHandle(id: number): void {
    this.handles.delete(id);
  }

  attributes({ family }: NodeRecord): Attributes {
    const { node, overrides } = family;
    const { owner, time } = this.options;
    return {
      inode: node.inode,
      size: node.kind === 'file' ? node.size : node.kind === 'link' ? Buffer.byteLength(node.target) : 0,
      mode: kindOf(node.kind) | family.mode,
      // One link of a directory says that its children were not counted: who walks a tree must look at all of them.
      links: 1,
      uid: overrides?.uid ?? owner.uid,
      gid: overrides?.gid ?? owner.gid,
      time,
    };
  }

  /** The kernel has gone away: open files are released, tasks that still wait go on without anybody to answer. */
  close(): void {
    this.unwatch();
    this.invalidations.close();
    this.callers.close();
    for (const [id, handle] of [...this.handles]) {
      this.closeHandle(id);
      if (handle.kind === 'file') this.release(handle, `close[${id}]`);
    }
  }

  private release({ file }: FileHandle, name: string): void {
    if (file.release === undefined) return;
    this.rt.spawn(name, async (task) => {
      await file.release?.(task);
    });
  }
}

/** What the protocol can carry. A system call that would be restarted is one that was interrupted: the server cannot restart it. */
function errnoFor(value: Errno): Errno {
  if (value === ERESTARTSYS) return EINTR;
  return value <= 0 && value >= -LARGEST_ERRNO ? value : EIO;
}
