/**
 * Waiting for the end of another task in the controlled runtime: the operation of `join` (kernel: kthread_stop, wait_for_completion).
 */
import { Access, type AccessKind } from './access.ts';
import type { Blocker, Op, Task } from './task.ts';

/** Is told when a task waits here. */
interface JoinRuntime {
  joinBlocked(task: Task): void;
}

export class Join implements Op, Blocker {
  readonly opName = 'join';
  readonly name: string;
  private readonly other: Task;
  private readonly rt: JoinRuntime;

  constructor(other: Task, rt: JoinRuntime) {
    this.other = other;
    this.rt = rt;
    this.name = `end of ${other.name}`;
  }

  enabled(): boolean {
    // Its last releases are part of what it did: who joins it must find them done.
    return this.other.ended && this.other.firstEffect === null;
  }

  perform(): unknown {
    return undefined;
  }

  touches(): object {
    return this.other;
  }

  access(): AccessKind {
    return Access.READ;
  }

  blocked(task: Task): void {
    this.rt.joinBlocked(task);
  }

  blockers(_task: Task, visit: (holder: Task) => boolean): boolean {
    return visit(this.other);
  }
}
