/**
 * Names of the processes that ask, for tasks and lock dumps (kernel: current->comm). A name is read anew for each request, because a shell
 * becomes mdevctl by exec; the open file of /proc belongs to one process and not to its number, so that a reused pid is never confused.
 */
import { closeSync, openSync, readSync } from 'node:fs';

/** Open files of /proc, the one used longest ago is closed first. */
const OPEN_MAX = 64;
/** TASK_COMM_LEN, with room. */
const COMM_MAX = 64;
const UNKNOWN = '?';

/** A process chooses its name itself: what a terminal would obey must not get into a report. */
const printable = (name: string): string => name.replace(/[^\x20-\x7e]/g, '?');

export class Callers {
  private readonly open = new Map<number, number>();
  private readonly buffer = Buffer.alloc(COMM_MAX);

  /** `?` for a process that is gone, or that a pid namespace hides. */
  comm(pid: number): string {
    if (pid === 0) return UNKNOWN;
    const known = this.open.get(pid);
    if (known !== undefined) {
      this.open.delete(pid);
      const name = this.read(known);
      if (name !== null) {
        this.open.set(pid, known);
        return name;
      }
      closeSync(known);
    }
    return this.first(pid);
  }

  close(): void {
    for (const file of this.open.values()) closeSync(file);
    this.open.clear();
  }

  private first(pid: number): string {
    let file: number;
    try {
      file = openSync(`/proc/${pid}/comm`, 'r');
    } catch {
      return UNKNOWN;
    }
    const name = this.read(file);
    if (name === null) {
      closeSync(file);
      return UNKNOWN;
    }
    if (this.open.size >= OPEN_MAX) this.closeOldest();
    this.open.set(pid, file);
    return name;
  }

  private closeOldest(): void {
    for (const [pid, file] of this.open) {
      closeSync(file);
      this.open.delete(pid);
      return;
    }
  }

  /** Null when the process has ended. */
  private read(file: number): string | null {
    try {
      const length = readSync(file, this.buffer, 0, COMM_MAX, 0);
      return length === 0 ? null : printable(this.buffer.toString('latin1', 0, length).replace(/\n$/, ''));
    } catch {
      return null;
    }
  }
}
