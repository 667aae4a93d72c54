/**
 * Shared state that names its guard (like checklocks annotations, but checked at run time and set by the locking design).
 * Any of the guards is enough to read, all of them are needed to write; a work item may rely on what its flusher holds.
 */
import type { Runtime, MaybePromise } from '../runtime/runtime.ts';
import type { Op, Task } from '../runtime/task.ts';
import type { Findings } from './finding.ts';
import { capturePlace } from './place.ts';
import { delegated } from './work-item.ts';

/** What can guard a field: mutex and rw semaphore are such locks. */
export interface FieldGuard {
  readonly name: string;
  heldBy(task: Task): boolean;
  heldExclusivelyBy(task: Task): boolean;
}

/** `unguarded`: the design leaves the field to visible reads and writes; otherwise the locks that guard it. */
export type GuardRule = readonly FieldGuard[] | 'unguarded';

export interface FieldHost {
  readonly rt: Runtime;
  readonly findings: Findings;
}

const READ = 0;
const WRITE = 1;

export class GuardedField<T> implements Op {
  private value: T;
  private readonly host: FieldHost;
  private readonly owner: { readonly name: string };
  private readonly label: string;
  private rule: GuardRule | null = null;

  /** `owner` is the object it belongs to: reports name the field `owner.label`. */
  constructor(host: FieldHost, owner: { readonly name: string }, field: { label: string; value: T }) {
    this.host = host;
    this.owner = owner;
    this.label = field.label;
    this.value = field.value;
  }

  get name(): string {
    return `${this.owner.name}.${this.label}`;
  }

  get opName(): string {
    return 'field';
  }

  /** Set once by the locking design, before the object is reachable. */
  guardedBy(rule: GuardRule): void {
    this.rule = rule;
  }

  get(task: Task): T {
    const { rule } = this;
    if (rule !== null && rule !== 'unguarded' && !this.readable(task, rule)) this.report(task, 'read', rule);
    return this.value;
  }

  set(task: Task, value: T): void {
    const { rule } = this;
    if (rule !== null && rule !== 'unguarded' && !this.writable(task, rule)) this.report(task, 'written', rule);
    this.value = value;
  }

  /** The value, to be changed in place: needs the guard as a write does. */
  modify(task: Task): T {
    this.set(task, this.value);
    return this.value;
  }

  /** A read without the guard, where the design has none: a visible operation of its own. */
  read(task: Task): MaybePromise<T> {
    return this.host.rt.point(task, this, READ) as MaybePromise<T>;
  }

  /** A write without the guard, likewise. */
  write(task: Task, value: T): MaybePromise<void> {
    return this.host.rt.point(task, this, WRITE, value) as MaybePromise<void>;
  }

  /** For checkers and dumps only: no task, no check. */
  inspect(): T {
    return this.value;
  }

  enabled(): boolean {
    return true;
  }

  perform(task: Task): unknown {
    if (task.mode === READ) return this.value;
    this.value = task.arg as T;
    return undefined;
  }

  private readable(task: Task, rule: readonly FieldGuard[]): boolean {
    return rule.some((guard) => guard.heldBy(task)) || delegated(task, (owner) => rule.some((guard) => guard.heldBy(owner)));
  }

  private writable(task: Task, rule: readonly FieldGuard[]): boolean {
    const holds = (owner: Task): boolean => rule.every((guard) => guard.heldExclusivelyBy(owner));
    return holds(task) || delegated(task, holds);
  }

  private report(task: Task, how: string, rule: readonly FieldGuard[]): void {
    const place = capturePlace();
    const guards = rule.map((guard) => guard.name).join(how === 'read' ? ' or ' : ' and ');
    this.host.findings.report({
      kind: 'data-race',
      key: `data-race:${this.label}:${how}:${place[0] ?? ''}`,
      title: `${this.name} is ${how} by ${task.name} without its guard (${guards})`,
      tasks: [task.name],
      time: this.host.rt.now(),
      place,
    });
  }
}
