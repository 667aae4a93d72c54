/**
 * Dependency graph over lock classes: an edge says that `to` was asked for while `from` was held (kernel/locking/lockdep.c).
 * A deadlock is possible exactly when a closed *strong* path exists: no step that only a write holder can stop ("R") is followed by a
 * step whose lock is merely shared ("S"). Search state is (class, arrived weakly), so a weak arrival never hides a strong one.
 */
import type { CycleEdge } from './finding.ts';
import type { LockClass } from './lock-class.ts';
import { excludesAll, modeName, stoppedByAny, type LockMode } from './modes.ts';
import type { Place } from './place.ts';

/** One lock of a held set. */
export interface HeldLock {
  readonly lock: string;
  readonly cls: string;
  readonly mode: LockMode;
  /** Class of the lock itself, without the subclass it was taken under. */
  readonly home: LockClass;
}

/** Who asked, when and where. */
export interface EdgeContext {
  readonly task: string;
  readonly pid: number;
  readonly time: number;
  readonly fromMode: LockMode;
  readonly toMode: LockMode;
  readonly fromPlace: Place;
  readonly toPlace: Place;
  /** Everything that was really held at that moment, outermost first. */
  readonly held: readonly HeldLock[];
  /** The lock that was asked for. */
  readonly asked: string;
  /** Its own class; null where only a class was named. */
  readonly askedHome: LockClass | null;
  /** `declared`: nobody did this, it was said to be the order. Otherwise the kind of interrupt that would ask for `to`. */
  readonly origin: 'observed' | 'declared' | 'hardirq' | 'softirq';
  /** Which of the executions that share the validator, counted from 1; 0 where it belongs to none. */
  readonly execution: number;
}

export interface Edge {
  readonly from: LockClass;
  readonly to: LockClass;
  /** First sighting of each kind. Index: 2 * (holder shares) + (requester stopped by writers only). */
  readonly kinds: (EdgeContext | undefined)[];
  /** Sightings with different held sets, oldest first, at most CONTEXTS_MAX: what a grade of a cycle is computed from. */
  readonly contexts: EdgeContext[];
}

/** A strong cycle: the steps with the sighting each stands for. */
export type Cycle = readonly { readonly edge: Edge; readonly context: EdgeContext }[];

interface Step {
  readonly edge: Edge;
  readonly kind: number;
  readonly previous: Step | null;
}

export const CONTEXTS_MAX = 8;

const kindOf = (fromMode: LockMode, toMode: LockMode): number => (excludesAll(fromMode) ? 0 : 2) + (stoppedByAny(toMode) ? 0 : 1);
const shares = (kind: number): boolean => kind >= 2;
const weak = (kind: number): boolean => (kind & 1) === 1;

export class DependencyGraph {
  private readonly out: Edge[][] = [];
  private readonly names = new Map<string, LockClass[]>();

  /** What a class is called in reports: classes of one name are told apart by a number, in the order in which they were learnt. */
  label(cls: LockClass): string {
    let same = this.names.get(cls.name);
    if (same === undefined) this.names.set(cls.name, (same = []));
    let at = same.indexOf(cls);
    if (at < 0) at = same.push(cls) - 1;
    return at === 0 ? cls.name : `${cls.name}#${at + 1}`;
  }

  /** Adds the dependency; answers its edge when this kind of it is new, null when it was known. */
  add(from: LockClass, to: LockClass, context: EdgeContext): Edge | null {
    const row = (this.out[from.id] ??= []);
    let edge = row.find((known) => known.to === to);
    if (edge === undefined) row.push((edge = { from, to, kinds: [], contexts: [] }));
    if (edge.contexts.length < CONTEXTS_MAX && !edge.contexts.some((other) => sameSets(other, context))) edge.contexts.push(context);
    const kind = kindOf(context.fromMode, context.toMode);
    const known = edge.kinds[kind];
    // What was seen says more than what was declared, and closes the same cycles.
    if (known === undefined || (known.origin === 'declared' && context.origin === 'observed')) edge.kinds[kind] = context;
    return known === undefined ? edge : null;
  }

  /** The shortest strong cycle through the kind of the edge that `context` stands for, starting with it, or null. */
  cycleThrough(edge: Edge, context: EdgeContext): Cycle | null {
    const first: Step = { edge, kind: kindOf(context.fromMode, context.toMode), previous: null };
    const seen = new Set<number>([edge.to.id * 2 + (weak(first.kind) ? 1 : 0)]);
    const queue: Step[] = [first];
    for (let i = 0; i < queue.length; i++) {
      const step = queue[i]!;
      for (const next of this.out[step.edge.to.id] ?? []) {
        for (let kind = 0; kind < 4; kind++) {
          if (next.kinds[kind] === undefined || (weak(step.kind) && shares(kind))) continue;
          const reached: Step = { edge: next, kind, previous: step };
          if (next.to === edge.from && !(weak(kind) && shares(first.kind))) return unroll(reached);
          const state = next.to.id * 2 + (weak(kind) ? 1 : 0);
          if (seen.has(state) || next.to === edge.from) continue;
          seen.add(state);
          queue.push(reached);
        }
      }
    }
    return null;
  }

  *edges(): IterableIterator<Edge> {
    for (const row of this.out) if (row !== undefined) yield* row;
  }

  /** As reports carry it. */
  cycleEdges(cycle: Cycle): CycleEdge[] {
    const seenIn = new Set(cycle.flatMap(({ context: { execution } }) => (execution === 0 ? [] : [execution])));
    return cycle.map(({ edge, context }) => ({
      from: this.label(edge.from),
      to: this.label(edge.to),
      fromMode: modeName(context.fromMode),
      toMode: modeName(context.toMode),
      task: context.task,
      pid: context.pid,
      time: context.time,
      fromPlace: context.fromPlace,
      toPlace: context.toPlace,
      held: context.held.map(({ lock }) => lock),
      ...(seenIn.size > 1 && context.execution !== 0 ? { execution: context.execution } : {}),
    }));
  }
}

function sameSets(a: EdgeContext, b: EdgeContext): boolean {
  if (a.asked !== b.asked || a.fromMode !== b.fromMode || a.toMode !== b.toMode || a.held.length !== b.held.length) return false;
  return a.held.every(({ lock, mode }, i) => lock === b.held[i]!.lock && mode === b.held[i]!.mode);
}

function unroll(last: Step): Cycle {
  const cycle: { edge: Edge; context: EdgeContext }[] = [];
  for (let step: Step | null = last; step !== null; step = step.previous)
    cycle.unshift({ edge: step.edge, context: step.edge.kinds[step.kind]! });
  return cycle;
}
