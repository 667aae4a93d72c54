/**
 * What fields of shared state have in common: a value that belongs to an object, and accesses in the open that are visible operations of
 * their own (kernel: READ_ONCE, WRITE_ONCE). How an access is judged is for the kinds of fields to say.
 */
import { Access, type AccessKind } from '../runtime/access.ts';
import type { MaybePromise, Runtime } from '../runtime/runtime.ts';
import type { Op, Task } from '../runtime/task.ts';

const READ = 0;
const WRITE = 1;

export abstract class VisibleField<T> implements Op {
  abstract readonly opName: string;
  readonly label: string;
  protected value: T;
  protected readonly rt: Runtime;
  private readonly belongsTo: { readonly name: string };

  /** Reports name the field `owner.label`. */
  constructor(rt: Runtime, owner: { readonly name: string }, field: { label: string; value: T }) {
    this.rt = rt;
    this.belongsTo = owner;
    this.label = field.label;
    this.value = field.value;
  }

  get name(): string {
    return `${this.belongsTo.name}.${this.label}`;
  }

  /** What an access in the open does. */
  protected abstract readOpenly(task: Task): T;
  protected abstract writeOpenly(task: Task, value: T): void;

  /** A read that is a visible operation of its own. */
  read(task: Task): MaybePromise<T> {
    return this.rt.point(task, this, READ) as MaybePromise<T>;
  }

  /** A write, likewise. */
  write(task: Task, value: T): MaybePromise<void> {
    return this.rt.point(task, this, WRITE, value) as MaybePromise<void>;
  }

  /** For checkers and dumps only: no task, no check. */
  inspect(): T {
    this.rt.touch(this, Access.READ);
    return this.value;
  }

  enabled(): boolean {
    return true;
  }

  perform(task: Task): unknown {
    if (task.mode === READ) return this.readOpenly(task);
    this.writeOpenly(task, task.arg as T);
    return undefined;
  }

  verb(task: Task): string {
    return task.mode === READ ? 'read' : 'write';
  }

  access(task: Task): AccessKind {
    return task.mode === READ ? Access.READ : Access.WRITE;
  }
}
