/**
 * Stale writes: a task reads a field, sleeps, and writes what it made of the old value. If the field has changed meanwhile an update is
 * lost: certain, because only somebody else can have changed it while the task slept. If it has not, but nothing kept others away since
 * the read, another schedule may lose one: latent, reported on demand only. The kernel has no counterpart; lockdep is silent here.
 */
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { Findings } from './finding.ts';
import type { Lock } from './lock.ts';
import { capturePlace, type Place } from './place.ts';
import { sectionOf, stillInside, type Section } from './section.ts';
import { fieldPlace, memoryIfAny, memoryOf, ownersOf, type Guarded, type Versioned } from './task-memory.ts';

export interface StaleWriteOptions {
  /** Report writes that another schedule may make stale. Default false. */
  readonly latent?: boolean;
  /** Keep the place of each remembered read: a stack for each. Default false. */
  readonly places?: boolean;
}

export interface VersionedField extends Versioned, Guarded {
  readonly name: string;
  readonly label: string;
  version: number;
  /** Who changed it last. */
  changedBy: string;
  /** May holding this lock keep other writers away? */
  guardedWith(lock: Lock): boolean;
}

/** What is kept of a read when somebody asked for more than the certain findings. */
interface Read {
  readonly segment: number;
  readonly section: Section;
  readonly place: Place | null;
}

export class StaleWrites {
  private readonly rt: Runtime;
  private readonly findings: Findings;
  private readonly latent: boolean;
  private readonly places: boolean;
  private ids = 0;
  private segment = 0;
  private segmentEnds = false;

  constructor(rt: Runtime, findings: Findings, options: StaleWriteOptions) {
    this.rt = rt;
    this.findings = findings;
    this.latent = options.latent ?? false;
    this.places = options.places ?? false;
  }

  /** A number for a new field. */
  nextId(): number {
    return this.ids++;
  }

  noteRead(task: Task, field: VersionedField): void {
    const memory = memoryOf(task);
    const place = fieldPlace(field);
    memory.fields[place] = field;
    memory.versions[place] = field.version;
    if (this.latent || this.places) memory.details[place] = this.describe(task, field);
  }

  /** Before the field takes its new value, which is another one if it `changes`. A write ends what the read before it was good for. */
  noteWrite(task: Task, field: VersionedField, changes: boolean): void {
    const memory = memoryIfAny(task);
    const place = fieldPlace(field);
    if (memory !== null && memory.fields[place] === field) {
      memory.fields[place] = null;
      const read = memory.details[place] as Read | undefined;
      if (memory.versions[place] !== field.version) this.reportLost(task, field, read);
      else if (this.latent && read !== undefined && this.mayBeLost(task, field, read)) this.reportLatent(task, field, read);
    }
    if (changes) this.move(task, field);
  }

  /** The value is changed in place: that acts on what is there now, and is never stale. */
  noteChange(task: Task, field: VersionedField): void {
    const memory = memoryIfAny(task);
    const place = fieldPlace(field);
    if (memory !== null && memory.fields[place] === field) memory.fields[place] = null;
    this.move(task, field);
  }

  private move(task: Task, field: VersionedField): void {
    const before = field.version++;
    field.changedBy = task.name;
    if (task.work === null) return;
    for (const owner of ownersOf(task, field)) {
      const memory = memoryIfAny(owner);
      const place = fieldPlace(field);
      if (memory !== null && memory.fields[place] === field && memory.versions[place] === before) memory.versions[place] = field.version;
    }
  }

  private describe(task: Task, field: VersionedField): Read {
    return { segment: this.currentSegment(), section: sectionOf(task, field), place: this.places ? capturePlace() : null };
  }

  /** Code between two awaits is one segment: a microtask queued in it runs before whatever any task does after the next await. */
  private currentSegment(): number {
    if (!this.segmentEnds) {
      this.segmentEnds = true;
      queueMicrotask(() => {
        this.segmentEnds = false;
        this.segment++;
      });
    }
    return this.segment;
  }

  private mayBeLost(task: Task, field: VersionedField, read: Read): boolean {
    if (read.segment === this.segment) return false;
    // Work relies on what those hold who wait for it.
    if (task.work !== null && ownersOf(task, field).some((owner) => field.closedBy(owner))) return false;
    return !stillInside(read.section);
  }

  private reportLost(task: Task, field: VersionedField, read: Read | undefined): void {
    const title = `${task.name} writes ${field.name} from what it read before ${field.changedBy} changed it: that update is lost`;
    this.report('lost', { task, field, read, title });
  }

  private reportLatent(task: Task, field: VersionedField, read: Read): void {
    const title = `${task.name} writes ${field.name} from what it read before it slept, and nothing kept others from changing it: an update may be lost`;
    this.report('latent', { task, field, read, title });
  }

  private report(grade: string, what: { task: Task; field: VersionedField; read: Read | undefined; title: string }): void {
    const place = capturePlace();
    const readAt = what.read?.place?.[0];
    this.findings.report({
      kind: 'stale-write',
      key: `stale-write:${grade}:${what.field.label}:${place[0] ?? ''}`,
      title: what.title,
      tasks: [...new Set([what.task.name, ...(grade === 'lost' ? [what.field.changedBy] : [])])],
      time: this.rt.now(),
      place,
      ...(readAt === undefined ? {} : { notes: [`read at ${readAt}`] }),
    });
  }
}
