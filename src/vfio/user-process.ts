/**
 * A process as an ioctl sees its caller: its storage and its open files (current->mm, current->files).
 */
import type { Runtime } from '../runtime/runtime.ts';
import { FileTable } from './file-table.ts';
import { UserMemory } from './user-memory.ts';

export class UserProcess {
  readonly memory = new UserMemory();
  readonly files: FileTable;

  constructor(rt: Runtime) {
    this.files = new FileTable(rt);
  }
}

/** The third argument of an ioctl: an address in whoever calls. */
export interface UserArgument {
  readonly process: UserProcess;
  readonly address: number;
}
