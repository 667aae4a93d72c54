/**
 * One task in a dump: what it holds and since when, and apart from that what it waits for, since when, behind whom and at which place of
 * the queue (kernel: debug_show_all_locks, which lists a lock that is waited for among the held ones).
 */
import type { Blocker, Task } from '../runtime/task.ts';
import type { BlockedDetail, BlockedTask, HeldLock } from './finding.ts';
import { heldGuards, type Guard } from './guard.ts';
import type { LockClass } from './lock-class.ts';
import type { Lockdep } from './lockdep.ts';
import { EXCLUSIVE, modeName, WAIT } from './modes.ts';
import type { Place } from './place.ts';
import type { VainSeries } from './vain-attempts.ts';
import { blockerOf } from './wait-for.ts';

/** What is known about the wait of a task besides what the task itself shows. */
export interface WaitFacts {
  readonly since: number | null;
  /** Order of the beginnings of waits: who began first stands first where a lock keeps no queue. */
  readonly order: number;
  readonly series: VainSeries | null;
}

export interface DumpSource {
  readonly rt: { readonly tasks: Iterable<Task> };
  readonly dep: Lockdep | null;
  /** Do the statistics measure how long locks are held? */
  readonly timed: boolean;
  facts(task: Task): WaitFacts;
}

/** The tasks that must do something before this one can go on, or that were in the way of all its attempts. */
export function waitsBehind(task: Task, facts: WaitFacts): Task[] {
  const blocker = blockerOf(task);
  if (blocker === null) return facts.series === null ? [] : [...facts.series.blamed].filter((other) => !other.ended);
  const behind = new Set<Task>();
  blocker.blockers(task, (holder) => {
    behind.add(holder);
    return false;
  });
  return [...behind];
}

export function dumpTask(task: Task, source: DumpSource): BlockedTask {
  const facts = source.facts(task);
  const blocker = blockerOf(task);
  const held = heldLocks(task, source.timed);
  const state = blocker !== null ? 'blocked' : facts.series !== null ? 'retrying' : 'runs';
  const wanted: Blocker | null = blocker ?? facts.series?.what ?? null;
  const detail: BlockedDetail = {
    daemon: task.daemon,
    state,
    held,
    since: facts.series?.since ?? facts.since,
    place: blocker === null ? [] : placeOfWait(task, blocker, source.dep),
    ...(blocker === null ? { position: 0, waiters: 0 } : queuePosition(task, blocker, source)),
    attempts: facts.series?.count ?? 0,
  };
  return {
    task: task.name,
    pid: task.pid,
    holds: held.map(({ name }) => name),
    waitsFor: wanted?.name ?? 'nothing',
    behind: waitsBehind(task, facts).map(({ name }) => name),
    detail,
  };
}

function heldLocks(task: Task, timed: boolean): HeldLock[] {
  const held: HeldLock[] = [];
  for (const guard of heldGuards(task)) held.unshift(heldLock(guard, timed));
  return held;
}

function heldLock(guard: Guard, timed: boolean): HeldLock {
  // Only locks measure it; what merely stands for a wait does not.
  const { lock, mode, since, after } = guard;
  return { name: lock.name, mode: modeName(mode), since: timed && 'users' in lock ? since : null, place: after?.place ?? [] };
}

/** Where the validator saw this request for the first time: a wait captures no stack of its own. */
function placeOfWait(task: Task, blocker: Blocker, dep: Lockdep | null): Place {
  if (dep === null) return [];
  const { cls, map } = blocker as { cls?: LockClass; map?: { readonly cls: LockClass } };
  if (cls !== undefined) return dep.placeOf(task, cls, task.mode & 3);
  return map === undefined ? [] : dep.placeOf(task, map.cls, EXCLUSIVE | WAIT);
}

function queuePosition(task: Task, blocker: Blocker, source: DumpSource): { position: number; waiters: number } {
  const waiting = [...source.rt.tasks].filter((other) => blockerOf(other) === blocker);
  const asked = (blocker as { positionOf?(task: Task): number }).positionOf?.(task) ?? 0;
  const order = source.facts(task).order;
  const earlier = waiting.filter((other) => source.facts(other).order < order).length;
  return { position: asked > 0 ? asked : earlier + 1, waiters: waiting.length };
}

/** All tasks of the chain of waits that begins at `start`, each once, nearest first. */
export function waitChain(start: Task, source: DumpSource): Task[] {
  const chain = [start];
  for (let i = 0; i < chain.length; i++) {
    const task = chain[i]!;
    for (const next of waitsBehind(task, source.facts(task))) if (!chain.includes(next)) chain.push(next);
  }
  return chain;
}
