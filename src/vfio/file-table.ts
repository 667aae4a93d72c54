/**
 * The open files of one process (fs/file.c: struct files_struct), as far as a driver asks for them: which eventfd a descriptor stands for.
 */
import { EBADF, EINVAL, OK, type Errno } from '../base/errno.ts';
import { Access } from '../runtime/access.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { Eventfd } from './eventfd.ts';

/** A file that is no eventfd. */
export interface PlainFile {
  readonly name: string;
}

const STANDARD: readonly PlainFile[] = ['stdin', 'stdout', 'stderr'].map((name) => ({ name }));

export class FileTable {
  private readonly rt: Runtime;
  private readonly files: (Eventfd | PlainFile | null)[] = [...STANDARD];

  constructor(rt: Runtime) {
    this.rt = rt;
  }

  /** Gives the file the lowest free descriptor. An open eventfd holds a reference on what it stands for. */
  open(file: Eventfd | PlainFile): number {
    this.rt.touch(this, Access.WRITE);
    const free = this.files.indexOf(null);
    const fd = free < 0 ? this.files.length : free;
    this.files[fd] = file;
    if (file instanceof Eventfd) file.get();
    return fd;
  }

  /** -EBADF when it is not open. Who has got the eventfd in between keeps it. */
  close(fd: number): Errno {
    this.rt.touch(this, Access.WRITE);
    const file = this.files[fd] ?? null;
    if (file === null) return EBADF;
    this.files[fd] = null;
    if (file instanceof Eventfd) file.put();
    return OK;
  }

  /** With a reference for the caller (eventfd_ctx_fdget). -EBADF when it is not open, -EINVAL when it is something else. */
  getEventfd(fd: number): Eventfd | Errno {
    this.rt.touch(this, Access.READ);
    const file = this.files[fd] ?? null;
    if (file === null) return EBADF;
    if (!(file instanceof Eventfd)) return EINVAL;
    file.get();
    return file;
  }
}
