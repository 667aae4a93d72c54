/**
 * Operations on open files (fs/kernfs/file.c, fs/read_write.c, fs/ioctl.c): each runs as a task of the caller and may wait for locks of the
 * model, during which the caller waits in the kernel.
 */
import { EACCES, EBADF, EINVAL, EIO, EISDIR, ENODEV, ENOTTY, OK, type Errno } from '../base/errno.ts';
import type { Answer, ConnectionCore, FileHandle, Handled } from './connection-core.ts';
import type { IoctlRequest, OpenFile } from './file-tree.ts';
import type { NodeRecord } from './node-table.ts';
import { IoctlFlag, MAX_WRITE } from './protocol.ts';
import type { Request } from './request.ts';

/** O_ACCMODE: 0 to read, 1 to write, 2 for both. */
const ACCESS_MODE = 3;
const WRITE_ONLY = 1;
const READERS = 0o444;
const WRITERS = 0o222;
const READ_IN = 40;
const WRITE_IN = 40;
const IOCTL_IN = 32;
/** What a command can encode: 14 bits. */
const LARGEST_IOCTL = 1 << 14;

export class FileOperations {
  private readonly core: ConnectionCore;

  constructor(core: ConnectionCore) {
    this.core = core;
  }

  /** The permission bits bind root, too (KERNFS_ROOT_EXTRA_OPEN_PERM_CHECK). */
  open(request: Request): Handled {
    const record = this.core.table.get(request.nodeId);
    const flags = request.u32(0);
    if (typeof record === 'number') return record;
    const { node, family } = record;
    if (node.kind === 'directory') return EISDIR;
    if (node.kind === 'link') return EINVAL;
    if (family.gone) return ENODEV;
    const write = (flags & ACCESS_MODE) !== 0;
    const read = (flags & ACCESS_MODE) !== WRITE_ONLY;
    if ((read && (family.mode & READERS) === 0) || (write && (family.mode & WRITERS) === 0)) return EACCES;
    if (node.openAtOnce !== undefined) return this.opened(record, node.openAtOnce());
    const caller = this.core.caller(request);
    return this.core.asTask(request, caller, async (task) => this.opened(record, await node.open(task, { caller, read, write, flags })));
  }

  read(request: Request): Handled {
    request.need(READ_IN);
    const caller = this.core.caller(request);
    const range = { caller, offset: request.u64(8), size: Math.min(request.u32(16), MAX_WRITE) };
    const handle = this.handle(request);
    if (typeof handle === 'number') return handle;
    return this.core.asTask(request, caller, async (task) => {
      const data = handle.file.read === undefined ? EIO : await handle.file.read(task, range);
      return typeof data === 'number' ? data : this.core.replies.bytes(data.subarray(0, range.size));
    });
  }

  write(request: Request): Handled {
    request.need(WRITE_IN);
    const data = request.payload(WRITE_IN, request.u32(16));
    const caller = this.core.caller(request);
    const offset = request.u64(8);
    const handle = this.handle(request);
    if (typeof handle === 'number') return handle;
    return this.core.asTask(request, caller, async (task) => {
      const count = await this.besideOthers(handle.record, async () => {
        return handle.file.write === undefined ? EIO : await handle.file.write(task, { caller, offset, data });
      });
      if (count < 0) return count;
      return count > data.length ? EIO : this.core.replies.written(count);
    });
  }

  ioctl(request: Request): Handled {
    request.need(IOCTL_IN);
    const flags = request.u32(8);
    const outputSize = request.u32(28);
    const input = request.payload(IOCTL_IN, request.u32(24));
    if ((flags & IoctlFlag.UNRESTRICTED) !== 0 || outputSize > LARGEST_IOCTL) return EINVAL;
    const caller = this.core.caller(request);
    const compat = (flags & IoctlFlag.COMPAT) !== 0;
    const what: IoctlRequest = { caller, command: request.u32(12), argument: request.big(16), input, outputSize, compat };
    if (this.core.directoryHandle(request.u64(0)) !== null) return ENOTTY;
    const handle = this.handle(request);
    if (typeof handle === 'number') return handle;
    return this.core.asTask(request, caller, async (task) => {
      const answer = handle.file.ioctl === undefined ? ENOTTY : await handle.file.ioctl(task, what);
      if (typeof answer === 'number') return answer;
      const output = answer.output ?? Buffer.alloc(0);
      return output.length > outputSize ? EIO : this.core.replies.ioctl(answer.result, output);
    });
  }

  /** Answered when the file has been released: who closes and opens again finds it free. */
  release(request: Request): Handled {
    const id = request.u64(0);
    const handle = this.core.fileHandle(id);
    if (handle === null) return EBADF;
    this.core.closeHandle(id);
    const { file } = handle;
    if (file.release === undefined) return OK;
    return this.core.asTask(request, this.core.caller(request), async (task) => {
      await file.release?.(task);
      return OK;
    });
  }

  private opened(record: NodeRecord, file: OpenFile | Errno): Answer {
    if (typeof file === 'number') return file;
    return this.core.replies.openFile(this.core.openHandle({ kind: 'file', record, file }));
  }

  private handle(request: Request): FileHandle | Errno {
    const handle = this.core.fileHandle(request.u64(0));
    if (handle === null) return EBADF;
    const { node, gone } = handle.record.family;
    return gone && !(node.kind === 'file' && node.outlivesName === true) ? ENODEV : handle;
  }

  /**
   * The kernel holds the inode lock of a file while one writes, and O_TRUNC of the next one who opens it wants that lock for itself. sysfs
   * knows no such lock. So while a store takes its time, the name leads to another inode: the next one does not wait in the kernel, but
   * here, for whatever the model lets it wait.
   */
  private async besideOthers(record: NodeRecord, store: () => Promise<number>): Promise<number> {
    const { parent, name } = record;
    const slow = this.core.rt.timer(`store to ${name}`, 0, () => {
      record.crowded = true;
      if (parent !== null && parent.children.get(name) === record) this.core.invalidations.entry(parent, name);
    });
    try {
      return await store();
    } finally {
      slow.cancel();
      record.crowded = false;
    }
  }
}
