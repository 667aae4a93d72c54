/**
 * Lock programs: a list of lock operations of numbered tasks, judged in the order given (the shape of lib/locking-selftest.c cases).
 * Here are their types and what each operation does.
 */
import { EXCLUSIVE, RECURSIVE, SHARED, TRY, WAIT, type LockMode } from '../modes.ts';

export type OpAction = 'acquire' | 'touch' | 'sync' | 'release' | 'downgrade' | 'exit' | 'init';

interface OpMeaning {
  readonly action: OpAction;
  readonly mode: LockMode;
}

/** `touch` waits for a lock and gives it back at once; `sync` waits and never holds. */
export const OPS: Readonly<Record<string, OpMeaning>> = {
  lock: { action: 'acquire', mode: EXCLUSIVE },
  rlock: { action: 'acquire', mode: SHARED },
  rlockRecursive: { action: 'acquire', mode: RECURSIVE },
  trylock: { action: 'acquire', mode: EXCLUSIVE | TRY },
  tryrlock: { action: 'acquire', mode: SHARED | TRY },
  tryrlockRecursive: { action: 'acquire', mode: RECURSIVE | TRY },
  unlock: { action: 'release', mode: EXCLUSIVE },
  downgrade: { action: 'downgrade', mode: SHARED },
  syncWait: { action: 'sync', mode: EXCLUSIVE | WAIT },
  lockThenUnlock: { action: 'touch', mode: EXCLUSIVE | WAIT },
  taskExit: { action: 'exit', mode: EXCLUSIVE },
  init: { action: 'init', mode: EXCLUSIVE },
};

export interface LockOp extends OpMeaning {
  readonly op: string;
  readonly task: number;
  /** Instance; empty for the end of a task. */
  readonly lock: string;
  readonly cls: string;
  readonly subclass: number;
  /** Instance of the outer lock that serialises nesting within the class. */
  readonly nestLock: string | null;
}

export interface LockProgram {
  readonly name: string;
  readonly ops: readonly LockOp[];
}

/** Subclasses of a key (kernel: MAX_LOCKDEP_SUBCLASSES). */
export const SUBCLASSES = 8;

/** Lock classes of one program as small numbers: a name and a subclass make one class. */
export class ClassTable {
  private readonly ids = new Map<string, number[]>();
  private readonly shown: string[] = [];

  id(cls: string, subclass: number): number {
    let row = this.ids.get(cls);
    if (row === undefined) this.ids.set(cls, (row = []));
    return (row[subclass] ??= this.shown.push(subclass === 0 ? cls : `${cls}/${subclass}`) - 1);
  }

  /** Undefined when nobody has asked for this class yet. */
  known(cls: string, subclass: number): number | undefined {
    return this.ids.get(cls)?.[subclass];
  }

  name(id: number): string {
    return this.shown[id]!;
  }
}
