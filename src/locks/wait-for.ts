/**
 * Actual deadlocks: the graph of who waits for whom right now, walked at the moment a task blocks. Linux finds these by a timer only.
 */
import type { Blocker, Op, Task } from '../runtime/task.ts';
import type { BlockedTask, Finding } from './finding.ts';
import { heldNames } from './guard.ts';
import type { LockClass } from './lock-class.ts';

/** What the task waits for and cannot have now; null when it can go on. */
export function blockerOf(task: Task): Blocker | null {
  if (task.blockedOn !== null) return task.blockedOn;
  const op = task.op as (Op & Partial<Blocker>) | null;
  if (op === null || op.blockers === undefined || task.firstEffect !== null || op.enabled(task)) return null;
  return op as Op & Blocker;
}

/** The tasks of a wait-for cycle through `start`, in order, or null. A timed wait ends by itself and closes no cycle. */
export function waitCycle(start: Task): Task[] | null {
  const blocker = blockerOf(start);
  // Most waits end at a holder that runs: look there before anything is allocated.
  if (blocker === null || !blocker.blockers(start, mayLead)) return null;
  const path: Task[] = [];
  const done = new Set<Task>();
  const visit = (task: Task): boolean => {
    if (task === start && path.length > 0) return true;
    if (done.has(task)) return false;
    done.add(task);
    const next = blockerOf(task);
    if (next === null || task.due !== Number.POSITIVE_INFINITY) return false;
    path.push(task);
    if (next.blockers(task, visit)) return true;
    path.pop();
    return false;
  };
  return visit(start) ? path : null;
}

const mayLead = (holder: Task): boolean => blockerOf(holder) !== null;

function describeBlocked(task: Task): BlockedTask {
  const blocker = blockerOf(task);
  const behind: string[] = [];
  blocker?.blockers(task, (holder) => {
    if (!behind.includes(holder.name)) behind.push(holder.name);
    return false;
  });
  const cls = blocker === null ? undefined : classOf(blocker);
  const waitsForClass = cls === undefined ? {} : { waitsForClass: cls.name };
  return { task: task.name, pid: task.pid, holds: heldNames(task), waitsFor: blocker?.name ?? 'nothing', ...waitsForClass, behind };
}

/** Of a lock its own, of a wait that of its map; the end of a task has none. */
function classOf(blocker: Blocker): LockClass | undefined {
  const { cls, map } = blocker as { cls?: LockClass; map?: { readonly cls: LockClass } };
  return cls ?? map?.cls;
}

export function deadlockFinding(cycle: readonly Task[], time: number): Finding {
  const blocked = cycle.map(describeBlocked);
  const names = cycle.map((task) => task.name);
  return {
    kind: 'deadlock',
    key: `deadlock:${names.toSorted().join(',')}:${blocked
      .map((b) => b.waitsFor)
      .toSorted()
      .join(',')}`,
    title: `deadlock of ${names.length} tasks: ${blocked.map((b) => `${b.task} waits for ${b.waitsFor}`).join(', ')}`,
    tasks: names,
    time,
    blocked,
  };
}

/** True when every foreground task is blocked behind tasks that cannot go on either: nobody is left who could end the run. */
export function nobodyCanGoOn(tasks: Iterable<Task>): boolean {
  const all = [...tasks];
  if (all.every((task) => task.daemon)) return false;
  const movable = new Set<Task>();
  for (let changed = true; changed;) {
    changed = false;
    for (const task of all) {
      if (movable.has(task)) continue;
      if (canMove(task, movable)) {
        movable.add(task);
        changed = true;
      }
    }
  }
  return all.every((task) => task.daemon || !movable.has(task));
}

function canMove(task: Task, movable: ReadonlySet<Task>): boolean {
  const blocker = blockerOf(task);
  if (blocker === null || task.due !== Number.POSITIVE_INFINITY) return true;
  let holders = 0;
  const stuck = blocker.blockers(task, (holder) => {
    holders++;
    return !movable.has(holder);
  });
  // A wait without a known holder may be ended from outside: by the hardware, or by a task that is free to do so.
  return holders === 0 || !stuck;
}
