/**
 * One FUSE connection (kernel: fs/fuse/dev.c and its peers): negotiates the version, hands each request to its operation and sends the
 * answer. What it does not understand is answered with an errno; nothing that comes in ends the server.
 */
import { EACCES, EINVAL, EIO, ENOSYS, EPERM, EPROTO, OK } from '../base/errno.ts';
import { ConnectionCore, LATER, NO_ANSWER, type Answer, type CoreOptions, type Handled } from './connection-core.ts';
import { FileOperations } from './file-operations.ts';
import { NameOperations } from './name-operations.ts';
import { MAJOR, OLDEST_MINOR, Opcode } from './protocol.ts';
import { MalformedRequest, Request } from './request.ts';

const UNANSWERED: ReadonlySet<number> = new Set([Opcode.FORGET, Opcode.BATCH_FORGET, Opcode.INTERRUPT]);

export class FuseConnection {
  readonly core: ConnectionCore;
  /** Ends with the reason when the kernel has gone away: unmounted, or aborted. */
  readonly closed: Promise<string>;
  private readonly names: NameOperations;
  private readonly files: FileOperations;
  private readonly options: CoreOptions;
  private ready = false;

  constructor(options: CoreOptions) {
    this.options = options;
    this.core = new ConnectionCore(options);
    this.names = new NameOperations(this.core);
    this.files = new FileOperations(this.core);
    this.closed = new Promise((resolve) => {
      options.transport.start(
        (bytes) => this.receive(bytes),
        (reason) => {
          this.core.close();
          resolve(reason);
        },
      );
    });
  }

  private receive(bytes: Buffer): void {
    const request = Request.from(bytes, this.options.order);
    // Without a header there is nobody to answer.
    if (request === null) return;
    const complete = this.options.order.u32(bytes, 0) === bytes.length;
    const handled = complete ? this.handle(request) : EINVAL;
    if (handled === LATER || handled === NO_ANSWER || UNANSWERED.has(request.opcode)) return;
    this.core.answer(request.unique, handled);
  }

  private handle(request: Request): Handled {
    try {
      if (request.opcode === Opcode.INIT) return this.init(request);
      return this.ready ? this.dispatch(request) : EIO;
    } catch (error) {
      if (error instanceof MalformedRequest) return EINVAL;
      // A tree that breaks on a lookup must not leave the caller behind.
      this.core.answer(request.unique, EIO);
      throw error;
    }
  }

  private init(request: Request): Answer {
    const major = request.u32(0);
    const minor = request.u32(4);
    if (major > MAJOR) return this.core.replies.version();
    if (major < MAJOR || minor < OLDEST_MINOR || this.ready) return EPROTO;
    this.ready = true;
    return this.core.replies.init(minor, request.u32(8), request.u32(12));
  }

  private dispatch(request: Request): Handled {
    const { names, files } = this;
    switch (request.opcode) {
      case Opcode.LOOKUP:
        return names.lookup(request);
      case Opcode.FORGET:
        return names.forget(request);
      case Opcode.BATCH_FORGET:
        return names.batchForget(request);
      case Opcode.GETATTR:
        return names.getAttributes(request);
      case Opcode.SETATTR:
        return names.setAttributes(request);
      case Opcode.READLINK:
        return names.readLink(request);
      case Opcode.OPENDIR:
        return names.openDirectory(request);
      case Opcode.READDIR:
        return names.readDirectory(request);
      case Opcode.RELEASEDIR:
        return names.releaseDirectory(request);
      case Opcode.OPEN:
        return files.open(request);
      case Opcode.READ:
        return files.read(request);
      case Opcode.WRITE:
        return files.write(request);
      case Opcode.IOCTL:
        return files.ioctl(request);
      case Opcode.RELEASE:
        return files.release(request);
      default:
        return this.others(request);
    }
  }

  /** What a directory of sysfs refuses, and what the kernel need not ask again. */
  private others(request: Request): Handled {
    switch (request.opcode) {
      case Opcode.INTERRUPT:
        this.core.interrupt(request.big(0));
        return NO_ANSWER;
      case Opcode.STATFS:
        return this.core.replies.statfs();
      case Opcode.DESTROY:
      case Opcode.FSYNC:
      case Opcode.FSYNCDIR:
        return OK;
      case Opcode.CREATE:
      case Opcode.MKNOD:
        return EACCES;
      case Opcode.MKDIR:
      case Opcode.UNLINK:
      case Opcode.RMDIR:
      case Opcode.RENAME:
      case Opcode.RENAME2:
      case Opcode.LINK:
      case Opcode.SYMLINK:
        return EPERM;
      default:
        // Among them FLUSH, POLL and the extended attributes.
        return ENOSYS;
    }
  }
}
