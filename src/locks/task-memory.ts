/**
 * What a task has in its hands of shared state: fields that it read and has not written since, with the version each had, and what it
 * has seen of invariant groups. Bounded: two fields, or groups, whose numbers fall together push each other out, which hides a finding and
 * never makes one up.
 *
 * The values live in local variables of the model's code, and those end with the system call, callback or instruction that read them:
 * `beginOperation` says where the next one begins.
 */
import type { Task } from '../runtime/task.ts';
import { WorkItem } from './work-item.ts';

/** Powers of two. Fields and groups of one object have consecutive numbers, so they have places of their own. */
const FIELDS = 32;
const GROUPS = 8;

/** Anything that counts its changes. */
export interface Versioned {
  readonly id: number;
  readonly version: number;
}

export interface Guarded {
  /** Does the task hold everything that keeps other writers away? */
  closedBy(task: Task): boolean;
}

export interface ObservedGroup extends Versioned {
  /** The task turns to something else: what it has seen is judged now. */
  close(task: Task, view: GroupView): void;
}

/** What one task knows of an invariant group. */
export interface GroupView {
  readonly group: ObservedGroup;
  version: number;
  /** Members read in this version, as bits. */
  current: number;
  /** Members read in an older one, and not again since the change was met; what is known of that meeting. */
  outdated: number;
  change: unknown;
}

export class TaskMemory {
  /** They grow to FIELDS: most tasks of an exploration are short. */
  readonly fields: (Versioned | null | undefined)[] = [];
  /** Meaningful where there is a field. */
  readonly versions: number[] = [];
  /** What else is kept of a read, in modes that ask for it. */
  readonly details: unknown[] = [];
  readonly groups: (GroupView | null)[] = new Array<GroupView | null>(GROUPS).fill(null);

  forget(task: Task): void {
    const { groups, details } = this;
    for (let i = 0; i < GROUPS; i++) {
      const view = groups[i]!;
      if (view === null) continue;
      view.group.close(task, view);
      groups[i] = null;
    }
    this.fields.fill(null);
    if (details.length > 0) details.length = 0;
  }
}

export const fieldPlace = (field: Versioned): number => field.id & (FIELDS - 1);
export const groupPlace = (group: Versioned): number => group.id & (GROUPS - 1);

export const memoryOf = (task: Task): TaskMemory => (task.seen ??= new TaskMemory()) as TaskMemory;

/** Null when the task has read nothing yet. */
export const memoryIfAny = (task: Task): TaskMemory | null => task.seen as TaskMemory | null;

/** A system call, a callback or an intercepted instruction begins: the task has nothing in its hands of what it read before. */
export function beginOperation(task: Task): void {
  memoryIfAny(task)?.forget(task);
}

/**
 * Tasks that know what this one does, because it is work that they wait for, or that they have queued under the guards which they still hold.
 * What it writes takes nobody by surprise who is one of them.
 */
export function ownersOf(task: Task, written: Guarded): readonly Task[] {
  if (!(task.work instanceof WorkItem)) return [];
  const { queuedBy, flushers } = task.work;
  return queuedBy === null || flushers.includes(queuedBy) || !written.closedBy(queuedBy) ? flushers : [...flushers, queuedBy];
}
