/**
 * Shared state that names its guard (like checklocks annotations, but checked at run time and set by the locking design).
 * Any of the guards is enough to read, all of them are needed to write; a work item may rely on what its flusher holds.
 * Each field counts its changes, by which writes from an old value and groups seen in mixed versions are found.
 */
import { Access } from '../runtime/access.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { Findings } from './finding.ts';
import type { InvariantGroup } from './invariant-group.ts';
import type { Lifetime } from './lifetime.ts';
import type { Lock } from './lock.ts';
import { capturePlace } from './place.ts';
import type { StaleWrites, VersionedField } from './stale-write.ts';
import { VisibleField } from './visible-field.ts';
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
  readonly stale: StaleWrites;
}

/** The object that a field belongs to. */
export interface FieldOwner {
  readonly name: string;
  readonly lifetime?: Lifetime;
}

export class GuardedField<T> extends VisibleField<T> implements VersionedField {
  readonly opName = 'field';
  readonly id: number;
  version = 0;
  changedBy = '';
  private readonly host: FieldHost;
  private readonly lifetime: Lifetime | null;
  private rule: GuardRule | null = null;
  private group: InvariantGroup | null = null;
  private bit = 0;

  constructor(host: FieldHost, owner: FieldOwner, field: { label: string; value: T }) {
    super(host.rt, owner, field);
    this.host = host;
    this.lifetime = owner.lifetime ?? null;
    this.id = host.stale.nextId();
  }

  /** Set once by the locking design, before the object is reachable. */
  guardedBy(rule: GuardRule): void {
    this.rule = rule;
  }

  /** Called once, by the group. */
  joinGroup(group: InvariantGroup, bit: number): void {
    if (this.group !== null) throw new Error(`${this.name} is in an invariant group already: expected one at most`);
    this.group = group;
    this.bit = bit;
  }

  get(task: Task): T {
    const { rule } = this;
    if (rule === null || rule === 'unguarded') this.rt.touch(this, Access.READ);
    else {
      this.rt.touch(this, Access.GUARDED_READ);
      if (!this.readable(task, rule)) this.report(task, 'read', rule);
    }
    return this.load(task);
  }

  set(task: Task, value: T): void {
    this.checkWrite(task);
    this.store(task, value);
  }

  /** The value, to be changed in place: needs the guard as a write does. */
  modify(task: Task): T {
    this.checkWrite(task);
    if (this.lifetime !== null) this.lifetime.use(task, 'changed', this.label);
    this.host.stale.noteChange(task, this);
    if (this.group !== null) this.group.noteWrite(task, this.bit, this);
    return this.value;
  }

  closedBy(task: Task): boolean {
    const { rule } = this;
    if (rule === null || rule === 'unguarded') return false;
    for (const guard of rule) if (!guard.heldExclusivelyBy(task)) return false;
    return true;
  }

  guardedWith(lock: Lock): boolean {
    const { rule } = this;
    return rule === null || rule === 'unguarded' || rule.includes(lock);
  }

  protected readOpenly(task: Task): T {
    return this.load(task);
  }

  protected writeOpenly(task: Task, value: T): void {
    this.store(task, value);
  }

  private load(task: Task): T {
    if (this.lifetime !== null) this.lifetime.use(task, 'read', this.label);
    this.host.stale.noteRead(task, this);
    if (this.group !== null) this.group.noteRead(task, this.bit, this);
    return this.value;
  }

  private store(task: Task, value: T): void {
    if (this.lifetime !== null) this.lifetime.use(task, 'written', this.label);
    // Writing what is there already makes nobody's knowledge old.
    const changes = !Object.is(this.value, value);
    this.host.stale.noteWrite(task, this, changes);
    if (changes && this.group !== null) this.group.noteWrite(task, this.bit, this);
    this.value = value;
  }

  private checkWrite(task: Task): void {
    const { rule } = this;
    if (rule === null || rule === 'unguarded') {
      this.rt.touch(this, Access.WRITE);
      return;
    }
    this.rt.touch(this, Access.GUARDED_WRITE);
    if (!this.writable(task)) this.report(task, 'written', rule);
  }

  private readable(task: Task, rule: readonly FieldGuard[]): boolean {
    for (const guard of rule) if (guard.heldBy(task)) return true;
    return task.work !== null && delegated(task, (owner) => rule.some((guard) => guard.heldBy(owner)));
  }

  private writable(task: Task): boolean {
    return this.closedBy(task) || (task.work !== null && delegated(task, (owner) => this.closedBy(owner)));
  }

  private report(task: Task, how: string, rule: readonly FieldGuard[]): void {
    const place = capturePlace();
    const guards = rule.map((guard) => guard.name).join(how === 'read' ? ' or ' : ' and ');
    this.host.findings.report({
      kind: 'data-race',
      key: `data-race:${this.label}:${how}:${place[0] ?? ''}`,
      title: `${this.name} is ${how} by ${task.name} without its guard (${guards})`,
      tasks: [task.name],
      time: this.rt.now(),
      place,
    });
  }
}
